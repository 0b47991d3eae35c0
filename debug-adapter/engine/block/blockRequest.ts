import type { Position } from '../base/quantities.ts';

/**
 * What the log says of guest disk requests. The `blkreplay` filter (blkreplay.ts) tells a RequestLog of each request
 * when the guest makes it and again when it completes; a recorder writes them down, a player matches them with the
 * recording and throws a divergence at the first difference. A drive that is neither gets a log that does nothing.
 */
export type BlockOperation = 'read' | 'write' | 'flush' | 'discard' | 'writeZeroes';

export interface BlockRequest {
  /** Counts from 0 for each drive. */
  id: number;
  drive: string;
  operation: BlockOperation;
  /** Bytes; 0 for a flush. */
  offset: number;
  lengthBytes: number;
  /** When the guest made the request. */
  position: Position;
}

export type BlockStatus = 'ok' | 'ioError' | 'unsupported';

export interface BlockCompletion {
  id: number;
  drive: string;
  status: BlockStatus;
  /** Of the data read or written, as the log's `digestOf` gave it; 0n where there is none. */
  digest: bigint;
  position: Position;
}

export interface RequestLog {
  /** Of the data of a request. A log that listens to nobody says 0n. */
  digestOf(data: Uint8Array): bigint;
  blockRequest(request: BlockRequest): void;
  blockCompletion(completion: BlockCompletion): void;
}
