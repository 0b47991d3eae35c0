import { refcountsTooNarrow } from '../../../messages/block.ts';
import { countReferences } from './countReferences.ts';
import type { ImageParts } from './imageParts.ts';
import { refcountMax } from './refcountBlocks.ts';
import { referencesOf } from './references.ts';
import { checkCanAdd, findSnapshot, readSnapshotL1, type SnapshotKey } from './snapshots.ts';

/**
 * Checks whether a snapshot with VM state can be created after the snapshots in `deleted` have been deleted. If not,
 * throws the error that creating it would cause. This check also works for an image that is open read-only, so callers
 * can run it before they start work that depends on the snapshot. If refcounts are narrower than 16 bits, every table
 * is read.
 */
export function checkSnapshotSpace(parts: ImageParts, name: string, deleted: readonly SnapshotKey[]): void {
  const gone = deleted.map((key) => findSnapshot(parts, key));
  checkCanAdd({ ...parts, snapshots: parts.snapshots.filter((entry) => !gone.includes(entry)) }, { name });
  const bits = parts.header.refcountBits;
  if (bits >= WIDE_BITS) return;
  const max = refcountMax(bits);
  // Both the snapshot and the active table refer to the VM state, so its clusters need refcount 2.
  if (max < 2) throw refcountsTooNarrow(parts.file.name, bits);
  const { references } = countReferences(parts, []);
  const clusterOf = (hostOffset: number) => Math.floor(hostOffset / parts.layout.clusterSizeBytes);
  for (const entry of gone) {
    for (const host of referencesOf(parts, readSnapshotL1(parts, entry))) {
      references[clusterOf(host)]--;
    }
  }
  const disk = { from: 0, to: Math.min(parts.l1.length, parts.layout.vmStateFirstL1Index) };
  for (const host of referencesOf(parts, parts.l1, disk)) {
    if (++references[clusterOf(host)] > max) throw refcountsTooNarrow(parts.file.name, bits);
  }
}

/** A 16-bit refcount can count more snapshots than a snapshot table can contain. */
const WIDE_BITS = 16;
