import type { Position } from '../base/quantities.ts';
import type { State } from '../base/state.ts';
import type { BlockOperation, BlockStatus } from './blockRequest.ts';

/**
 * A guest disk as the machine's virtio-blk sees it: every request goes through here. Implemented by the `blkreplay`
 * filter. A request is begun when the guest makes it and completed, in the order begun, when its deterministic
 * latency has passed: the file IO happens at completion, synchronously.
 */
export interface Drive {
  readonly id: string;
  readonly lengthBytes: number;
  readonly readOnly: boolean;
  /** The guest made a request. Returns its id (0, 1, 2, ... for each drive). */
  begin(request: { position: Position; operation: BlockOperation; offset: number; lengthBytes: number }): number;
  /**
   * Does it. `data` is filled by a read, taken by a write, and empty otherwise. Requests outside the drive and writes
   * to a read-only one complete with `ioError`; they never throw. Host errors throw and never become outcomes.
   */
  complete(request: { position: Position; id: number; data: Uint8Array }): BlockStatus;
  /** XXH64-based digest of every byte the guest can see on this drive. Costs only what changed since the last call. */
  digest(): bigint;
  /** The filter's own state (next id, requests begun and not completed), with the machine's. */
  saveState(): State;
  loadState(state: State): void;
}
