import type { Position } from '../base/quantities.ts';
import type { State } from '../base/state.ts';
import type { BlockOperation, BlockStatus } from './blockRequest.ts';

/**
 * A guest disk as virtio-blk sees it; every request passes through it. Implemented by the `blkreplay` filter. A
 * request begins when the guest makes it and completes after its deterministic latency, in the order in which
 * requests began. The file I/O happens at completion, synchronously.
 */
export interface Drive {
  readonly id: string;
  readonly lengthBytes: number;
  readonly readOnly: boolean;
  /** Records that the guest made a request. Returns its id (0, 1, 2, ... on each drive). */
  begin(request: { position: Position; operation: BlockOperation; offset: number; lengthBytes: number }): number;
  /**
   * Performs the request. A read fills `data`, a write takes it; otherwise it is empty. Requests outside the drive,
   * and writes to a read-only drive, complete with `ioError`; they never throw. Host errors throw and never become a
   * status.
   */
  complete(request: { position: Position; id: number; data: Uint8Array }): BlockStatus;
  /**
   * An XXH64-based digest of all bytes that the guest can see on this drive. Rehashes only what changed since the
   * last call.
   */
  digest(): bigint;
  /** The state of the filter (next id, requests in flight), saved with the machine. */
  saveState(): State;
  loadState(state: State): void;
}
