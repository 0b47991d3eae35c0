import type { ImageParts } from './imageParts.ts';
import { mapTo, overwriteInPlace, writableL2Table } from './writeData.ts';

export interface GuestCluster {
  guestOffset: number;
  bytes: Uint8Array;
}

const WRITE_BYTES_MAX = 1 << 20;

/**
 * Writes whole guest clusters at scattered offsets, like `writeGuest`, but new clusters are contiguous in the file
 * and need one write. For a snapshot's pages, which are scattered over all of RAM.
 */
export function writeClusters(parts: ImageParts, clusters: readonly GuestCluster[]): void {
  const left = clusters.filter(({ guestOffset, bytes }) => overwriteInPlace(parts, guestOffset, bytes) === 0);
  const atOnce = Math.max(1, Math.min(left.length, WRITE_BYTES_MAX / parts.layout.clusterSizeBytes));
  const together = new Uint8Array(atOnce * parts.layout.clusterSizeBytes);
  for (let done = 0; done < left.length;) done += writeSome(parts, left.slice(done, done + atOnce), together);
}

/** Writes as many clusters as there are consecutive free ones; returns their number. */
function writeSome(parts: ImageParts, clusters: readonly GuestCluster[], together: Uint8Array): number {
  const { clusterSizeBytes, bytesPerL2 } = parts.layout;
  const run = parts.refcounts.allocate(clusters.length);
  let referredTo = 0;
  try {
    const now = clusters.slice(0, run.clusters);
    now.forEach(({ bytes }, i) => together.set(bytes, i * clusterSizeBytes));
    parts.file.write(run.offset, together.subarray(0, run.clusters * clusterSizeBytes));
    for (const { guestOffset } of now) {
      const l1Index = Math.floor(guestOffset / bytesPerL2);
      const table = writableL2Table(parts, l1Index);
      const index = (guestOffset - l1Index * bytesPerL2) / clusterSizeBytes;
      mapTo(parts, table, index, run.offset + referredTo * clusterSizeBytes);
      referredTo++;
    }
  } catch (error) {
    parts.refcounts.dropNow(run.offset + referredTo * clusterSizeBytes, run.clusters - referredTo);
    throw error;
  }
  return run.clusters;
}
