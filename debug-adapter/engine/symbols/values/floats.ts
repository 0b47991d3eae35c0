import { halfBits, halfValue } from '../../base/halfFloat.ts';
import { Quadruple } from './quadruple.ts';
import { fromBytes, toBytes } from '../littleEndian.ts';
import { valueTexts } from '../../../messages/symbols.ts';

/** The shortest decimal representation that uniquely identifies the number. */
export function floatText(bytes: Uint8Array): string {
  const number = readFloat(bytes);
  if (number === undefined) return valueTexts.unknownFloat();
  if (number instanceof Quadruple) {
    if (number.isNaN) return notANumberText(bytes);
    return number.isFinite ? `${number}` : `${number.toNumber()}`.replace('Infinity', 'inf');
  }
  if (Number.isNaN(number)) return notANumberText(bytes);
  if (!Number.isFinite(number)) return number < 0 ? '-inf' : 'inf';
  if (Object.is(number, -0)) return '-0';
  if (bytes.length === 2) return `${shortest(number, (candidate) => halfValue(halfBits(candidate)))}`;
  return bytes.length === 4 ? `${shortest(number, Math.fround)}` : `${number}`;
}

/**
 * Reads a half-, single-, double- or quadruple-precision (long double) IEEE 754 number; undefined for other sizes.
 */
export function readFloat(bytes: Uint8Array): number | Quadruple | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length === 2) return halfValue(view.getUint16(0, true));
  if (bytes.length === 4) return view.getFloat32(0, true);
  if (bytes.length === 8) return view.getFloat64(0, true);
  return bytes.length === 16 ? new Quadruple(fromBytes(bytes)) : undefined;
}

export function floatBytes(number: number | Quadruple, sizeBytes: number): Uint8Array | undefined {
  if (sizeBytes === 16) return toBytes(Quadruple.from(number).bits, 16);
  const value = number instanceof Quadruple ? number.toNumber() : number;
  const bytes = new Uint8Array(sizeBytes);
  const view = new DataView(bytes.buffer);
  if (sizeBytes === 2) view.setUint16(0, halfBits(value), true);
  else if (sizeBytes === 4) view.setFloat32(0, value, true);
  else if (sizeBytes === 8) view.setFloat64(0, value, true);
  else return undefined;
  return bytes;
}

/**
 * Truncates a number to a 64-bit integer, as gdb does (host_float_ops::to_longest). If the value is out of range, the
 * result is the nearest 64-bit integer; for NaN, it is the largest one.
 */
export function truncated(value: number | Quadruple): bigint {
  const number = value instanceof Quadruple ? value.toNumber() : value;
  if (number >= -(2 ** 63) && number < 2 ** 63) {
    return value instanceof Quadruple ? value.toInteger() : BigInt(Math.trunc(number));
  }
  return number < 0 ? -(1n << 63n) : (1n << 63n) - 1n;
}

/** NaN with its fraction bits, as in gdb: `nan(0x8000000000000)`. */
function notANumberText(bytes: Uint8Array): string {
  const bits = fromBytes(bytes);
  const fractionBits = FRACTION_BITS[bytes.length];
  const fraction = bits & ((1n << BigInt(fractionBits)) - 1n);
  const sign = bits >> BigInt(bytes.length * 8 - 1) ? '-' : '';
  return `${sign}nan(0x${fraction.toString(16)})`;
}

/** The number of fraction bits, indexed by the number's size in bytes. */
const FRACTION_BITS: Record<number, number> = { 2: 10, 4: 23, 8: 52, 16: 112 };

function shortest(number: number, rounded: (candidate: number) => number): number {
  for (let digits = 1; digits < 9; digits++) {
    const candidate = Number(number.toPrecision(digits));
    if (rounded(candidate) === number) return candidate;
  }
  return Number(number.toPrecision(9));
}
