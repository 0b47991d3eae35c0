import type { Position } from '../base/quantities.ts';

export const BLOCK_OPERATIONS = ['read', 'write', 'flush', 'discard', 'writeZeroes'] as const;
export type BlockOperation = (typeof BLOCK_OPERATIONS)[number];

export interface BlockRequest {
  /** The number of the request. The requests of each drive are numbered from 0. */
  id: number;
  drive: string;
  operation: BlockOperation;
  /** The disk offset at which the request starts; 0 for a flush. */
  offset: number;
  lengthBytes: number;
  /** The position at which the guest made the request. */
  position: Position;
}

export const BLOCK_STATUSES = ['ok', 'ioError', 'unsupported'] as const;
export type BlockStatus = (typeof BLOCK_STATUSES)[number];

export interface BlockCompletion {
  id: number;
  drive: string;
  status: BlockStatus;
  /**
   * The digest of the data that was read or written, computed by the log's `digestOf`; 0n if the request transfers no
   * data.
   */
  digest: bigint;
  position: Position;
}

/**
 * Receives a report of each guest disk request: the `blkreplay` filter (blkreplay.ts) reports a request when the guest
 * makes it and again when it completes. A recorder stores the reports. A player compares them with the recording and
 * throws a divergence error at the first difference. Drives that are neither recorded nor replayed use a log that does
 * nothing.
 */
export interface RequestLog {
  /** The digest of a request's data. A log that does not use digests returns 0n. */
  digestOf(data: Uint8Array): bigint;
  blockRequest(request: BlockRequest): void;
  blockCompletion(completion: BlockCompletion): void;
}
