import type { State, StateValue } from '../../base/state.ts';

/**
 * What a semihosting guest has open, by handle: the lowest one that is free, from 1 on, as in QEMU. A file of the host is
 * known by its name; where the guest is in it is the machine's state.
 */
export type OpenFile =
  /** `:tt`, for input and output. */
  | { kind: 'console' }
  /** `:semihosting-features`. */
  | { kind: 'features'; offset: number; lengthBytes: number }
  | { kind: 'file'; name: string; offset: number; lengthBytes: number };

export class OpenFiles {
  private files: (OpenFile | undefined)[] = [];

  /** The new handle; undefined when there are too many. */
  add(file: OpenFile): number | undefined {
    const free = this.files.indexOf(undefined);
    const index = free < 0 ? this.files.length : free;
    if (index >= OPEN_FILES_MAX) return undefined;
    this.files[index] = file;
    return index + 1;
  }

  get(handle: bigint): OpenFile | undefined {
    // QEMU looks at the lower 32 bits.
    return this.files[Number(BigInt.asIntN(32, handle)) - 1];
  }

  /** False when nothing was open there. */
  close(handle: bigint): boolean {
    if (!this.get(handle)) return false;
    this.files[Number(BigInt.asIntN(32, handle)) - 1] = undefined;
    while (this.files.length > 0 && this.files.at(-1) === undefined) this.files.pop();
    return true;
  }

  saveState(): StateValue[] {
    return this.files.map((file): State => (file ? { ...file } : { kind: 'closed' }));
  }

  loadState(state: StateValue[]): void {
    this.files = (state as State[]).map((file) => (file.kind === 'closed' ? undefined : ({ ...file } as OpenFile)));
  }
}

/** They are part of every snapshot, with their names. */
const OPEN_FILES_MAX = 256;

/** Error numbers as Linux and the C libraries of embedded guests have them alike. */
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
