import type { DiskOffset } from '../base/quantities.ts';
import type { ByteRange } from './byteRange.ts';

/**
 * The contract of a guest disk and its layers: raw images, qcow2 images, snapshot views, and the scratch layer of a
 * replay. Offsets and lengths are bytes with any alignment, within `lengthBytes` (callers check, implementations
 * assert). Calls are synchronous, and either complete or throw.
 */
export interface BlockDevice {
  /** The file name as the user knows it, for messages. */
  readonly name: string;
  readonly lengthBytes: number;
  readonly readOnly: boolean;
  read(offset: DiskOffset, into: Uint8Array): void;
  write(offset: DiskOffset, from: Uint8Array): void;
  /** Makes the range read as zeroes. */
  writeZeroes(offset: DiskOffset, lengthBytes: number): void;
  /**
   * The parts of a range that may contain nonzero bytes, in order and without overlap. Reads metadata but no data, so
   * the cost depends on the allocated bytes, not on the length of the range. A device without this information
   * returns the whole range.
   */
  dataRanges(offset: DiskOffset, lengthBytes: number): Iterable<ByteRange>;
  /** Makes all earlier writes durable. */
  flush(): void;
  close(): void;
}
