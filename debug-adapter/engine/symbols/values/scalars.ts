import { halfBits, halfValue } from '../../base/halfFloat.ts';
import { fromBytes } from './storage.ts';
import { valueTexts } from '../../../messages/symbols.ts';

/** A character as a number and as text: `65 'A'`, `-5 '\373'`. */
export function characterText(number: bigint): string {
  const byte = Number(BigInt.asUintN(8, number));
  return `${number} '${byte === 0x27 ? "\\'" : escaped(byte)}'`;
}

/** Quotes a string, with C escapes. */
export function quoted(bytes: Uint8Array): string {
  let text = '"';
  for (const byte of bytes) text += byte === 0x22 ? '\\"' : escaped(byte);
  return text + '"';
}

function escaped(byte: number): string {
  const short = SHORT_ESCAPES[byte];
  if (short) return short;
  if (byte >= 0x20 && byte < 0x7f) return String.fromCharCode(byte);
  return '\\' + byte.toString(8).padStart(3, '0');
}

/** The string at an address, quoted; undefined if its first byte is unreadable. */
export function readString(
  address: bigint,
  read: (address: bigint, lengthBytes: number) => Uint8Array | undefined,
): string | undefined {
  const bytes: number[] = [];
  for (;;) {
    const at = address + BigInt(bytes.length);
    const chunk = readChunk(at, read);
    if (!chunk) return bytes.length > 0 ? `${quoted(new Uint8Array(bytes))}…` : undefined;
    const end = chunk.indexOf(0);
    bytes.push(...(end < 0 ? chunk : chunk.subarray(0, end)));
    if (end >= 0 && bytes.length <= STRING_MAX) return quoted(new Uint8Array(bytes));
    if (bytes.length > STRING_MAX) return `${quoted(new Uint8Array(bytes.slice(0, STRING_MAX)))}…`;
  }
}

/**
 * Reads up to the next aligned address, so that reading a string at the end of a page does not access the next page. At
 * the end of memory, it reads fewer bytes.
 */
function readChunk(
  address: bigint,
  read: (address: bigint, lengthBytes: number) => Uint8Array | undefined,
): Uint8Array | undefined {
  for (let length = CHUNK - Number(address % BigInt(CHUNK)); length > 0; length >>= 1) {
    const chunk = read(address, length);
    if (chunk) return chunk;
  }
  return undefined;
}

/** The shortest decimal representation that uniquely identifies the number. */
export function floatText(bytes: Uint8Array): string {
  const number = readFloat(bytes);
  if (number === undefined) return valueTexts.unknownFloat();
  if (Number.isNaN(number)) return 'nan';
  if (!Number.isFinite(number)) return number < 0 ? '-inf' : 'inf';
  if (Object.is(number, -0)) return '-0';
  if (bytes.length === 2) return `${shortest(number, (candidate) => halfValue(halfBits(candidate)))}`;
  return bytes.length === 4 ? `${shortest(number, Math.fround)}` : `${number}`;
}

/**
 * Reads a half-, single-, double- or quadruple-precision (long double) IEEE 754 number. Quadruple precision is rounded
 * to double.
 */
export function readFloat(bytes: Uint8Array): number | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length === 2) return halfValue(view.getUint16(0, true));
  if (bytes.length === 4) return view.getFloat32(0, true);
  if (bytes.length === 8) return view.getFloat64(0, true);
  return bytes.length === 16 ? readQuadruple(fromBytes(bytes)) : undefined;
}

export function floatBytes(number: number, sizeBytes: number): Uint8Array | undefined {
  const bytes = new Uint8Array(sizeBytes);
  const view = new DataView(bytes.buffer);
  if (sizeBytes === 2) view.setUint16(0, halfBits(number), true);
  else if (sizeBytes === 4) view.setFloat32(0, number, true);
  else if (sizeBytes === 8) view.setFloat64(0, number, true);
  else return undefined;
  return bytes;
}

function readQuadruple(bits: bigint): number {
  const sign = bits >> 127n ? -1 : 1;
  const exponent = Number((bits >> 112n) & 0x7fffn);
  const fraction = Number(bits & ((1n << 112n) - 1n)) / 2 ** 112;
  if (exponent === 0x7fff) return fraction === 0 ? sign * Infinity : NaN;
  if (exponent === 0) return sign * 0;
  return sign * (1 + fraction) * 2 ** (exponent - 16383);
}

function shortest(number: number, rounded: (candidate: number) => number): number {
  for (let digits = 1; digits < 9; digits++) {
    const candidate = Number(number.toPrecision(digits));
    if (rounded(candidate) === number) return candidate;
  }
  return Number(number.toPrecision(9));
}

const SHORT_ESCAPES: Record<number, string | undefined> = {
  0x07: '\\a',
  0x08: '\\b',
  0x09: '\\t',
  0x0a: '\\n',
  0x0b: '\\v',
  0x0c: '\\f',
  0x0d: '\\r',
  0x1b: '\\033',
  0x5c: '\\\\',
};
const CHUNK = 64;
const STRING_MAX = 200;
