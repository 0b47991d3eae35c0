export type StateValue =
  number | bigint | boolean | string | Uint8Array | StateValue[] | { [field: string]: StateValue };

/**
 * Saved state: named fields of plain values. Every device and hart saves and loads its state in this form, and
 * snapshots, digests and the save-and-load tests work on it. `cbor.ts` encodes equal states as equal bytes.
 */
export type State = { [field: string]: StateValue };

/** Implemented by every part of the machine that has state. */
export interface Stateful {
  saveState(): State;
  /** Loads what `saveState` of the same format version returned. */
  loadState(state: State): void;
}
