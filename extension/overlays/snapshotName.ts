import {
  snapshotNameEmpty,
  snapshotNameReserved,
  snapshotNameTaken,
  snapshotNameTooLong,
} from '../../debug-adapter/messages/extension.ts';

/** qcow2 stores the length of a name in 16 bits, but tools show only 255 bytes. */
const NAME_BYTES_MAX = 255;

/** The problem with a name; undefined if the name is valid. */
export function validateSnapshotName(name: string, taken: readonly string[]): string | undefined {
  if (name.trim() === '') return snapshotNameEmpty();
  if (name.startsWith('auto-')) return snapshotNameReserved();
  // eslint-disable-next-line no-control-regex
  if (/[\x00-\x1f\x7f]/.test(name) || new TextEncoder().encode(name).length > NAME_BYTES_MAX)
    return snapshotNameTooLong();
  return taken.includes(name) ? snapshotNameTaken(name) : undefined;
}

/** Proposes a name that is not taken: `before-crash`, `before-crash-2` and so on. */
export function unusedName(base: string, taken: readonly string[]): string {
  if (!taken.includes(base)) return base;
  let number = 2;
  while (taken.includes(`${base}-${number}`)) number++;
  return `${base}-${number}`;
}
