import { assert } from '../../base/assert.ts';

/**
 * The arithmetic of one qcow2 image: how large its clusters and tables are and where things lie in the guest's address
 * space. Guest addresses below `diskLengthBytes` are the disk; VM state lies behind it, from `vmStateOffset` on, in
 * the same two-level map. All numbers are exact integers below 2^53.
 */
export interface Layout {
  readonly clusterBits: number;
  readonly clusterSizeBytes: number;
  /** 16 with subclusters (qcow2 spec, "Extended L2 Entries"), else 8. */
  readonly l2EntryBytes: number;
  readonly entriesPerL2: number;
  /** How much of the guest's address space one L2 table maps. */
  readonly bytesPerL2: number;
  readonly diskLengthBytes: number;
  /** The first L1 index of VM state: it never shares an L2 table with the disk (as in QEMU). */
  readonly vmStateFirstL1Index: number;
  readonly vmStateOffset: number;
}

export function makeLayout({ clusterBits, diskLengthBytes, hasSubclusters = false }: LayoutOf): Layout {
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

export interface LayoutOf {
  clusterBits: number;
  diskLengthBytes: number;
  hasSubclusters?: boolean;
}

/** How many clusters hold `lengthBytes`. */
export function clustersFor(layout: Layout, lengthBytes: number): number {
  return Math.ceil(lengthBytes / layout.clusterSizeBytes);
}

/**
 * The cluster size of a new overlay: a RAM page, so that a snapshot rewrites exactly the pages that changed, unless the
 * disk is so large that the L1 table, which every snapshot has a copy of, would outgrow NEW_L1_BYTES_MAX.
 */
export function clusterSizeFor(diskLengthBytes: number): number {
  let clusterBits = PAGE_BITS;
  const l1Bytes = () => Math.ceil(diskLengthBytes / 2 ** (2 * clusterBits - 3)) * ENTRY_BYTES;
  while (clusterBits < CLUSTER_BITS_MAX && l1Bytes() > NEW_L1_BYTES_MAX) clusterBits++;
  return 2 ** clusterBits;
}

const PAGE_BITS = 12;
/**
 * A cluster of c bytes is mapped by one L1 entry for each c * c / 8 bytes of disk, so 32768 entries reach over 64 GiB with
 * clusters of 4 KiB, 256 GiB with 8 KiB, 1 TiB with 16 KiB, 4 TiB with 32 KiB and 16 TiB with 64 KiB, which is what
 * qemu-img takes for every disk; and with the largest, 2 MiB, over all of DISK_BYTES_MAX. Half as much would double what a
 * page changed alone costs a snapshot, twice as much what a snapshot of nothing costs.
 */
const NEW_L1_BYTES_MAX = 256 << 10;

/** L1, L2 and refcount table entries are 64-bit big-endian words. */
export const ENTRY_BYTES = 8;
/** An L2 entry with the states of its 32 subclusters behind it. */
export const EXTENDED_ENTRY_BYTES = 16;
export const SUBCLUSTERS = 32;
export const SECTOR_BYTES = 512;

// qcow2 spec, "Header": 9 is the least; QEMU accepts up to 21 (2 MiB).
export const CLUSTER_BITS_MIN = 9;
export const CLUSTER_BITS_MAX = 21;

// The limits that QEMU sets itself; a file beyond them could not be opened there.
export const L1_BYTES_MAX = 32 * 1024 * 1024;
export const REFCOUNT_TABLE_BYTES_MAX = 8 * 1024 * 1024;
export const SNAPSHOTS_MAX = 65536;
export const SNAPSHOT_TABLE_BYTES_MAX = 64 * 1024 * 1024;
export const SNAPSHOT_EXTRA_BYTES_MAX = 1024;
export const BACKING_NAME_BYTES_MAX = 1023;

/** Beyond this a guest address could not be told from its neighbour in a double. */
export const DISK_BYTES_MAX = 2 ** 52;
