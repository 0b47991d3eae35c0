import { shown } from './shown.ts';
import { badInput, hostFailure, interruption, type UserError } from './userError.ts';

/**
 * Messages about the host. A file that cannot be opened counts as bad input, because the user specified the file. A
 * read or write that fails later counts as a host failure. `host/` maps the system's error codes to these messages.
 */

export const fileMissing = (file: string): UserError =>
  badInput('file-missing', { file }, `${file} does not exist.`, {
    cli: 'Check the name; relative paths are resolved against the current folder.',
    editor: 'Check the name; relative paths are resolved against "cwd".',
  });

export const folderMissing = (file: string): UserError =>
  badInput(
    'folder-missing',
    { file },
    `${file} cannot be created: its folder does not exist.`,
    'Create the folder first.',
  );

export const fileExists = (file: string): UserError =>
  badInput('file-exists', { file }, `${file} already exists.`, {
    cli: 'Choose another name, or pass --overwrite.',
    editor: 'Choose another name, or set "overwrite" to "always".',
  });

export const fileNotPermitted = (file: string, access: 'read' | 'write'): UserError =>
  badInput(
    'file-not-permitted',
    { file, access },
    `${file} cannot be opened for ${access === 'read' ? 'reading' : 'writing'}: permission denied.`,
    'Change its permissions, or use another file.',
  );

export const brokenLink = (file: string): UserError =>
  badInput(
    'file-broken-link',
    { file },
    `${file} is a link to a file that does not exist.`,
    'Delete the link, or choose another name.',
  );

export const fileReadOnlyPlace = (file: string): UserError =>
  badInput(
    'file-read-only-place',
    { file },
    `${file} cannot be written: its file system is read-only.`,
    'Use another folder.',
  );

const IRREGULAR = {
  folder: 'a folder',
  device: 'a device or pipe',
  silentPipe: 'a pipe that nothing writes to',
};

export const notAFile = (file: string, found: keyof typeof IRREGULAR): UserError =>
  badInput('file-not-one', { file, found }, `${file} is ${IRREGULAR[found]}.`, 'Use a regular file.');

export const notAFolder = (folder: string, file: string): UserError =>
  badInput(
    'not-a-folder',
    { folder, file },
    `${file} cannot be created: ${folder} is a file, not a folder.`,
    'Choose another folder.',
  );

export const badFileName = (file: string): UserError =>
  badInput('file-bad-name', { file }, `The path ${shown(file)} is not valid on this system.`, 'Use another path.');

export const fileInUse = (file: string): UserError =>
  badInput(
    'file-in-use',
    { file },
    `${file} is in use by another program.`,
    'Close that program, or use another file.',
  );

/** `lengthBytes` is undefined for a pipe, which is read only up to the limit. */
export const fileTooLarge = ({
  name,
  lengthBytes,
  maxBytes,
}: {
  name: string;
  lengthBytes?: number;
  maxBytes: number;
}) =>
  badInput(
    'file-too-large',
    { name, lengthBytes, maxBytes },
    lengthBytes === undefined
      ? `${name} is too large: more than ${maxBytes} bytes.`
      : `${name} is too large: ${lengthBytes} bytes; the maximum is ${maxBytes}.`,
    'Use another file.',
  );

export const interrupted = (file: string): UserError =>
  interruption('interrupted', { file }, `Interrupted while using ${file}.`, {
    cli: 'Run the command again.',
    editor: 'Start the session again.',
  });

export const tooManyFilesOpen = (file: string): UserError =>
  hostFailure(
    'host-too-many-files',
    { file },
    `${file} cannot be opened: the system has too many open files.`,
    'Close some programs, then try again.',
  );

export const diskFull = (file: string): UserError =>
  hostFailure(
    'host-disk-full',
    { file },
    `Writing ${file} failed: the disk is full, or your quota is exceeded.`,
    'Free some space, or use another disk.',
  );

export const ioFailed = (failed: { doing: string; file: string; why: string }): UserError =>
  hostFailure(
    'host-io-failed',
    failed,
    `${failed.doing} ${failed.file} failed: ${failed.why}.`,
    'Check the disk, then try again.',
  );

/** Why a write failed although the system reported no error. */
export const nothingWritten = () => 'no bytes were written';

/** The names of streams, which have no path. */
export const streamNames = {
  consoleOnStdout: () => 'the console on stdout',
  consoleOnStderr: () => 'the console on stderr',
  messagesOnStderr: () => 'the messages on stderr',
};

// --- locks -------------------------------------------------------------------------------------------------------

export const fileInSession = (found: {
  file: string;
  pid: number;
  /** What the process is doing, for example `recording a.rr`; empty if this is unknown. */
  doing: string;
  /** Null if the process is on this host; it is then known to be running. */
  otherHost: { name: string; lock: string } | null;
}): UserError => {
  const { file, pid, doing, otherHost } = found;
  const who = `process ${pid}${otherHost ? ` on host ${otherHost.name}` : ''}${doing && ` (${doing})`}`;
  return badInput(
    'overlay-in-use',
    { file, pid, doing, host: otherHost?.name, lock: otherHost?.lock },
    `${file} is in use by ${who}.`,
    otherHost ? `End that session. If it is no longer running, delete ${otherHost.lock}.` : 'End that session first.',
  );
};

export const imageInQemu = ({ file, pid, use }: { file: string; pid: number | undefined; use: 'writes' | 'reads' }) =>
  badInput(
    'image-in-qemu',
    { file, pid, use },
    `${file} is open${use === 'writes' ? ' for writing' : ''} in QEMU${pid === undefined ? '' : ` (process ${pid})`}.`,
    'Quit QEMU first, or use a copy of the image.',
  );

export const overlayLockUnclear = ({ overlay, lock }: { overlay: string; lock: string }): UserError =>
  badInput(
    'overlay-lock-unclear',
    { overlay, lock },
    `${overlay} may be in use: its lock file ${lock} cannot be read.`,
    'Check that no session is using the file, then delete the lock file.',
  );
