import { refcountsTooNarrow } from '../../../messages/block.ts';
import { countReferences } from './countReferences.ts';
import type { ImageParts } from './imageParts.ts';
import { refcountMax } from './refcountBlocks.ts';
import { referencesOf } from './references.ts';
import { checkCanAdd, findSnapshot, readSnapshotL1 } from './snapshots.ts';

/**
 * Throws the error that would prevent a snapshot with VM state after some others are deleted. Works on a read-only
 * image, before anything depends on the snapshot. Reads every table if refcounts are narrow.
 */
export function checkSnapshotSpace(parts: ImageParts, name: string, deleted: readonly string[]): void {
  const left = parts.snapshots.filter((snapshot) => !deleted.includes(snapshot.name));
  checkCanAdd({ ...parts, snapshots: left }, name);
  const bits = parts.header.refcountBits;
  if (bits >= WIDE_BITS) return;
  const max = refcountMax(bits);
  // The VM state is referenced by the snapshot and by the active table.
  if (max < 2) throw refcountsTooNarrow(parts.file.name, bits);
  const { references } = countReferences(parts, []);
  const clusterOf = (hostOffset: number) => Math.floor(hostOffset / parts.layout.clusterSizeBytes);
  for (const name of deleted) {
    for (const host of referencesOf(parts, readSnapshotL1(parts, findSnapshot(parts, name)))) {
      references[clusterOf(host)]--;
    }
  }
  const disk = { from: 0, to: Math.min(parts.l1.length, parts.layout.vmStateFirstL1Index) };
  for (const host of referencesOf(parts, parts.l1, disk)) {
    if (++references[clusterOf(host)] > max) throw refcountsTooNarrow(parts.file.name, bits);
  }
}

/** 16 bits count more snapshots than a table can list. */
const WIDE_BITS = 16;
