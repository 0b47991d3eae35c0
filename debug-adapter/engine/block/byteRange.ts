/** A range of bytes on a disk. */
export interface ByteRange {
  offset: number;
  lengthBytes: number;
}

/** Whether an iterable yields no ranges. Reads at most one range from it. */
export function isEmpty(ranges: Iterable<ByteRange>): boolean {
  for (const _ of ranges) return false;
  return true;
}
