export type StateValue =
  number | bigint | boolean | string | Uint8Array | StateValue[] | { [field: string]: StateValue };

/**
 * Saved state: named fields with plain values. Every device and hart saves and loads its state in this form. Snapshots,
 * digests and the save-and-load tests use it. `cbor.ts` encodes equal states as equal bytes.
 */
export type State = { [field: string]: StateValue };

/** Implemented by every part of the machine that has state. */
export interface Stateful {
  saveState(): State;
  /** Loads a state that `saveState` returned in the same format version. */
  loadState(state: State): void;
}
