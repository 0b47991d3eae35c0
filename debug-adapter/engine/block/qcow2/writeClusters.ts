import type { ImageParts } from './imageParts.ts';
import { mapCluster, overwriteInPlace, writableL2Table } from './writeData.ts';

export interface GuestCluster {
  guestOffset: number;
  bytes: Uint8Array;
}

const WRITE_BYTES_MAX = 1 << 20;

/**
 * Writes whole guest clusters at scattered guest offsets. Unlike `writeGuest`, this function places all new clusters in
 * one contiguous run in the file, so that a single write is enough. Used for the pages of a snapshot, which are
 * scattered over all of RAM.
 */
export function writeClusters(parts: ImageParts, clusters: readonly GuestCluster[]): void {
  const remaining = clusters.filter(({ guestOffset, bytes }) => overwriteInPlace(parts, guestOffset, bytes) === 0);
  const clustersPerWrite = Math.max(1, Math.min(remaining.length, WRITE_BYTES_MAX / parts.layout.clusterSizeBytes));
  const buffer = new Uint8Array(clustersPerWrite * parts.layout.clusterSizeBytes);
  for (let done = 0; done < remaining.length;)
    done += writeRun(parts, remaining.slice(done, done + clustersPerWrite), buffer);
}

/** Writes as many clusters as fit into one run of consecutive free clusters. Returns the number of clusters written. */
function writeRun(parts: ImageParts, clusters: readonly GuestCluster[], buffer: Uint8Array): number {
  const { clusterSizeBytes, bytesPerL2 } = parts.layout;
  const run = parts.refcounts.allocate(clusters.length);
  let mappedCount = 0;
  try {
    const batch = clusters.slice(0, run.clusters);
    batch.forEach(({ bytes }, i) => buffer.set(bytes, i * clusterSizeBytes));
    parts.file.write(run.offset, buffer.subarray(0, run.clusters * clusterSizeBytes));
    for (const { guestOffset } of batch) {
      const l1Index = Math.floor(guestOffset / bytesPerL2);
      const table = writableL2Table(parts, l1Index);
      const index = (guestOffset - l1Index * bytesPerL2) / clusterSizeBytes;
      mapCluster(parts, table, index, run.offset + mappedCount * clusterSizeBytes);
      mappedCount++;
    }
  } catch (error) {
    parts.refcounts.dropNow(run.offset + mappedCount * clusterSizeBytes, run.clusters - mappedCount);
    throw error;
  }
  return run.clusters;
}
