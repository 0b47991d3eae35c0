import type { Type } from '../types/type.ts';

/** A kind of character: the prefix of its literals (`L'x'`), and its size in the guest. */
export interface CharacterKind {
  prefix: '' | 'L' | 'u' | 'U';
  sizeBytes: number;
}

/**
 * The kind of character that a type represents; undefined if values of the type are numbers. As in gdb, wide characters
 * are recognized by the name of a typedef or base type.
 */
export function characterKind(type: Type): CharacterKind | undefined {
  let current = type;
  for (let i = 0; i < TYPEDEFS_MAX; i++) {
    const name = current.kind === 'typedef' || current.kind === 'base' ? current.name : '';
    const prefix = WIDE_PREFIXES[name];
    if (prefix) return wideKind(prefix, current);
    if (current.kind !== 'typedef' && current.kind !== 'qualified') break;
    current = current.target();
  }
  if (current.kind !== 'base' || current.sizeBytes !== 1) return undefined;
  // gcc encodes char8_t as an unsigned integer.
  return /Char$/.test(current.encoding) || current.name === 'char8_t' ? { prefix: '', sizeBytes: 1 } : undefined;
}

/** A character as a number and as text: `65 'A'`, `-5 '\373'`, `8364 L'€'`. */
export function characterText(number: bigint, kind: CharacterKind): string {
  const unit = Number(BigInt.asUintN(kind.sizeBytes * 8, number));
  const { code } = decode([unit], 0, kind);
  const text = (code === undefined ? undefined : codeText(code)) ?? unitEscape(unit);
  return `${number} ${kind.prefix}'${inCharacter(text)}'`;
}

/** Quotes a string, with C escapes. Bytes are decoded as UTF-8, and 16-bit units as UTF-16. */
export function quoted(bytes: Uint8Array, kind: CharacterKind): string {
  return `${kind.prefix}"${charactersOf(bytes, kind)
    .map(({ text }) => inString(text))
    .join('')}"`;
}

/**
 * A string as gdb prints it (generic_printstr): a character that is repeated more than ten times is shown only once
 * (`"ab", 'c' <repeats 12 times>, "d"`). The bytes of an incomplete character at the end are shown separately. After
 * `STRING_MAX` characters, the text ends with `…`.
 */
export function stringText(bytes: Uint8Array, kind: CharacterKind): string {
  const characters = charactersOf(bytes, kind);
  const parts: string[] = [];
  let plain = '';
  const endPlain = () => {
    if (plain !== '') parts.push(`"${plain}"`);
    plain = '';
  };
  let i = 0;
  while (i < characters.length && i < STRING_MAX) {
    const { text, isIncomplete } = characters[i];
    let end = i + 1;
    while (end < characters.length && characters[end].text === text) end++;
    if (isIncomplete || end - i > REPEATS_MAX) endPlain();
    if (isIncomplete) parts.push(`<incomplete sequence ${text}>`);
    else if (end - i > REPEATS_MAX) parts.push(`'${inCharacter(text)}' <repeats ${end - i} times>`);
    else plain += inString(text).repeat(end - i);
    i = end;
  }
  endPlain();
  return kind.prefix + (parts.join(', ') || '""') + (i < characters.length ? '…' : '');
}

/** gdb's default for `set print repeats`. */
const REPEATS_MAX = 10;

const inString = (text: string): string => (text === '"' ? '\\"' : text);
const inCharacter = (text: string): string => (text === "'" ? "\\'" : text);

/**
 * Splits a string into characters and formats each one. If a sequence is invalid, each of its units is formatted
 * separately.
 */
function charactersOf(bytes: Uint8Array, kind: CharacterKind): { text: string; isIncomplete?: boolean }[] {
  const units = unitsOf(bytes, kind);
  const characters: { text: string; isIncomplete?: boolean }[] = [];
  for (let i = 0; i < units.length;) {
    const { code, length } = decode(units, i, kind);
    if (code === undefined && kind.sizeBytes === 1 && isStartOfCharacter(units, i)) {
      characters.push({ text: units.slice(i).map(octal).join(''), isIncomplete: true });
      break;
    }
    const escaped = () => units.slice(i, i + length).map((unit) => unitEscape(unit));
    characters.push({ text: (code === undefined ? undefined : codeText(code)) ?? escaped().join('') });
    i += length;
  }
  return characters;
}

/** The number of bytes before the trailing zero characters. */
export function lengthWithoutZeros(bytes: Uint8Array, { sizeBytes }: CharacterKind): number {
  let length = bytes.length;
  while (length > 0 && bytes[length - 1] === 0) length--;
  return Math.ceil(length / sizeBytes) * sizeBytes;
}

/** The string at an address, by default as gdb prints it; undefined if its first character is unreadable. */
export function readString(
  address: bigint,
  kind: CharacterKind,
  read: (address: bigint, lengthBytes: number) => Uint8Array | undefined,
  show = stringText,
): string | undefined {
  const max = STRING_MAX * kind.sizeBytes;
  const bytes: number[] = [];
  for (;;) {
    const chunk = readChunk(address + BigInt(bytes.length), kind.sizeBytes, read);
    if (!chunk) return bytes.length > 0 ? `${show(new Uint8Array(bytes), kind)}…` : undefined;
    const end = zeroIn(chunk, kind);
    bytes.push(...(end < 0 ? chunk : chunk.subarray(0, end)));
    if (end >= 0 && bytes.length <= max) return show(new Uint8Array(bytes), kind);
    if (bytes.length > max) return `${show(new Uint8Array(bytes.slice(0, max)), kind)}…`;
  }
}

