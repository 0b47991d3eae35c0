import { imageFeatureUnsupported } from '../../../messages/block.ts';
import type { EntryTable } from './entryTable.ts';
import type { ImageParts } from './imageParts.ts';
import { SECTOR_BYTES } from './layout.ts';
import { imageDamage } from '../../../messages/imageDamage.ts';

/**
 * Returns the location of a compressed cluster (qcow2 specification, "Compressed Clusters Descriptor"). Compressed
 * clusters are created by other programs; this implementation reads them but replaces them with standard clusters when
 * data is written to them. A descriptor contains a byte offset in the file and a number of sectors. Several compressed
 * clusters can share a host cluster, and each of them holds a reference to every host cluster that it overlaps.
 */
export function compressedLocation(parts: ImageParts, table: EntryTable, index: number) {
  // With x = 62 - (cluster_bits - 8), bits 0 to x-1 are the offset, and bits x to 61 are the number of additional
  // sectors.
  const offsetBits = 62 - (parts.layout.clusterBits - 8);
  const highOffsetBits = offsetBits - 32;
  const high = table.high(index) & 0x3fff_ffff;
  const offset = (high % 2 ** highOffsetBits) * 2 ** 32 + table.low(index);
  const sectors = Math.floor(high / 2 ** highOffsetBits) + 1;
  const lengthBytes = sectors * SECTOR_BYTES - (offset % SECTOR_BYTES);
  return { offset, lengthBytes };
}

/** The host clusters that a compressed cluster overlaps. The compressed cluster holds one reference to each of them. */
export function compressedHostClusters(parts: ImageParts, table: EntryTable, index: number): number[] {
  const { offset, lengthBytes } = compressedLocation(parts, table, index);
  const size = parts.layout.clusterSizeBytes;
  const clusters: number[] = [];
  for (let at = Math.floor(offset / size) * size; at < offset + lengthBytes; at += size) clusters.push(at);
  return clusters;
}

export function readCompressedCluster(parts: ImageParts, table: EntryTable, index: number): Uint8Array {
  if (!parts.compression) throw imageFeatureUnsupported(parts.file.name, 'compressed clusters');
  const { offset, lengthBytes } = compressedLocation(parts, table, index);
  // The descriptor gives the length in whole sectors, but the file may end in the middle of the last sector.
  const available = Math.min(lengthBytes, parts.file.lengthBytes - offset);
  if (available <= 0) throw parts.file.corruptError(imageDamage.compressedPastEnd(), offset);
  const packed = parts.file.readTable(offset, available, 'a compressed cluster');
  try {
    const unpack = parts.header.compression === 'zstd' ? 'decompressZstd' : 'inflate';
    return parts.compression[unpack](packed, parts.layout.clusterSizeBytes);
  } catch {
    throw parts.file.corruptError(imageDamage.compressedInvalid(), offset);
  }
}
