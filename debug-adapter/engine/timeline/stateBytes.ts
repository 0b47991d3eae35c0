import type { StateValue } from '../base/state.ts';

/**
 * The approximate memory use of a machine state, in bytes: V8 needs 8 bytes per field, and more for values that are
 * not small integers.
 */
export function stateBytes(value: StateValue): number {
  if (typeof value === 'string') return STRING_BYTES + value.length;
  if (typeof value !== 'object') return NUMBER_BYTES;
  if (value instanceof Uint8Array) return ARRAY_BYTES + value.length;
  const values = Array.isArray(value) ? value : Object.values(value);
  return values.reduce((sum: number, field) => sum + FIELD_BYTES + stateBytes(field), OBJECT_BYTES);
}

const FIELD_BYTES = 8;
const NUMBER_BYTES = 24;
const STRING_BYTES = 24;
const OBJECT_BYTES = 64;
const ARRAY_BYTES = 512;
