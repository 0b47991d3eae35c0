import type { DiskOffset } from '../base/quantities.ts';
import type { ByteRange } from './byteRange.ts';

/**
 * The contract of everything that can be a guest disk or part of one: raw images, qcow2 images, snapshot views, the
 * scratch layer of a replay. Offsets and lengths are bytes, any alignment, inside `lengthBytes` (callers check; an
 * implementation asserts). Calls are synchronous and either happen completely or throw.
 */
export interface BlockDevice {
  /** For messages: the file the user knows. */
  readonly name: string;
  readonly lengthBytes: number;
  readonly readOnly: boolean;
  read(offset: DiskOffset, into: Uint8Array): void;
  write(offset: DiskOffset, from: Uint8Array): void;
  /** The range reads as zeroes afterwards. */
  writeZeroes(offset: DiskOffset, lengthBytes: number): void;
  /**
   * Where a range may hold something else than zeroes: in order, not overlapping. Reads tables and no data, and costs
   * what is allocated, not what the range is long. A device that cannot tell gives the whole range.
   */
  dataRanges(offset: DiskOffset, lengthBytes: number): Iterable<ByteRange>;
  /** Everything written before is durable afterwards. */
  flush(): void;
  close(): void;
}
