import type { State, StateValue } from './state.ts';
import { stateDamage } from '../../messages/stateDamage.ts';

export class CborError extends Error {
  override name = 'CborError';
}

const MAJOR = { unsigned: 0, negative: 1, bytes: 2, text: 3, array: 4, map: 5, tag: 6, simple: 7 } as const;
const TAG_BIGNUM = 2;
const TAG_NEGATIVE_BIGNUM = 3;
const SIMPLE_FALSE = 20;
const SIMPLE_TRUE = 21;
const FLOAT64 = 27;

/**
 * Encodes state as CBOR (RFC 8949). The encoding is deterministic: equal states produce equal bytes. Numbers are
 * encoded as integers or 64-bit floats. Bigints are always encoded as bignums (tags 2 and 3), even if they are small,
 * so that each value decodes to its original type. Map keys are sorted. The decoder accepts only what the encoder
 * produces. For any other input, it throws a CborError that contains the offset of the problem; the caller adds the
 * damaged file's name.
 */
export function encodeCbor(value: StateValue): Uint8Array<ArrayBuffer> {
  const out = new Writer(sharedBuffer);
  write(out, value);
  if (out.bytes.length <= SHARED_BYTES_MAX) sharedBuffer = out.bytes;
  return out.bytes.slice(0, out.length);
}

/**
 * All calls encode into one shared buffer. Time travel encodes several states at each stop, so a new buffer for each
 * call would create a lot of garbage.
 */
let sharedBuffer = new Uint8Array(1024);
const SHARED_BYTES_MAX = 64 << 10;

class Writer {
  bytes: Uint8Array<ArrayBuffer>;
  length = 0;

  constructor(buffer: Uint8Array<ArrayBuffer>) {
    this.bytes = buffer;
  }

  reserve(count: number): number {
    const at = this.length;
    this.length += count;
    if (this.length > this.bytes.length) {
      const larger = new Uint8Array(Math.max(this.length, this.bytes.length * 2));
      larger.set(this.bytes);
      this.bytes = larger;
    }
    return at;
  }

  head(major: number, value: number): void {
    const first = major << 5;
    if (value < 24) this.put(first | value, 0, 0);
    else if (value < 0x100) this.put(first | 24, 1, value);
    else if (value < 0x1_0000) this.put(first | 25, 2, value);
    else if (value < 0x1_0000_0000) this.put(first | 26, 4, value);
    else this.put(first | 27, 8, value);
  }

  append(from: Uint8Array): void {
    const at = this.reserve(from.length);
    this.bytes.set(from, at);
  }

  private put(first: number, size: number, value: number): void {
    // Space must be reserved first, because reserving space may replace `bytes`.
    let at = this.reserve(1 + size);
    this.bytes[at++] = first;
    for (let i = size - 1; i >= 0; i--) this.bytes[at++] = Math.floor(value / 2 ** (8 * i)) & 0xff;
  }
}

function write(out: Writer, value: StateValue): void {
  switch (typeof value) {
    case 'number':
      return writeNumber(out, value);
    case 'bigint':
      return writeBigint(out, value);
    case 'boolean':
      return out.head(MAJOR.simple, value ? SIMPLE_TRUE : SIMPLE_FALSE);
    case 'string':
      return writeText(out, value);
    default:
      return writeStructure(out, value);
  }
}

function writeNumber(out: Writer, value: number): void {
  if (Number.isSafeInteger(value) && !Object.is(value, -0)) {
    return value >= 0 ? out.head(MAJOR.unsigned, value) : out.head(MAJOR.negative, -1 - value);
  }
  const at = out.reserve(9);
  out.bytes[at] = (MAJOR.simple << 5) | FLOAT64;
  new DataView(out.bytes.buffer).setFloat64(at + 1, value);
}

