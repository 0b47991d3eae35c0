import { shown } from './shown.ts';
import { badInput, hostFailure, UserError } from './userError.ts';

/**
 * What the host can refuse: files that cannot be opened are bad input, because the user named them; reading and
 * writing that fails later is a failure of the host. `host/` turns the system's error codes into these.
 */

export const fileMissing = (file: string): UserError =>
  badInput('file-missing', `There is no file ${file}; check its name (relative paths start at the current directory).`);

export const folderMissing = (file: string): UserError =>
  badInput('folder-missing', `${file} cannot be created because its folder does not exist; create the folder first.`);

export const fileExists = (file: string): UserError =>
  badInput('file-exists', `${file} exists already; choose another name, or allow overwriting it.`);

export const fileNotPermitted = (file: string, access: 'read' | 'write'): UserError =>
  badInput(
    'file-not-permitted',
    `${file} cannot be opened to ${access}: permission denied; change its permissions, or use another file.`,
  );

export const brokenLink = (file: string): UserError =>
  badInput(
    'file-broken-link',
    `${file} is a link to a file that is not there; delete the link, or choose another name.`,
  );

export const fileReadOnlyPlace = (file: string): UserError =>
  badInput(
    'file-read-only-place',
    `${file} cannot be written because its file system is read-only; use another place.`,
  );

type Irregular = 'a folder' | 'a device or pipe' | 'a pipe that nothing writes to';

export const notAFile = (file: string, found: Irregular): UserError =>
  badInput('file-not-one', `${file} is ${found}; give a regular file.`);

export const notAFolder = (folder: string, file: string): UserError =>
  badInput('not-a-folder', `${file} cannot be made, because ${folder} is a file: name another place for it.`);

export const badFileName = (file: string): UserError =>
  badInput('file-bad-name', `${shown(file)} is not a path that this system accepts; give another one.`);

export const fileInUse = (file: string): UserError =>
  badInput('file-in-use', `${file} is in use by another program; close it there, or use another file.`);

/** Of a pipe only the bound is known: it was read up to there. */
export const fileTooLarge = (file: { name: string; lengthBytes?: number; maxBytes: number }): UserError =>
  badInput(
    'file-too-large',
    `${file.name} is too large here: it has ${file.lengthBytes ?? 'more'} bytes, and ${file.maxBytes} are the most; ` +
      `give another file.`,
  );

export const interrupted = (file: string): UserError =>
  new UserError('interrupted', 'interrupted', `Interrupted while using ${file}; run the command again.`);

export const tooManyFilesOpen = (file: string): UserError =>
  hostFailure(
    'host-too-many-files',
    `${file} cannot be opened because the system has too many files open; close some programs and try again.`,
  );

export const diskFull = (file: string): UserError =>
  hostFailure(
    'host-disk-full',
    `Writing ${file} failed because its disk (or your quota on it) is full; free some space, or use another place.`,
  );

export const ioFailed = (failed: { doing: string; file: string; why: string }): UserError =>
  hostFailure(
    'host-io-failed',
    `${failed.doing} ${failed.file} failed (${failed.why}); check the disk it is on, then try again.`,
  );

// --- locks -------------------------------------------------------------------------------------------------------

export const fileInSession = (found: {
  file: string;
  pid: number;
  /** Such as `recording a.rr`; empty when it is not known. */
  doing: string;
  /** Null for a process of this host, which is known to run. */
  otherHost: { name: string; lock: string } | null;
}): UserError => {
  const { file, pid, doing, otherHost } = found;
  const who = `process ${pid}${otherHost ? ` on host ${otherHost.name}` : ''}${doing && ` (${doing})`}`;
  const wayOut = otherHost ? `end that session, or delete ${otherHost.lock} if it is gone` : 'end that session first';
  return badInput('overlay-in-use', `${file} is in use by ${who}; ${wayOut}.`);
};

export const imageInQemu = (found: { file: string; pid: number | undefined; use: 'writes' | 'reads' }): UserError =>
  badInput(
    'image-in-qemu',
    `${found.file} is open${found.use === 'writes' ? ' for writing' : ''} in QEMU` +
      `${found.pid === undefined ? '' : ` (process ${found.pid})`}; end QEMU first, or use a copy of the image.`,
  );

export const overlayLockUnclear = (found: { overlay: string; lock: string }): UserError =>
  badInput(
    'overlay-lock-unclear',
    `${found.overlay} may be in use: its lock file ${found.lock} cannot be understood; ` +
      `make sure that no session uses the file, then delete the lock file.`,
  );
