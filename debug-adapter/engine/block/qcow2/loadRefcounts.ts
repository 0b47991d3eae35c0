import { readU64, viewOf } from './bigEndian.ts';
import type { Header } from './header.ts';
import type { ImageFile } from './imageFile.ts';
import { ENTRY_BYTES, type Layout } from './layout.ts';
import { decodeRefcounts, refcountsPerBlock } from './refcountBlocks.ts';
import { imageDamage, imageParts } from '../../../messages/imageDamage.ts';

/**
 * Reads the refcount table and all refcount blocks. A block at an invalid offset (unaligned or past the end of the
 * file) is reported and skipped, because opening an image for writing counts all references anyway and creates a new
 * block.
 */
export function loadRefcounts(
  file: ImageFile,
  header: Header,
  layout: Layout,
): { counts: Uint16Array<ArrayBuffer>; blocks: number[]; problems: string[] } {
  const perBlock = refcountsPerBlock(layout.clusterSizeBytes, header.refcountBits);
  const problems: string[] = [];
  const blocks = loadTable(file, header, layout, problems);
  const clustersMax = Math.ceil(file.lengthBytes / layout.clusterSizeBytes) + perBlock + CLUSTERS_PAST_END_MAX;
  if (blocks.length * perBlock > clustersMax) {
    throw file.corruptError(imageDamage.refcountTableTooLong(), header.refcountTableOffset);
  }
  const counts = new Uint16Array(blocks.length * perBlock);
  blocks.forEach((offset, index) => {
    if (offset === 0) return;
    const block = file.readTable(offset, layout.clusterSizeBytes, 'a refcount block');
    const into = counts.subarray(index * perBlock, (index + 1) * perBlock);
    decodeRefcounts(block, header.refcountBits, into);
  });
  return { counts, blocks, problems };
}

function loadTable(file: ImageFile, header: Header, layout: Layout, problems: string[]): number[] {
  const lengthBytes = header.refcountTableClusters * layout.clusterSizeBytes;
  const view = viewOf(file.readTable(header.refcountTableOffset, lengthBytes, imageParts.refcountTable()));
  const blocks: number[] = [];
  for (let index = 0; index < lengthBytes / ENTRY_BYTES; index++) {
    const offset = readU64(view, index * ENTRY_BYTES);
    if (offset === 0) continue;
    while (blocks.length < index) blocks.push(0);
    const usable = offset % layout.clusterSizeBytes === 0 && offset < file.lengthBytes;
    if (!usable) problems.push(imageDamage.refcountBlockOffset(index, offset));
    blocks.push(usable ? offset : 0);
  }
  return blocks;
}

// A refcount block holds the refcounts of a fixed number of clusters, so the last block normally covers clusters past
// the end of the file. More than 2^24 refcounts for clusters past the end, which would need 32 MiB of memory, indicate
// a damaged table.
const CLUSTERS_PAST_END_MAX = 2 ** 24;
