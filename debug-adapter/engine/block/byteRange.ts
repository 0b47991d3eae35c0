/** A range of a disk's bytes, for telling where something lies or may have changed. */
export interface ByteRange {
  offset: number;
  lengthBytes: number;
}

/** Whether there is none. Looks at the first only. */
export function isEmpty(ranges: Iterable<ByteRange>): boolean {
  for (const _ of ranges) return false;
  return true;
}
