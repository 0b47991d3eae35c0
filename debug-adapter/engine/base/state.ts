export type StateValue =
  number | bigint | boolean | string | Uint8Array | StateValue[] | { [field: string]: StateValue };

/**
 * Saved state: named fields with plain values. Every device and hart saves and loads its state in this form. The fields
 * are described by a codec (see `stateCodec.ts`). `cbor.ts` encodes equal states as equal bytes.
 */
export type State = { [field: string]: StateValue };
