import { assert } from '../../base/assert.ts';

/**
 * The geometry of a qcow2 image: the sizes of its clusters and tables, and the layout of guest offsets. Guest offsets
 * below `diskLengthBytes` belong to the disk. VM state starts at `vmStateOffset`, after the disk, and is mapped by the
 * same two levels of tables. All numbers are exact integers below 2^53.
 */
export interface Layout {
  readonly clusterBits: number;
  readonly clusterSizeBytes: number;
  /**
   * The length of an L2 entry: 16 in images with subclusters (qcow2 specification, "Extended L2 Entries"), otherwise
   * 8.
   */
  readonly l2EntryBytes: number;
  readonly entriesPerL2: number;
  /** The number of guest bytes that one L2 table maps. */
  readonly bytesPerL2: number;
  readonly diskLengthBytes: number;
  /** The first L1 index of VM state. As in QEMU, VM state never shares an L2 table with the disk. */
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

/** The number of clusters needed for `lengthBytes` bytes. */
export function clustersFor(layout: Layout, lengthBytes: number): number {
  return Math.ceil(lengthBytes / layout.clusterSizeBytes);
}

/**
 * The cluster size of a new overlay. A cluster is normally as large as one RAM page, so that a snapshot rewrites
 * exactly the pages that changed. The overlay of a very large disk has larger clusters, because the L1 table is copied
 * for every snapshot and must not exceed NEW_L1_BYTES_MAX.
 */
export function clusterSizeFor(diskLengthBytes: number): number {
  let clusterBits = PAGE_BITS;
  const l1Bytes = () => Math.ceil(diskLengthBytes / 2 ** (2 * clusterBits - 3)) * ENTRY_BYTES;
  while (clusterBits < CLUSTER_BITS_MAX && l1Bytes() > NEW_L1_BYTES_MAX) clusterBits++;
  return 2 ** clusterBits;
}

const PAGE_BITS = 12;
/**
 * With clusters of c bytes, one L1 entry maps c * c / 8 bytes of disk. 32768 entries therefore map 64 GiB with 4 KiB
 * clusters, 256 GiB with 8 KiB, 1 TiB with 16 KiB, 4 TiB with 32 KiB, 16 TiB with 64 KiB (qemu-img's default), and
 * DISK_BYTES_MAX with the maximum of 2 MiB. Halving the limit would double what each changed page adds to the cost of a
 * snapshot; doubling it would double the cost of an empty snapshot.
 */
const NEW_L1_BYTES_MAX = 256 << 10;

/** The entries of L1, L2 and refcount tables are 64-bit big-endian words. */
export const ENTRY_BYTES = 8;
/** An extended L2 entry is followed by the state of its 32 subclusters. */
export const EXTENDED_ENTRY_BYTES = 16;
export const SUBCLUSTERS = 32;
export const SECTOR_BYTES = 512;

// qcow2 specification, "Header": the minimum is 9; QEMU accepts up to 21 (2 MiB).
export const CLUSTER_BITS_MIN = 9;
export const CLUSTER_BITS_MAX = 21;

// QEMU has the same limits and cannot open an image that exceeds them.
export const L1_BYTES_MAX = 32 * 1024 * 1024;
export const REFCOUNT_TABLE_BYTES_MAX = 8 * 1024 * 1024;
export const SNAPSHOTS_MAX = 65536;
export const SNAPSHOT_TABLE_BYTES_MAX = 64 * 1024 * 1024;
export const SNAPSHOT_EXTRA_BYTES_MAX = 1024;
export const BACKING_NAME_BYTES_MAX = 1023;

/** On a larger disk, guest offsets could exceed the range in which a double represents every integer exactly. */
export const DISK_BYTES_MAX = 2 ** 52;
