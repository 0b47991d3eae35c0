import { assert } from '../../base/assert.ts';

/**
 * The geometry of a qcow2 image: the sizes of its clusters and tables, and the areas of its guest offsets. Guest
 * offsets below `diskLengthBytes` are the disk; VM state starts after it, at `vmStateOffset`, in the same two-level
 * map. All numbers are exact integers below 2^53.
 */
export interface Layout {
  readonly clusterBits: number;
  readonly clusterSizeBytes: number;
  /** 16 with subclusters (qcow2 specification, "Extended L2 Entries"), otherwise 8. */
  readonly l2EntryBytes: number;
  readonly entriesPerL2: number;
  /** The number of guest bytes that one L2 table maps. */
  readonly bytesPerL2: number;
  readonly diskLengthBytes: number;
  /** The first L1 index of VM state, which never shares an L2 table with the disk (as in QEMU). */
  readonly vmStateFirstL1Index: number;
  readonly vmStateOffset: number;
}

export function makeLayout({ clusterBits, diskLengthBytes, hasSubclusters = false }: LayoutOptions): Layout {
  assert(clusterBits >= CLUSTER_BITS_MIN && clusterBits <= CLUSTER_BITS_MAX, 'cluster size out of range');
  const clusterSizeBytes = 2 ** clusterBits;
  const l2EntryBytes = hasSubclusters ? EXTENDED_ENTRY_BYTES : ENTRY_BYTES;
  const entriesPerL2 = clusterSizeBytes / l2EntryBytes;
  const bytesPerL2 = clusterSizeBytes * entriesPerL2;
  const vmStateFirstL1Index = Math.ceil(diskLengthBytes / bytesPerL2);
  return {
    clusterBits,
    clusterSizeBytes,
    l2EntryBytes,
    entriesPerL2,
    bytesPerL2,
    diskLengthBytes,
    vmStateFirstL1Index,
    vmStateOffset: vmStateFirstL1Index * bytesPerL2,
  };
}

export interface LayoutOptions {
  clusterBits: number;
  diskLengthBytes: number;
  hasSubclusters?: boolean;
}

/** The number of clusters for `lengthBytes`. */
export function clustersFor(layout: Layout, lengthBytes: number): number {
  return Math.ceil(lengthBytes / layout.clusterSizeBytes);
}

/**
 * The cluster size of a new overlay: one RAM page, so that a snapshot rewrites exactly the changed pages, unless the
 * disk is so large that the L1 table, which is copied for every snapshot, would exceed NEW_L1_BYTES_MAX.
 */
export function clusterSizeFor(diskLengthBytes: number): number {
  let clusterBits = PAGE_BITS;
  const l1Bytes = () => Math.ceil(diskLengthBytes / 2 ** (2 * clusterBits - 3)) * ENTRY_BYTES;
  while (clusterBits < CLUSTER_BITS_MAX && l1Bytes() > NEW_L1_BYTES_MAX) clusterBits++;
  return 2 ** clusterBits;
}

const PAGE_BITS = 12;
/**
 * One L1 entry maps c * c / 8 bytes of disk with clusters of c bytes. So 32768 entries cover 64 GiB with clusters of
 * 4 KiB, 256 GiB with 8 KiB, 1 TiB with 16 KiB, 4 TiB with 32 KiB, and 16 TiB with 64 KiB, the default of qemu-img;
 * with the maximum of 2 MiB, they cover DISK_BYTES_MAX. Halving this limit would double the cost of a single changed
 * page in a snapshot; doubling it would double the cost of an empty snapshot.
 */
const NEW_L1_BYTES_MAX = 256 << 10;

/** L1, L2 and refcount table entries are 64-bit big-endian words. */
export const ENTRY_BYTES = 8;
/** An L2 entry followed by the state of its 32 subclusters. */
export const EXTENDED_ENTRY_BYTES = 16;
export const SUBCLUSTERS = 32;
export const SECTOR_BYTES = 512;

// qcow2 specification, "Header": the minimum is 9; QEMU accepts up to 21 (2 MiB).
export const CLUSTER_BITS_MIN = 9;
export const CLUSTER_BITS_MAX = 21;

// QEMU's own limits; it cannot open a file that exceeds them.
export const L1_BYTES_MAX = 32 * 1024 * 1024;
export const REFCOUNT_TABLE_BYTES_MAX = 8 * 1024 * 1024;
export const SNAPSHOTS_MAX = 65536;
export const SNAPSHOT_TABLE_BYTES_MAX = 64 * 1024 * 1024;
export const SNAPSHOT_EXTRA_BYTES_MAX = 1024;
export const BACKING_NAME_BYTES_MAX = 1023;

/** Larger guest offsets might not be exact in a double. */
export const DISK_BYTES_MAX = 2 ** 52;
