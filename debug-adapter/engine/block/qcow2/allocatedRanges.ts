import type { ByteRange } from '../byteRange.ts';
import type { EntryTable } from './entryTable.ts';
import type { ImageParts } from './imageParts.ts';
import { extentAt, type ExtentKind } from './mapping.ts';

/**
 * The parts of the disk that come from the image itself rather than from its backing file, in order. Reads the L2
 * tables but no data.
 */
export function allocatedRanges(parts: ImageParts, l1: EntryTable, diskLengthBytes: number): ByteRange[] {
  return matchingRanges(parts, l1, { offset: 0, lengthBytes: diskLengthBytes }, (kind) => kind !== 'unallocated');
}

/** The parts of a guest range whose data is stored in the image file, as offsets from the start of the range. */
export function dataRanges(parts: ImageParts, l1: EntryTable, range: ByteRange): ByteRange[] {
  return matchingRanges(parts, l1, range, (kind) => kind === 'data' || kind === 'compressed');
}

/**
 * The parts of a range that may contain nonzero bytes, in order: the image's data clusters and, where clusters are
 * unallocated, the nonzero parts of the backing device. Reads tables but no data.
 */
export function* nonZeroRanges(parts: ImageParts, l1: EntryTable, range: ByteRange): Generator<ByteRange> {
  const end = range.offset + range.lengthBytes;
  for (let offset = range.offset; offset < end;) {
    const { kind, lengthBytes } = extentAt(parts, l1, offset, end - offset);
    if (kind === 'unallocated') yield* backingRanges(parts, offset, lengthBytes);
    else if (kind !== 'zero') yield { offset, lengthBytes };
    offset += lengthBytes;
  }
}

/**
 * The parts of a range that may contain nonzero bytes in the backing device. The backing device may be shorter than
 * the disk.
 */
export function backingRanges(parts: ImageParts, offset: number, lengthBytes: number): Iterable<ByteRange> {
  const { backing, layout } = parts;
  const end = Math.min(offset + lengthBytes, backing?.lengthBytes ?? 0, layout.diskLengthBytes);
  return backing && offset < end ? backing.dataRanges(offset, end - offset) : [];
}

function matchingRanges(
  parts: ImageParts,
  l1: EntryTable,
  { offset: start, lengthBytes: total }: ByteRange,
  matches: (kind: ExtentKind) => boolean,
): ByteRange[] {
  const ranges: ByteRange[] = [];
  let offset = 0;
  while (offset < total) {
    const { kind, lengthBytes } = extentAt(parts, l1, start + offset, total - offset);
    const last = ranges.at(-1);
    if (matches(kind)) {
      if (last && last.offset + last.lengthBytes === offset) last.lengthBytes += lengthBytes;
      else ranges.push({ offset, lengthBytes });
    }
    offset += lengthBytes;
  }
  return ranges;
}
