/** A range of bytes on a disk. */
export interface ByteRange {
  offset: number;
  lengthBytes: number;
}

/** Whether there are no ranges. Reads only the first. */
export function isEmpty(ranges: Iterable<ByteRange>): boolean {
  for (const _ of ranges) return false;
  return true;
}
