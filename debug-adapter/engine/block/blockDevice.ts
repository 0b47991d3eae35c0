import type { DiskOffset } from '../base/quantities.ts';
import type { ByteRange } from './byteRange.ts';

/**
 * The interface of a guest disk and of each layer below it: raw images, qcow2 images, snapshot views, and the scratch
 * layer of a replay. Offsets and lengths are in bytes and need not be aligned. A range must lie within `lengthBytes`:
 * callers check this, and implementations assert it. All calls are synchronous; a call either completes or throws.
 */
export interface BlockDevice {
  /** The file name as the user typed it, for messages. */
  readonly name: string;
  readonly lengthBytes: number;
  readonly readOnly: boolean;
  read(offset: DiskOffset, into: Uint8Array): void;
  write(offset: DiskOffset, from: Uint8Array): void;
  /** Makes the range read as zeroes. */
  writeZeroes(offset: DiskOffset, lengthBytes: number): void;
  /**
   * The parts of a range that may contain nonzero bytes, in order and without overlap. Only metadata is read, so the
   * cost depends on how many bytes are allocated, not on the length of the range. A device without such metadata
   * returns the whole range.
   */
  dataRanges(offset: DiskOffset, lengthBytes: number): Iterable<ByteRange>;
  /** Makes all earlier writes durable. */
  flush(): void;
  close(): void;
}
