import type { EntryTable } from './entryTable.ts';
import type { ImageParts } from './imageParts.ts';
import { readCompressedCluster } from './compressed.ts';
import { extentAt, type Extent } from './mapping.ts';

/**
 * Reads guest bytes through an L1 table. Offsets below the disk's length belong to the disk; higher offsets belong to
 * VM state.
 */
export function readGuest(parts: ImageParts, l1: EntryTable, guestOffset: number, into: Uint8Array): void {
  let done = 0;
  while (done < into.length) {
    const offset = guestOffset + done;
    const extent = extentAt(parts, l1, offset, into.length - done);
    readExtent(parts, extent, offset, into.subarray(done, done + extent.lengthBytes));
    done += extent.lengthBytes;
  }
}

function readExtent(parts: ImageParts, extent: Extent, guestOffset: number, into: Uint8Array): void {
  switch (extent.kind) {
    case 'data':
      return parts.file.read(extent.hostOffset, into);
    case 'zero':
      into.fill(0);
      return;
    case 'unallocated':
      return readBacking(parts, guestOffset, into);
    case 'compressed': {
      const cluster = readCompressedCluster(parts, extent.entry!.table, extent.entry!.index);
      const start = guestOffset % parts.layout.clusterSizeBytes;
      into.set(cluster.subarray(start, start + into.length));
    }
  }
}

/**
 * Reads from the backing device. Bytes past its end read as zeroes. VM state, which a backing device never contains,
 * also reads as zeroes.
 */
function readBacking(parts: ImageParts, guestOffset: number, into: Uint8Array): void {
  const end = Math.min(parts.backing?.lengthBytes ?? 0, parts.layout.diskLengthBytes);
  const available = Math.max(0, Math.min(into.length, end - guestOffset));
  if (available > 0) parts.backing!.read(guestOffset, into.subarray(0, available));
  into.fill(0, available);
}
