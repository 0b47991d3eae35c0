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

/** All of the disk, in order. Neighbours may be of one kind. Reads the L2 tables, no data. */
export function* diskExtents(parts: ImageParts): Generator<DiskExtent> {
  const { diskLengthBytes } = parts.layout;
  for (let offset = 0; offset < diskLengthBytes;) {
    const { kind, lengthBytes, hostOffset } = extentAt(parts, parts.l1, offset, diskLengthBytes - offset);
    yield { offset, lengthBytes, kind, ...(hostOffset !== 0 ? { hostOffset } : {}) };
    offset += lengthBytes;
  }
}
