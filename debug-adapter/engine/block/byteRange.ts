/** A range of bytes on a disk. */
export interface ByteRange {
  offset: number;
  lengthBytes: number;
}

/** Whether there are no ranges. Takes at most one from the iterable. */
export function isEmpty(ranges: Iterable<ByteRange>): boolean {
  for (const _ of ranges) return false;
  return true;
}
