import { assert } from '../../base/assert.ts';

/**
 * 64-bit big-endian fields as numbers. A value from 2^53 on loses its last bits here; a place in the file is compared
 * with the file's length, which such a value always exceeds, and nothing that was read so is written back.
 */
export function readU64(view: DataView, offset: number): number {
  return view.getUint32(offset) * 2 ** 32 + view.getUint32(offset + 4);
}

export function writeU64(view: DataView, offset: number, value: number): void {
  assert(Number.isSafeInteger(value) && value >= 0, 'a number that a 64-bit field has room for');
  view.setUint32(offset, Math.floor(value / 2 ** 32));
  view.setUint32(offset + 4, value >>> 0);
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
