import type { ByteRange } from '../byteRange.ts';
import type { ImageParts } from './imageParts.ts';
import { extentAt, type ExtentKind } from './mapping.ts';

/** A part of the disk whose clusters are all of the same kind. A data extent is contiguous in the file. */
export interface DiskExtent {
  offset: number;
  lengthBytes: number;
  kind: ExtentKind;
  /** The offset in the image file. Present for `data`, and for `zero` if the clusters are preallocated. */
  hostOffset?: number;
}

/** The extents of a disk range, in order. Adjacent extents may be of the same kind. Reads the L2 tables but no data. */
export function* diskExtents(parts: ImageParts, range: ByteRange): Generator<DiskExtent> {
  const end = range.offset + range.lengthBytes;
  for (let offset = range.offset; offset < end;) {
    const { kind, lengthBytes, hostOffset } = extentAt(parts, parts.l1, offset, end - offset);
    yield { offset, lengthBytes, kind, ...(hostOffset !== 0 ? { hostOffset } : {}) };
    offset += lengthBytes;
  }
}
