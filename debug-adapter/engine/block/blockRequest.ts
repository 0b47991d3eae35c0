import type { Position } from '../base/quantities.ts';

export type BlockOperation = 'read' | 'write' | 'flush' | 'discard' | 'writeZeroes';

export interface BlockRequest {
  /** The number of the request, counted from 0 on each drive. */
  id: number;
  drive: string;
  operation: BlockOperation;
  /** The start in bytes; 0 for a flush. */
  offset: number;
  lengthBytes: number;
  /** The position at which the guest made the request. */
  position: Position;
}

export type BlockStatus = 'ok' | 'ioError' | 'unsupported';

export interface BlockCompletion {
  id: number;
  drive: string;
  status: BlockStatus;
  /** The digest of the data read or written, from the log's `digestOf`; 0n without data. */
  digest: bigint;
  position: Position;
}

/**
 * The log of guest disk requests. The `blkreplay` filter (blkreplay.ts) reports each request when the guest makes it
 * and again when it completes. A recorder stores the reports; a player compares them with the recording and throws a
 * divergence at the first difference. Drives that are neither recorded nor replayed have a log that does nothing.
 */
export interface RequestLog {
  /** The digest of a request's data. A log that does not use digests returns 0n. */
  digestOf(data: Uint8Array): bigint;
  blockRequest(request: BlockRequest): void;
  blockCompletion(completion: BlockCompletion): void;
}
