import {
  badFileName,
  diskFull,
  fileExists,
  fileInUse,
  fileMissing,
  fileNotPermitted,
  fileReadOnlyPlace,
  folderMissing,
  ioFailed,
  notAFile,
  tooManyFilesOpen,
} from '../messages/host.ts';
import { UserError } from '../messages/userError.ts';

export interface OpenContext {
  /** The file name that the user gave. */
  name: string;
  access: 'read' | 'write';
  /** Whether the call would have created the file. */
  creating: boolean;
}

/**
 * Converts system error codes to the engine's messages. `openFailure` and `useFailure` are separate, because a failure
 * to open a file usually means that the name is wrong, whereas a later failure means that the host has a problem.
 */
export function openFailure(error: unknown, { name, access, creating }: OpenContext): UserError {
  switch (codeOf(error)) {
    case 'ENOENT':
    case 'ENOTDIR':
      return creating ? folderMissing(name) : fileMissing(name);
    case 'EEXIST':
      return fileExists(name);
    case 'EACCES':
    case 'EPERM':
      return fileNotPermitted(name, access);
    case 'EROFS':
      return fileReadOnlyPlace(name);
    case 'EISDIR':
      return notAFile(name, 'folder');
    case 'ENXIO':
    case 'ENODEV':
      return notAFile(name, 'device');
    case 'ENAMETOOLONG':
    case 'ELOOP':
    case 'EINVAL':
    case 'ERR_INVALID_ARG_VALUE': // a NUL in the name
      return badFileName(name);
    case 'EBUSY':
    case 'EAGAIN': // another process has a lease on it
    case 'ETXTBSY':
      return fileInUse(name);
    case 'EMFILE':
    case 'ENFILE':
      return tooManyFilesOpen(name);
    default:
      return useFailure(error, 'Opening', name);
  }
}

/** `doing` is the word with which the message starts, such as `Reading` or `Writing`. */
export function useFailure(error: unknown, doing: string, name: string): UserError {
  if (error instanceof UserError) return error;
  switch (codeOf(error)) {
    case 'ENOSPC':
    case 'EDQUOT':
      return diskFull(name);
    default:
      return ioFailed({ doing, file: name, why: reasonOf(error) });
  }
}

export function codeOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null | undefined)?.code;
  return typeof code === 'string' ? code : undefined;
}

/** Node's message without the call or the path: `EIO: i/o error`. */
function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.replace(/, \w+( '.*)?$/, '');
}
