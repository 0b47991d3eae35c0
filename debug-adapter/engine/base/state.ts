/**
 * The shape of saved state: named fields of plain values. Every device and hart gives its state as one of these and
 * takes it back; snapshots, digests and the save-load-save tests all work on this one shape. `cbor.ts` turns it into
 * bytes, the same bytes for the same state.
 */
export type StateValue =
  number | bigint | boolean | string | Uint8Array | StateValue[] | { [field: string]: StateValue };

export type State = { [field: string]: StateValue };

/** Implemented by everything whose state belongs to the machine. */
export interface Stateful {
  saveState(): State;
  /** Takes what `saveState` of the same format version gave. */
  loadState(state: State): void;
}
