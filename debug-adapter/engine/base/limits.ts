const MIB = 1 << 20;
/**
 * The limits of a machine, its drives and its snapshots, which are the same on the command line, in launch.json and
 * in files from untrusted sources.
 */
export const MEMORY_MIB = { min: 16, max: 2048 } as const;
export const HARTS_MAX = 8;
/** QEMU's virt machine has eight virtio-mmio slots. */
export const DRIVES_MAX = 8;
/** Generous: all files are held in memory and stored in the recording. */
export const LOAD_FILES_MAX = 32;
/** qcow2 stores the length of a name in 16 bits; QEMU's tools accept up to 255 bytes. */
export const SNAPSHOT_NAME_BYTES_MAX = 255;
/** The limit of Windows; other systems have lower ones. */
const PATH_LENGTH_MAX = 32_767;
/** Thirty times the limit of Linux. */
export const APPEND_LENGTH_MAX = 64 << 10;

export const isMemorySize = (bytes: number): boolean =>
  bytes % MIB === 0 && bytes >= MEMORY_MIB.min * MIB && bytes <= MEMORY_MIB.max * MIB;

export const isHartCount = (count: number): boolean => Number.isInteger(count) && count >= 1 && count <= HARTS_MAX;

export const isSlot = (slot: number): boolean => Number.isInteger(slot) && slot >= 0 && slot < DRIVES_MAX;

/** An id becomes part of file names, digests and messages. */
export const isDriveId = (id: string): boolean => /^[A-Za-z][A-Za-z0-9._-]{0,31}$/.test(id);

/** A snapshot name of the user: accepted by qcow2 and QEMU's tools, and distinct from automatic names. */
export const isUserSnapshotName = (name: string): boolean =>
  name !== '' &&
  new TextEncoder().encode(name).length <= SNAPSHOT_NAME_BYTES_MAX &&
  // eslint-disable-next-line no-control-regex
  !/[\x00-\x1f\x7f]/.test(name) &&
  !name.startsWith('auto-');

/** A fixed `/chosen/rng-seed`: 32 bytes, as in QEMU. */
export const isRngSeed = (digits: string): boolean => /^[0-9a-fA-F]{64}$/.test(digits);

/** A kernel command line; it ends at the first NUL. */
export const isAppend = (text: string): boolean => text.length <= APPEND_LENGTH_MAX && !text.includes('\0');

/** Whether a file can have this name on some system. */
export const isFileName = (name: string): boolean =>
  name !== '' && name.length <= PATH_LENGTH_MAX && !name.includes('\0');
