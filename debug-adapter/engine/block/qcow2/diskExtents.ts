import type { ByteRange } from '../byteRange.ts';
import type { ImageParts } from './imageParts.ts';
import { extentAt, type ExtentKind } from './mapping.ts';

/** A part of the disk that is of one sort throughout, and lies in one piece in the file where it is data. */
export interface DiskExtent {
  offset: number;
  lengthBytes: number;
  kind: ExtentKind;
  /** In the image's file: of `data`, and of `zero` where a cluster is kept for it. */
  hostOffset?: number;
}

/** A range of the disk, in order. Neighbours may be of one kind. Reads the L2 tables, no data. */
export function* diskExtents(parts: ImageParts, range: ByteRange): Generator<DiskExtent> {
  const end = range.offset + range.lengthBytes;
  for (let offset = range.offset; offset < end;) {
    const { kind, lengthBytes, hostOffset } = extentAt(parts, parts.l1, offset, end - offset);
    yield { offset, lengthBytes, kind, ...(hostOffset !== 0 ? { hostOffset } : {}) };
    offset += lengthBytes;
  }
}
