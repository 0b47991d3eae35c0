import { decodeState, encodeCbor } from '../base/cbor.ts';
import type { State } from '../base/state.ts';

/**
 * A machine's state in memory. A state that is kept for a long time is packed as CBOR into one buffer, because
 * otherwise it would consist of several hundred objects, which V8 would not collect until much later. A state that is
 * needed only briefly is not packed, to save time.
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

  /**
   * The memory that the packed state uses, including several hundred bytes of V8 and allocator overhead for the buffer;
   * 0 if the state is not packed.
   */
  get packedBytes(): number {
    return this.saved instanceof Uint8Array ? this.saved.length + BUFFER_OVERHEAD_BYTES : 0;
  }

  get state(): State {
    const { saved } = this;
    if (!(saved instanceof Uint8Array)) return saved;
    // Keep the last unpacked state, because repeated steps back restore the same snapshot each time.
    if (unpacked?.bytes !== saved) unpacked = { bytes: saved, state: decodeState(saved) };
    return unpacked.state;
  }
}

let unpacked: { bytes: Uint8Array; state: State } | undefined;

const BUFFER_OVERHEAD_BYTES = 512;
