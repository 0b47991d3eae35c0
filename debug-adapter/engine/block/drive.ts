import type { Position } from '../base/quantities.ts';
import type { Stateful } from '../base/stateCodec.ts';
import type { BlockOperation, BlockStatus } from './blockRequest.ts';

/**
 * A guest disk as the virtio-blk device sees it. Every disk request passes through this interface, which the
 * `blkreplay` filter implements. A request begins when the guest makes it and completes after a deterministic latency;
 * requests complete in the order in which they began. The file I/O happens synchronously when the request completes.
 *
 * The saved state contains the next id and the requests in flight.
 */
export interface Drive extends Stateful {
  readonly id: string;
  readonly lengthBytes: number;
  readonly readOnly: boolean;
  /** Records that the guest made a request. Returns the request's id. The ids of each drive are numbered from 0. */
  begin(request: { position: Position; operation: BlockOperation; offset: number; lengthBytes: number }): number;
  /**
   * Performs the request. A read fills `data`, a write stores `data` on the disk, and for all other operations `data`
   * is empty. A request outside the drive or a write to a read-only drive completes with `ioError` and never throws. A
   * host error is always thrown and never returned as a status.
   */
  complete(request: { position: Position; id: number; data: Uint8Array }): BlockStatus;
  /**
   * A digest, based on XXH64, of all bytes that the guest can read from this drive. Hashes only the blocks that
   * changed since the last call.
   */
  digest(): bigint;
}
