import { assert } from '../../base/assert.ts';
import type { ImageParts } from './imageParts.ts';
import { readGuest } from './readData.ts';
import { addReferences, rebuildCopiedFlags, referencesOf } from './references.ts';
import { checkSameSize, findSnapshot, readSnapshotL1, type SnapshotKey } from './snapshots.ts';
import { writeClusters } from './writeClusters.ts';
import { growL1, writeGuest, zeroGuest } from './writeData.ts';

/**
 * Reads VM state: the bytes that the active table maps after the end of the disk (qcow2 specification, "Snapshots"). As
 * in QEMU, VM state starts at the first L2 table boundary after the disk. The active table keeps VM state mapped
 * between snapshots. A RAM page always has the same offset, so a snapshot shares the page's cluster with the previous
 * snapshot until the page changes. A new snapshot therefore needs space only for the changed pages, but other programs
 * can still read a complete VM state from it.
 */
export function readVmState(parts: ImageParts, offset: number, into: Uint8Array): void {
  readGuest(parts, parts.l1, parts.layout.vmStateOffset + offset, into);
}

export function writeVmState(parts: ImageParts, offset: number, from: Uint8Array): void {
  assert(offset >= 0, 'a VM state offset is negative');
  writeGuest(parts, parts.layout.vmStateOffset + offset, from);
}

/**
 * Writes many whole clusters of VM state with only a few file calls. Each cluster is given with its offset in the VM
 * state.
 */
export function writeVmStateClusters(parts: ImageParts, clusters: readonly VmStateCluster[]): void {
  const { vmStateOffset } = parts.layout;
  writeClusters(
    parts,
    clusters.map(({ offset, bytes }) => ({ guestOffset: vmStateOffset + offset, bytes })),
  );
}

export interface VmStateCluster {
  offset: number;
  bytes: Uint8Array;
}

/** Zeroes a range of VM state by dropping its clusters, so that the range does not occupy space in the file. */
export function zeroVmState(parts: ImageParts, offset: number, lengthBytes: number): void {
  assert(offset >= 0, 'a VM state offset is negative');
  zeroGuest(parts, parts.layout.vmStateOffset + offset, lengthBytes);
}

/**
 * Removes VM state from the active table. Called when the image is closed cleanly, because `qemu-img resize` would
 * otherwise expose VM state as disk data. Snapshots keep their VM state.
 */
export function unmapVmState(parts: ImageParts): void {
  const range = vmStateRange(parts);
  for (const hostOffset of referencesOf(parts, parts.l1, range)) parts.refcounts.queueDrop(hostOffset);
  for (let index = range.from; index < range.to; index++) {
    if (!parts.l1.isEmpty(index)) parts.l1.setEmpty(index);
  }
}

/**
 * Maps a snapshot's VM state in the active table again, so that the next snapshot shares the parts that do not change.
 */
export function mapVmState(parts: ImageParts, key: SnapshotKey): void {
  const entry = findSnapshot(parts, key);
  checkSameSize(parts, entry);
  const l1 = readSnapshotL1(parts, entry);
  const range = { from: parts.layout.vmStateFirstL1Index, to: l1.length };
  addReferences(parts, l1, range);
  unmapVmState(parts);
  growL1(parts, l1.length);
  for (let index = range.from; index < range.to; index++) {
    if (l1.offset(index) !== 0) parts.l1.setOffset(index, l1.offset(index), { copied: false });
  }
  rebuildCopiedFlags(parts, parts.l1, range);
}

function vmStateRange(parts: ImageParts) {
  return { from: parts.layout.vmStateFirstL1Index, to: parts.l1.length };
}
