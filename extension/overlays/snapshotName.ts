import { snapshotNameEmpty, snapshotNameReserved, snapshotNameTaken, snapshotNameTooLong } from '../messages.ts';

/** qcow2 keeps a name's length in 16 bits and tools show 255 bytes of it. */
const NAME_BYTES_MAX = 255;

/** Undefined when the name is good. */
export function problemOfName(name: string, taken: readonly string[]): string | undefined {
  if (name.trim() === '') return snapshotNameEmpty();
  if (name.startsWith('auto-')) return snapshotNameReserved();
  // eslint-disable-next-line no-control-regex
  if (/[\x00-\x1f\x7f]/.test(name) || new TextEncoder().encode(name).length > NAME_BYTES_MAX)
    return snapshotNameTooLong();
  return taken.includes(name) ? snapshotNameTaken(name) : undefined;
}

/** `before-crash`, `before-crash-2`... nothing taken is proposed. */
export function freeName(base: string, taken: readonly string[]): string {
  if (!taken.includes(base)) return base;
  let number = 2;
  while (taken.includes(`${base}-${number}`)) number++;
  return `${base}-${number}`;
}
