import { list, type Loaded, number, record, text, variants } from '../../base/stateCodec.ts';

const SAVED_FILE = variants({
  closed: record({}),
  /** The console, `:tt`, for input and output. */
  console: record({}),
  /** The special file `:semihosting-features`. */
  features: record({ offset: number, lengthBytes: number }),
  file: record({ name: text, offset: number, lengthBytes: number }),
});

export const OPEN_FILES_STATE = list(SAVED_FILE);

type SavedFile = Loaded<typeof SAVED_FILE>;

/** A file opened by a guest through semihosting. */
export type OpenFile = Exclude<SavedFile, { kind: 'closed' }>;

/**
 * The files that a guest has opened through semihosting, by handle. A new file gets the lowest free handle, starting at
 * 1, as in QEMU. A host file is identified by its name; the guest's offset in the file is machine state.
 */
export class OpenFiles {
  private files: (OpenFile | undefined)[] = [];

  /** Adds a file and returns its handle; undefined if too many files are open. */
  add(file: OpenFile): number | undefined {
    const free = this.files.indexOf(undefined);
    const index = free < 0 ? this.files.length : free;
    if (index >= OPEN_FILES_MAX) return undefined;
    this.files[index] = file;
    return index + 1;
  }

  get(handle: bigint): OpenFile | undefined {
    // As in QEMU, only the lower 32 bits of the handle are used.
    return this.files[Number(BigInt.asIntN(32, handle)) - 1];
  }

  /** Closes a file. Returns false if the handle is not open. */
  close(handle: bigint): boolean {
    if (!this.get(handle)) return false;
    this.files[Number(BigInt.asIntN(32, handle)) - 1] = undefined;
    while (this.files.length > 0 && this.files.at(-1) === undefined) this.files.pop();
    return true;
  }

  /** The saved state, with one entry for each handle, in order. */
  get state(): SavedFile[] {
    return this.files.map((file) => file ?? { kind: 'closed' });
  }

  set state(saved: readonly SavedFile[]) {
    this.files = saved.map((file) => (file.kind === 'closed' ? undefined : file));
  }
}

/**
 * The maximum number of open files. It limits the size of a snapshot, which contains the open files and their names.
 */
const OPEN_FILES_MAX = 256;

/** Error numbers that are the same in Linux and in the C libraries used by embedded guests. */
export const ERRNO = {
  EPERM: 1,
  ENOENT: 2,
  E2BIG: 7,
  EBADF: 9,
  EACCES: 13,
  EFAULT: 14,
  EINVAL: 22,
  EMFILE: 24,
  ENOTTY: 25,
  ESPIPE: 29,
  EROFS: 30,
} as const;