function writeBigint(out: Writer, value: bigint): void {
  out.head(MAJOR.tag, value >= 0n ? TAG_BIGNUM : TAG_NEGATIVE_BIGNUM);
  const magnitude = value >= 0n ? value : -1n - value;
  if (magnitude <= 0xffff_ffff_ffff_ffffn) return writeWord(out, magnitude);
  const digits: number[] = [];
  for (let rest = magnitude; rest > 0n; rest >>= 8n) digits.unshift(Number(rest & 0xffn));
  out.head(MAJOR.bytes, digits.length);
  out.append(Uint8Array.from(digits));
}

/** Writes the bytes of a bignum that fits in 64 bits (the common case) without creating an array. */
function writeWord(out: Writer, magnitude: bigint): void {
  wordView.setBigUint64(0, magnitude);
  let zeroes = 0;
  while (zeroes < 8 && word[zeroes] === 0) zeroes++;
  out.head(MAJOR.bytes, 8 - zeroes);
  let at = out.reserve(8 - zeroes);
  for (let i = zeroes; i < 8; i++) out.bytes[at++] = word[i];
}

const word = new Uint8Array(8);
const wordView = new DataView(word.buffer);

function writeText(out: Writer, text: string): void {
  if (isAscii(text)) {
    out.head(MAJOR.text, text.length);
    let at = out.reserve(text.length);
    for (let i = 0; i < text.length; i++) out.bytes[at++] = text.charCodeAt(i);
    return;
  }
  const bytes = new TextEncoder().encode(text);
  out.head(MAJOR.text, bytes.length);
  out.append(bytes);
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) >= 0x80) return false;
  return true;
}

function writeStructure(out: Writer, value: StateValue[] | Uint8Array | State): void {
  if (value instanceof Uint8Array) {
    out.head(MAJOR.bytes, value.length);
    out.append(value);
  } else if (Array.isArray(value)) {
    out.head(MAJOR.array, value.length);
    for (const item of value) write(out, item);
  } else {
    const names = Object.keys(value).sort();
    out.head(MAJOR.map, names.length);
    for (const name of names) {
      writeText(out, name);
      write(out, value[name]);
    }
  }
}

// --- decoding --------------------------------------------------------------------------------------------------------

/** States are nested fewer than 8 levels deep. The limit prevents damaged input from overflowing the stack. */
const MAX_DEPTH = 32;

export function decodeCbor(bytes: Uint8Array): StateValue {
  const reader = new Reader(bytes);
  const value = read(reader, 0);
  if (reader.at !== bytes.length) throw new CborError(stateDamage.extraBytes(bytes.length - reader.at));
  return value;
}

class Reader {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  at = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  take(count: number): number {
    const at = this.at;
    if (count > this.bytes.length - at) throw new CborError(stateDamage.truncated(at));
    this.at += count;
    return at;
  }

  argument(low: number): number {
    if (low < 24) return low;
    if (low === 24) return this.bytes[this.take(1)];
    if (low === 25) return this.view.getUint16(this.take(2));
    if (low === 26) return this.view.getUint32(this.take(4));
    if (low !== 27) throw new CborError(stateDamage.lengthForm(this.at - 1));
    const at = this.take(8);
    return this.view.getUint32(at) * 0x1_0000_0000 + this.view.getUint32(at + 4);
  }

  slice(length: number): Uint8Array {
    const at = this.take(length);
    return this.bytes.slice(at, at + length);
  }
}

function read(reader: Reader, depth: number): StateValue {
  if (depth > MAX_DEPTH) throw new CborError(stateDamage.tooDeep(reader.at));
  const head = reader.bytes[reader.take(1)];
  const major = head >> 5;
  const low = head & 31;
  if (major === MAJOR.simple) return readSimple(reader, low);
  const argument = reader.argument(low);
  switch (major) {
    case MAJOR.unsigned:
      return argument;
    case MAJOR.negative:
      return -1 - argument;
    case MAJOR.bytes:
      return reader.slice(argument);
    case MAJOR.text:
      return readText(reader, argument);
    case MAJOR.array:
      return readItems(reader, argument, depth);
    case MAJOR.map:
      return readMap(reader, argument, depth);
    default:
      return readBigint(reader, argument, depth);
  }
}

