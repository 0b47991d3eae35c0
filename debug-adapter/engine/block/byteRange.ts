/** A range of a disk's bytes, for telling where something lies or may have changed. */
export interface ByteRange {
  offset: number;
  lengthBytes: number;
}
