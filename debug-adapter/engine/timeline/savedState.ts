import { decodeState, encodeCbor } from '../base/cbor.ts';
import type { State } from '../base/state.ts';

/**
 * A machine's state in memory. A state that is kept for long is packed: as CBOR it is one buffer instead of some hundred
 * objects, which V8 would collect late. A state that is needed only briefly is not packed, which costs nothing.
 */
export class SavedState {
  private saved: State | Uint8Array;

  constructor(state: State) {
    this.saved = state;
  }

  pack(): this {
    if (!(this.saved instanceof Uint8Array)) this.saved = encodeCbor(this.saved);
    return this;
  }

  /** What it takes in memory once it is packed: V8 and the allocator have some hundred bytes for each buffer. */
  get packedBytes(): number {
    return this.saved instanceof Uint8Array ? this.saved.length + BUFFER_OVERHEAD_BYTES : 0;
  }

  get state(): State {
    const { saved } = this;
    if (!(saved instanceof Uint8Array)) return saved;
    // Repeated steps back restore the same snapshot again and again.
    if (unpacked?.bytes !== saved) unpacked = { bytes: saved, state: decodeState(saved) };
    return unpacked.state;
  }
}

let unpacked: { bytes: Uint8Array; state: State } | undefined;

const BUFFER_OVERHEAD_BYTES = 512;
