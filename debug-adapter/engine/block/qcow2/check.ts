import { commit } from './commit.ts';
import type { EntryTable } from './entryTable.ts';
import { countReferences } from './countReferences.ts';
import type { ImageParts } from './imageParts.ts';
import { loadRefcounts } from './loadRefcounts.ts';
import { kindOfEntry, l2TableAt } from './mapping.ts';

/**
 * Compares what the tables of an image refer to with what its refcounts say, as `qemu-img check` does. Corruptions
 * can lose data; leaks only waste space; a stale COPIED flag that is missing costs one needless copy.
 */
export interface CheckResult {
  corruptions: string[];
  /** Clusters whose refcount is higher than the references to them. */
  leaks: number;
  /** COPIED flags missing where the refcount is one. */
  staleFlags: number;
}

/** Checks the file, not the memory: changes that are not written yet are written first. */
export function checkImage(parts: ImageParts, { writable }: { writable: boolean }): CheckResult {
  if (writable) commit(parts, { durable: true });
  const { counts, blocks, problems } = loadRefcounts(parts.file, parts.header, parts.layout);
  const { references, corruptions: found, badBlocks } = countReferences(parts, blocks);
  const corruptions = found.map(({ what, offset }) => `${what} (at byte ${offset})`).concat(problems);
  for (const { index, offset } of badBlocks) corruptions.push(`refcount block ${index} cannot lie at byte ${offset}`);
  let leaks = 0;
  for (let cluster = 0; cluster < Math.max(counts.length, references.length); cluster++) {
    const counted = cluster < counts.length ? counts[cluster] : 0;
    const needed = cluster < references.length ? references[cluster] : 0;
    if (counted > needed) leaks++;
    if (counted < needed) corruptions.push(`cluster ${cluster}: refcount ${counted}, ${needed} references`);
  }
  const staleFlags = checkCopiedFlags(parts, references, corruptions);
  return { corruptions, leaks, staleFlags };
}

/** qcow2 spec, "Cluster mapping": only the active tables' flags mean anything. */
function checkCopiedFlags(parts: ImageParts, references: Uint16Array, corruptions: string[]): number {
  let stale = 0;
  const check = (table: EntryTable, index: number, what: string) => {
    const cluster = table.offset(index) / parts.layout.clusterSizeBytes;
    const alone = references[cluster] === 1;
    if (table.isCopied(index) && !alone) corruptions.push(`${what}: COPIED, but cluster ${cluster} is shared`);
    if (!table.isCopied(index) && alone) stale++;
  };
  for (let l1Index = 0; l1Index < parts.l1.length; l1Index++) {
    const table = tryL2Table(parts, l1Index);
    if (!table) continue;
    check(parts.l1, l1Index, `L1 entry ${l1Index}`);
    for (let index = 0; index < table.length; index++) {
      const kind = kindOfEntry(table, index);
      if (kind !== 'compressed' && table.offset(index) !== 0) check(table, index, `L2 entry ${l1Index}/${index}`);
    }
  }
  return stale;
}

/** Impossible tables were reported by the count already. */
function tryL2Table(parts: ImageParts, l1Index: number) {
  try {
    return l2TableAt(parts, parts.l1, l1Index);
  } catch {
    return undefined;
  }
}
