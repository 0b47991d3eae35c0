import { assert } from '../../base/assert.ts';
import type { ImageParts } from './imageParts.ts';
import { readGuest } from './readData.ts';
import { addReferences, rebuildCopiedFlags, referencesOf } from './references.ts';
import { checkSameSize, findSnapshot, readSnapshotL1 } from './snapshots.ts';
import { writeClusters } from './writeClusters.ts';
import { growL1, writeGuest, zeroGuest } from './writeData.ts';

/**
 * VM state: bytes past the disk's end in the active table (qcow2 spec, "Snapshots"; QEMU starts them at the first L2
 * table boundary behind the disk, and so do we). The active table keeps them mapped between snapshots. A RAM page that
 * is always written at the same offset is then shared with the previous snapshot until it changes, so a snapshot
 * costs what changed and is still a complete one for every other program.
 */
export function readVmState(parts: ImageParts, offset: number, into: Uint8Array): void {
  readGuest(parts, parts.l1, parts.layout.vmStateOffset + offset, into);
}

export function writeVmState(parts: ImageParts, offset: number, from: Uint8Array): void {
  assert(offset >= 0, 'VM state starts at 0');
  writeGuest(parts, parts.layout.vmStateOffset + offset, from);
}

/** Many whole clusters, by their offset in VM state, in few writes. */
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

/** Costs no file space: the clusters are dropped. */
export function zeroVmState(parts: ImageParts, offset: number, lengthBytes: number): void {
  assert(offset >= 0, 'VM state starts at 0');
  zeroGuest(parts, parts.layout.vmStateOffset + offset, lengthBytes);
}

/**
 * Takes VM state out of the active table, at a clean close: `qemu-img resize` would show it as disk data. It stays in
 * the snapshots.
 */
export function unmapVmState(parts: ImageParts): void {
  const range = vmStateRange(parts);
  for (const hostOffset of referencesOf(parts, parts.l1, range)) parts.refcounts.dropLater(hostOffset);
  for (let index = range.from; index < range.to; index++) {
    if (!parts.l1.isEmpty(index)) parts.l1.setEmpty(index);
  }
}

/** Puts a snapshot's VM state back into the active table, so that the next snapshot shares what has not changed. */
export function relinkVmState(parts: ImageParts, snapshotName: string): void {
  const entry = findSnapshot(parts, snapshotName);
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