/**
 * Short ASCII strings, mostly field names, are decoded character by character, because calling a TextDecoder for them
 * is slower.
 */
function readText(reader: Reader, length: number): string {
  const at = reader.take(length);
  const { bytes } = reader;
  let text = '';
  for (let i = at; length <= NAME_BYTES && i < at + length && bytes[i] < 0x80; i++) text += LETTERS[bytes[i]];
  return text.length === length ? text : new TextDecoder().decode(bytes.subarray(at, at + length));
}

const LETTERS = Array.from({ length: 0x80 }, (_, code) => String.fromCharCode(code));
const NAME_BYTES = 64;

function readSimple(reader: Reader, low: number): StateValue {
  if (low === SIMPLE_FALSE) return false;
  if (low === SIMPLE_TRUE) return true;
  if (low === FLOAT64) return reader.view.getFloat64(reader.take(8));
  throw new CborError(stateDamage.value(reader.at - 1));
}

function readItems(reader: Reader, count: number, depth: number): StateValue[] {
  const items: StateValue[] = [];
  for (let i = 0; i < count; i++) items.push(read(reader, depth + 1));
  return items;
}

function readMap(reader: Reader, count: number, depth: number): State {
  const state: State = {};
  for (let i = 0; i < count; i++) {
    const name = read(reader, depth + 1);
    if (typeof name !== 'string') throw new CborError(stateDamage.fieldName(reader.at));
    state[name] = read(reader, depth + 1);
  }
  return state;
}

function readBigint(reader: Reader, tag: number, depth: number): bigint {
  const { at } = reader;
  const short = reader.bytes[at] - (MAJOR.bytes << 5);
  const isWord = short >= 0 && short <= 8 && depth < MAX_DEPTH;
  if (isWord && (tag === TAG_BIGNUM || tag === TAG_NEGATIVE_BIGNUM)) {
    reader.take(1);
    const value = wordAt(reader, short);
    return tag === TAG_BIGNUM ? value : -1n - value;
  }
  const digits = read(reader, depth + 1);
  if ((tag !== TAG_BIGNUM && tag !== TAG_NEGATIVE_BIGNUM) || !(digits instanceof Uint8Array)) {
    throw new CborError(stateDamage.tag(tag, reader.at));
  }
  let value = 0n;
  for (const digit of digits) value = (value << 8n) | BigInt(digit);
  return tag === TAG_BIGNUM ? value : -1n - value;
}

/** Reads the bytes of a bignum that fits in 64 bits (the common case) without creating an array. */
function wordAt(reader: Reader, length: number): bigint {
  const at = reader.take(length);
  word.fill(0);
  for (let i = 0; i < length; i++) word[8 - length + i] = reader.bytes[at + i];
  return wordView.getBigUint64(0);
}

/** Decodes a state. The state's top-level value must be a map. */
export function decodeState(bytes: Uint8Array): State {
  const value = decodeCbor(bytes);
  if (typeof value !== 'object' || Array.isArray(value) || value instanceof Uint8Array) {
    throw new CborError('not a state');
  }

  return value;
}

/** Decodes one field of a state and skips the other fields without decoding them. */
export function decodeField(bytes: Uint8Array, name: string): StateValue | undefined {
  const reader = new Reader(bytes);
  const head = reader.bytes[reader.take(1)];
  if (head >> 5 !== MAJOR.map) throw new CborError('not a state');
  for (let fields = reader.argument(head & 31); fields > 0; fields--) {
    if (read(reader, 1) === name) return read(reader, 1);
    skip(reader);
  }
  return undefined;
}

function skip(reader: Reader): void {
  for (let values = 1; values > 0; values--) {
    const head = reader.bytes[reader.take(1)];
    const major = head >> 5;
    const argument = reader.argument(head & 31);
    if (major === MAJOR.bytes || major === MAJOR.text) reader.take(argument);
    if (major === MAJOR.array) values += argument;
    if (major === MAJOR.map) values += 2 * argument;
    if (major === MAJOR.tag) values += 1;
  }
}
