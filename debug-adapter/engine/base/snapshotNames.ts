/** The rules for snapshot names. */

/**
 * qcow2 stores the length of a name in 16 bits. QEMU truncates names after 255 bytes, so longer names that are
 * different in blkreplay could be identical in QEMU.
 */
export const SNAPSHOT_NAME_BYTES_MAX = 255;

/** The name of a recording's first snapshot, unless the user chooses another one. */
export const FIRST_SNAPSHOT_DEFAULT = 'replay_init';

/** Only automatic snapshots have names with this prefix. */
export const AUTOMATIC_PREFIX = 'auto-';

/** Whether a qcow2 image can store a snapshot with this name and QEMU's tools can display the name. */
export function isStorableSnapshotName(name: string): boolean {
  const lengthBytes = new TextEncoder().encode(name).length;
  // eslint-disable-next-line no-control-regex
  return lengthBytes > 0 && lengthBytes <= SNAPSHOT_NAME_BYTES_MAX && !/[\x00-\x1f\x7f]/.test(name);
}

/** Whether the user can select a snapshot with this name. */
export const isUserSnapshotName = (name: string): boolean =>
  isStorableSnapshotName(name) && !name.startsWith(AUTOMATIC_PREFIX);

/** Why the user cannot give a new snapshot this name. Undefined if the name is valid. */
export function newSnapshotNameProblem(name: string): 'unusable' | 'automatic' | undefined {
  // Terminals also interpret the control characters above 0x7f. An unpaired surrogate has no UTF-8 encoding.
  if (!isStorableSnapshotName(name) || /[\u0080-\u009f]|\p{Surrogate}/u.test(name)) return 'unusable';
  return name.startsWith(AUTOMATIC_PREFIX) ? 'automatic' : undefined;
}
