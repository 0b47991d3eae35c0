import { commit } from './commit.ts';
import type { EntryTable } from './entryTable.ts';
import { countReferences } from './countReferences.ts';
import type { ImageParts } from './imageParts.ts';
import { loadRefcounts } from './loadRefcounts.ts';
import { l2TableAt } from './mapping.ts';
import { imageDamage } from '../../../messages/imageDamage.ts';

export interface CheckResult {
  corruptions: string[];
  /** The number of clusters whose refcount is higher than their number of references. */
  leaks: number;
}

/**
 * Compares an image's refcounts with the references in its tables and finds the same errors as `qemu-img check`. A
 * corruption can cause data loss when a program writes to the image; every COPIED flag that contradicts its cluster's
 * refcount counts as a corruption. A leak only wastes space. The file is checked, not the state in memory, so pending
 * changes are written first.
 */
export function checkImage(parts: ImageParts, { writable }: { writable: boolean }): CheckResult {
  if (writable) commit(parts, { durable: true });
  const { counts, blocks, problems } = loadRefcounts(parts.file, parts.header, parts.layout);
  const { references, corruptions: counted, invalidBlocks } = countReferences(parts, blocks);
  const corruptions = counted.map(({ what, offset }) => imageDamage.atByte(what, offset)).concat(problems);
  for (const { index, offset } of invalidBlocks) corruptions.push(imageDamage.refcountBlockOffset(index, offset));
  let leaks = 0;
  for (let cluster = 0; cluster < Math.max(counts.length, references.length); cluster++) {
    const counted = cluster < counts.length ? counts[cluster] : 0;
    const needed = cluster < references.length ? references[cluster] : 0;
    if (counted > needed) leaks++;
    if (counted < needed) corruptions.push(imageDamage.refcountTooLow(cluster, counted, needed));
  }
  return { corruptions: corruptions.concat(copiedFlagErrors(parts, counts)), leaks };
}

/**
 * Checks that each COPIED flag is set if and only if the refcount in the file is one. Other qcow2 programs rely on
 * this. According to the qcow2 specification, "Cluster mapping", the flag is valid only in the active tables.
 */
function copiedFlagErrors(parts: ImageParts, counts: Uint16Array): string[] {
  const errors: string[] = [];
  const check = (table: EntryTable, index: number, what: string) => {
    const refcount = counts[table.offset(index) / parts.layout.clusterSizeBytes] ?? 0;
    const isCopied = table.isCopied(index);
    if (isCopied !== (refcount === 1)) errors.push(imageDamage.copiedFlag(what, isCopied, refcount));
  };
  for (let l1Index = 0; l1Index < parts.l1.length; l1Index++) {
    const table = tryL2Table(parts, l1Index);
    if (!table) continue;
    check(parts.l1, l1Index, `L1 entry ${l1Index}`);
    for (let index = 0; index < table.length; index++) {
      const what = `L2 entry ${l1Index}/${index}`;
      if (!table.isCompressed(index) && table.offset(index) !== 0) check(table, index, what);
      else if (table.isCompressed(index) && table.isCopied(index)) errors.push(imageDamage.copiedAndCompressed(what));
    }
  }
  return errors;
}

/** Undefined if the table is invalid; `countReferences` has already reported this. */
function tryL2Table(parts: ImageParts, l1Index: number) {
  try {
    return l2TableAt(parts, parts.l1, l1Index);
  } catch {
    return undefined;
  }
}
