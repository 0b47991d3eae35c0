import type { ByteRange } from '../byteRange.ts';
import type { EntryTable } from './entryTable.ts';
import type { ImageParts } from './imageParts.ts';
import { extentAt, type ExtentKind } from './mapping.ts';

/** The parts of the disk that do not show the backing device, in order. Reads the L2 tables, no data. */
export function allocatedRanges(parts: ImageParts, l1: EntryTable, diskLengthBytes: number): ByteRange[] {
  return rangesOf(parts, l1, { offset: 0, lengthBytes: diskLengthBytes }, (kind) => kind !== 'unallocated');
}

/** The parts of a range that have bytes of their own in the file, as offsets in that range. */
export function dataRanges(parts: ImageParts, l1: EntryTable, range: ByteRange): ByteRange[] {
  return rangesOf(parts, l1, range, (kind) => kind === 'data' || kind === 'compressed');
}

function rangesOf(
  parts: ImageParts,
  l1: EntryTable,
  { offset: start, lengthBytes: total }: ByteRange,
  isWanted: (kind: ExtentKind) => boolean,
): ByteRange[] {
  const ranges: ByteRange[] = [];
  let offset = 0;
  while (offset < total) {
    const { kind, lengthBytes } = extentAt(parts, l1, start + offset, total - offset);
    const last = ranges.at(-1);
    if (isWanted(kind)) {
      if (last && last.offset + last.lengthBytes === offset) last.lengthBytes += lengthBytes;
      else ranges.push({ offset, lengthBytes });
    }
    offset += lengthBytes;
  }
  return ranges;
}
