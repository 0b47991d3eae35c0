import type { ByteRange } from '../byteRange.ts';
import type { EntryTable } from './entryTable.ts';
import type { ImageParts } from './imageParts.ts';
import { extentAt } from './mapping.ts';

/** The parts of the disk that do not show the backing device, in order. Reads the L2 tables, no data. */
export function allocatedRanges(parts: ImageParts, l1: EntryTable, diskLengthBytes: number): ByteRange[] {
  const ranges: ByteRange[] = [];
  let offset = 0;
  while (offset < diskLengthBytes) {
    const { kind, lengthBytes } = extentAt(parts, l1, offset, diskLengthBytes - offset);
    const last = ranges.at(-1);
    if (kind !== 'unallocated') {
      if (last && last.offset + last.lengthBytes === offset) last.lengthBytes += lengthBytes;
      else ranges.push({ offset, lengthBytes });
    }
    offset += lengthBytes;
  }
  return ranges;
}
