import { writeHeader } from './header.ts';
import type { ImageParts } from './imageParts.ts';

/** Writes changed refcounts in place. A refcount table that has become too small moves, and the header is updated. */
export function writeRefcounts({ file, header, refcounts }: ImageParts): void {
  refcounts.write({
    durable: true,
    moved: (place) => {
      header.refcountTableOffset = place.offset;
      header.refcountTableClusters = place.clusters;
      writeHeader(file, header);
    },
  });
}