/** The maximum number of characters to show for a string: gdb's default for `set print elements`. */
export const STRING_MAX = 200;

/**
 * Reads up to the next aligned address, so that reading a string at the end of a page does not access the next page. At
 * the end of memory, it reads fewer bytes.
 */
function readChunk(
  address: bigint,
  sizeBytes: number,
  read: (address: bigint, lengthBytes: number) => Uint8Array | undefined,
): Uint8Array | undefined {
  const ahead = CHUNK - Number(BigInt.asUintN(64, address) % BigInt(CHUNK));
  for (let count = Math.max(1, Math.floor(ahead / sizeBytes)); count > 0; count >>= 1) {
    const chunk = read(address, count * sizeBytes);
    if (chunk) return chunk;
  }
  return undefined;
}

function zeroIn(bytes: Uint8Array, { sizeBytes }: CharacterKind): number {
  for (let at = 0; at < bytes.length; at += sizeBytes) {
    if (bytes.subarray(at, at + sizeBytes).every((byte) => byte === 0)) return at;
  }
  return -1;
}

function wideKind(prefix: 'L' | 'u' | 'U', type: Type): CharacterKind | undefined {
  let current = type;
  for (let i = 0; i < TYPEDEFS_MAX && (current.kind === 'typedef' || current.kind === 'qualified'); i++) {
    current = current.target();
  }
  const sizeBytes = current.kind === 'base' ? current.sizeBytes : 0;
  return sizeBytes === 2 || sizeBytes === 4 ? { prefix, sizeBytes } : undefined;
}

function unitsOf(bytes: Uint8Array, { sizeBytes }: CharacterKind): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: Math.floor(bytes.length / sizeBytes) }, (_, i) => {
    if (sizeBytes === 1) return bytes[i];
    return sizeBytes === 2 ? view.getUint16(2 * i, true) : view.getUint32(4 * i, true);
  });
}

/** The character that begins at an index, and its length in units; `code` is undefined for an invalid sequence. */
function decode(
  units: number[],
  at: number,
  { sizeBytes }: CharacterKind,
): { code: number | undefined; length: number } {
  const unit = units[at];
  if (sizeBytes === 1) return decodeUtf8(units, at);
  const isHigh = sizeBytes === 2 && unit >= 0xd800 && unit < 0xdc00;
  const low = units[at + 1];
  if (isHigh && low >= 0xdc00 && low < 0xe000) {
    return { code: 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00), length: 2 };
  }
  const isValid = unit < 0x110000 && (unit < 0xd800 || unit > 0xdfff);
  return { code: isValid ? unit : undefined, length: 1 };
}

function decodeUtf8(units: number[], at: number): { code: number | undefined; length: number } {
  const unit = units[at];
  if (unit < 0x80) return { code: unit, length: 1 };
  const length = unit >= 0xf0 ? 4 : unit >= 0xe0 ? 3 : 2;
  const bytes = units.slice(at, at + length);
  const isSequence = bytes.length === length && bytes.slice(1).every((byte) => (byte & 0xc0) === 0x80);
  const code = bytes.slice(1).reduce((sum, byte) => (sum << 6) | (byte & 0x3f), unit & (0x7f >> length));
  const isValid = isSequence && code >= SHORTEST[length] && code < 0x110000 && (code < 0xd800 || code > 0xdfff);
  return isValid ? { code, length } : { code: undefined, length: 1 };
}

/** Indexed by the length of a UTF-8 sequence in bytes: the lowest code point whose sequence has this length. */
const SHORTEST = [0, 0, 0x80, 0x800, 0x10000];

/**
 * Whether the units from `at` to the end are the beginning of a UTF-8 character. Like gdb, this accepts characters of
 * up to six bytes, which the first version of UTF-8 allowed.
 */
function isStartOfCharacter(units: number[], at: number): boolean {
  const [first, ...rest] = units.slice(at);
  // The number of leading 1 bits in the first byte is the number of bytes in the character.
  const length = first >= 0xc2 && first < 0xfe ? Math.clz32(~(first << 24)) : 1;
  return rest.length + 1 < length && rest.every((byte) => (byte & 0xc0) === 0x80);
}

/** Formats a character; returns undefined if it has no glyph. */
function codeText(code: number): string | undefined {
  const short = SHORT_ESCAPES[code];
  if (short) return short;
  const text = String.fromCodePoint(code);
  return /[\p{Cc}\p{Cn}\p{Zl}\p{Zp}]/u.test(text) ? undefined : text;
}

const unitEscape = (unit: number) => (unit <= 0o777 ? octal(unit) : `\\x${unit.toString(16)}`);

const octal = (code: number) => '\\' + code.toString(8).padStart(3, '0');

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

/** The names of wide character types, and the prefixes of their literals (gdb: classify_type). */
const WIDE_PREFIXES: Record<string, 'L' | 'u' | 'U' | undefined> = { wchar_t: 'L', char16_t: 'u', char32_t: 'U' };
const TYPEDEFS_MAX = 64;
const CHUNK = 64;
