const MIB = 1 << 20;
/**
 * The limits on a machine, its drives and its snapshots. The same limits apply to the command line, to launch.json, and
 * to files from untrusted sources.
 */
export const MEMORY_MIB = { min: 16, max: 2048, default: 128 } as const;
export const MEMORY_BYTES_MAX = MEMORY_MIB.max * MIB;
export const MEMORY_BYTES_DEFAULT = MEMORY_MIB.default * MIB;
export const HARTS_MAX = 8;
/** QEMU's virt machine has eight virtio-mmio slots. */
export const VIRTIO_SLOTS = 8;
export const DRIVES_MAX = VIRTIO_SLOTS;
/** The number of files is limited because all files are held in memory and stored in the recording. */
export const LOAD_FILES_MAX = 32;
/** qcow2 stores the length of a snapshot name in 16 bits, but QEMU's tools accept at most 255 bytes. */
export const SNAPSHOT_NAME_BYTES_MAX = 255;
/** The maximum length of a path on Windows. Other systems have lower limits. */
const PATH_LENGTH_MAX = 32_767;
/** The maximum length of a kernel command line, which is thirty times Linux's own limit. */
export const APPEND_LENGTH_MAX = 64 << 10;

export const isMemorySize = (bytes: number): boolean =>
  bytes % MIB === 0 && bytes >= MEMORY_MIB.min * MIB && bytes <= MEMORY_BYTES_MAX;

export const isHartCount = (count: number): boolean => Number.isInteger(count) && count >= 1 && count <= HARTS_MAX;

export const isSlot = (slot: number): boolean => Number.isInteger(slot) && slot >= 0 && slot < VIRTIO_SLOTS;

/** Whether this is a valid drive id. The id becomes part of file names, digests and messages. */
export const isDriveId = (id: string): boolean => /^[A-Za-z][A-Za-z0-9._-]{0,31}$/.test(id);

/**
 * Whether the user can give a snapshot this name: qcow2 and QEMU's tools must accept it, and it must differ from the
 * names of automatic snapshots.
 */
export const isUserSnapshotName = (name: string): boolean =>
  name !== '' &&
  new TextEncoder().encode(name).length <= SNAPSHOT_NAME_BYTES_MAX &&
  // eslint-disable-next-line no-control-regex
  !/[\x00-\x1f\x7f]/.test(name) &&
  !name.startsWith('auto-');

/** Whether this is a valid value of `/chosen/rng-seed`: 32 bytes, as in QEMU, as hexadecimal digits. */
export const isRngSeed = (digits: string): boolean => /^[0-9a-fA-F]{64}$/.test(digits);

/** Whether this is a valid kernel command line. A NUL would end it, so it must not contain one. */
export const isAppend = (text: string): boolean => text.length <= APPEND_LENGTH_MAX && !text.includes('\0');

/** Whether this file name is valid on at least one operating system. */
export const isFileName = (name: string): boolean =>
  name !== '' && name.length <= PATH_LENGTH_MAX && !name.includes('\0');
