/**
 * The rules for a machine's drives. The same rules apply to the command line, to launch.json, and to files from
 * untrusted sources.
 */
export const DRIVE_FORMATS = ['raw', 'qcow2'] as const;
export type DriveFormat = (typeof DRIVE_FORMATS)[number];
export const isDriveFormat = (format: unknown): format is DriveFormat => DRIVE_FORMATS.some((one) => one === format);

/** The versions of the virtio-mmio transport; the first is the default. */
export const VIRTIO_VERSIONS = ['modern', 'legacy'] as const;
export type VirtioVersion = (typeof VIRTIO_VERSIONS)[number];

/** QEMU's virt machine has eight virtio-mmio slots. */
export const VIRTIO_SLOTS = 8;
export const DRIVES_MAX = VIRTIO_SLOTS;

/** The number of slots that drives can use. An entropy source (virtio-rng) occupies one slot. */
export const driveCountMax = (rng: boolean): number => (rng ? DRIVES_MAX - 1 : DRIVES_MAX);

export const isSlot = (slot: number): boolean => Number.isInteger(slot) && slot >= 0 && slot < VIRTIO_SLOTS;

/** The id becomes part of file names, digests and messages. */
export const DRIVE_ID_LENGTH_MAX = 32;
export const DRIVE_ID = new RegExp(`^[A-Za-z][A-Za-z0-9._-]{0,${DRIVE_ID_LENGTH_MAX - 1}}$`);
export const isDriveId = (id: string): boolean => DRIVE_ID.test(id);

interface UniqueParts {
  id: string;
  /** Undefined for a drive that is placed in a free slot. */
  slot?: number;
  overlay: string | null;
}

/** The first two drives that have the same id, slot or overlay, and which of these they share. */
export function sharedByDrives<T extends UniqueParts>(
  drives: readonly T[],
): { first: T; second: T; what: 'id' | 'slot' | 'overlay' } | undefined {
  for (const second of drives) {
    for (const first of drives.slice(0, drives.indexOf(second))) {
      if (first.id === second.id) return { first, second, what: 'id' };
      if (first.slot !== undefined && first.slot === second.slot) return { first, second, what: 'slot' };
      if (first.overlay !== null && first.overlay === second.overlay) return { first, second, what: 'overlay' };
    }
  }
  return undefined;
}
