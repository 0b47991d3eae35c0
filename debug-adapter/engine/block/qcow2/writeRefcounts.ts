import { writeHeader } from './header.ts';
import type { ImageParts } from './imageParts.ts';

/**
 * Writes the changed refcounts in place. If the refcount table has become too small, it is moved, and the header is
 * updated.
 */
export function writeRefcounts({ file, header, refcounts }: ImageParts): void {
  refcounts.write({
    durable: true,
    moved: (location) => {
      header.refcountTableOffset = location.offset;
      header.refcountTableClusters = location.clusters;
      writeHeader(file, header);
    },
  });
}
