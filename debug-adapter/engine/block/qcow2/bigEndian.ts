import { assert } from '../../base/assert.ts';

/**
 * Reads a 64-bit big-endian field as a number. Values of 2^53 and above lose precision. This is harmless: as offsets,
 * they always exceed the file's length and are rejected, and values read by this function are never written back.
 */
export function readU64(view: DataView, offset: number): number {
  return view.getUint32(offset) * 2 ** 32 + view.getUint32(offset + 4);
}

export function writeU64(view: DataView, offset: number, value: number): void {
  assert(Number.isSafeInteger(value) && value >= 0, 'a 64-bit field requires a nonnegative safe integer');
  view.setUint32(offset, Math.floor(value / 2 ** 32));
  view.setUint32(offset + 4, value >>> 0);
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
