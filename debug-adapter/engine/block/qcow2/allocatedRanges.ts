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

/**
 * Where a part of the disk may hold something else than zeroes: the image's data, and where it has none the backing
 * device's. In order, reading tables only.
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

/** Where the backing device, as far as it reaches, may show something else than zeroes in this part of the disk. */
export function backingRanges(parts: ImageParts, offset: number, lengthBytes: number): Iterable<ByteRange> {
  const { backing, layout } = parts;
  const reach = Math.min(offset + lengthBytes, backing?.lengthBytes ?? 0, layout.diskLengthBytes);
  return backing && offset < reach ? backing.dataRanges(offset, reach - offset) : [];
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
