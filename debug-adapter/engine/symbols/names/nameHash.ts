import { reversedComponents } from '../lines/paths.ts';
import { splitName, withoutAnonymous } from '../types/scopedName.ts';

/** What a name in the debug information stands for. */
export type NameKind = 'variable' | 'type' | 'enumerator' | 'function' | 'file';

/** The number of each kind in a name table. The numbers are part of the cached table's format. */
export const KIND_NUMBER: Record<NameKind, number> = { type: 0, variable: 1, function: 2, enumerator: 3, file: 4 };

/** The 64-bit hash of a name and its kind, in two halves. It is not resistant to deliberate collisions. */
export interface NameHash {
  high: number;
  low: number;
}

/**
 * Hashes the bytes from `start` to `end` with FNV-1a (two 32-bit halves, with different multipliers and seeds). The
 * result object is reused by the next call, because indexing hashes millions of names.
 */
export function hashBytes(bytes: Uint8Array, start: number, end: number, kind: number): NameHash {
  let high = 0x811c_9dc5 ^ kind;
  let low = 0x9747_b28c + kind;
  for (let i = start; i < end; i++) {
    const byte = bytes[i];
    high = Math.imul(high ^ byte, 0x0100_0193);
    low = Math.imul((low ^ byte) + (low >>> 15), 0x5bd1_e995);
  }
  result.high = high >>> 0;
  result.low = (low ^ (low >>> 13)) >>> 0;
  return result;
}

const result: NameHash = { high: 0, low: 0 };

/** The hash of a pair of hashes, such as those of a scope and of a name in it. */
export function combined(first: NameHash, second: NameHash): NameHash {
  const high = Math.imul(Math.imul(first.high, 0x9e37_79b1) ^ second.high, 0x85eb_ca6b);
  const low = Math.imul(Math.imul(first.low, 0xc2b2_ae35) ^ second.low, 0x27d4_eb2f);
  return { high: (high ^ (high >>> 15)) >>> 0, low: (low ^ (low >>> 13)) >>> 0 };
}

/**
 * The hash under which a name typed by the user is looked up. A type or enumerator with a scope is looked up with the
 * last component of its scope.
 */
export function lookupHash(kind: NameKind, name: string): NameHash {
  if (kind === 'file') return hashText(fileKey(name), kind);
  const { scope, last } = splitName(name.replace(/^(struct|union|enum|class) /, ''));
  const plain = { ...hashText(nameKey(last), kind) };
  if (kind !== 'type' && kind !== 'enumerator') return { ...hashText(nameKey(name), kind) };
  const outer = nameKey(
    withoutAnonymous(`${scope}::`)
      .replace(/^((crate|self|super)?::)+/, '')
      .replace(/::$/, ''),
  );
  return outer === '' ? plain : combined({ ...hashText(outer, 'type') }, plain);
}

function hashText(text: string, kind: NameKind): NameHash {
  const bytes = encoder.encode(text);
  return hashBytes(bytes, 0, bytes.length, KIND_NUMBER[kind]);
}

const encoder = new TextEncoder();

/**
 * Where the index key in a DW_AT_name ends. The key is the name without its template arguments. All operator functions
 * are indexed under `operator`, because a `<` or `(` in their names can be the operator itself.
 */
export function keyEnd(bytes: Uint8Array, start: number, end: number): number {
  if (startsWithOperator(bytes, start, end)) return start + OPERATOR.length;
  for (let i = start; i < end; i++) if (bytes[i] === LESS && i > start) return i;
  return end;
}

/** The key of a source file: its name without folders. Case is ignored, because some operating systems ignore it. */
export const fileKey = (path: string): string => (reversedComponents(path)[0] ?? '').toLowerCase();

/**
 * The part of a name typed by the user that is looked up in the index: the last component, without `struct`, parameters
 * and template arguments. `ns::Box<int>::area(int)` is indexed under `area`.
 */
export function nameKey(name: string): string {
  const plain = name.replace(/^(struct|union|enum|class) /, '');
  const operator = /(?:^|::)operator(?![\w$])/.exec(plain);
  if (operator) return 'operator';
  let depth = 0;
  let start = 0;
  let end = plain.length;
  for (let i = 0; i < plain.length; i++) {
    const char = plain[i];
    if (char === '<' || char === '(') {
      // The key ends where the last component's arguments begin. A parenthesis that begins a component is part of it,
      // as in `(anonymous namespace)::f`.
      if (depth === 0 && end === plain.length && i > start) end = i;
      depth++;
    } else if (char === '>' || char === ')') depth--;
    else if (depth === 0 && char === ':' && plain[i + 1] === ':') {
      start = i + 2;
      end = plain.length;
      i++;
    }
  }
  return plain.slice(start, end);
}

function startsWithOperator(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start <= OPERATOR.length) return false;
  for (let i = 0; i < OPERATOR.length; i++) if (bytes[start + i] !== OPERATOR[i]) return false;
  return !isIdentifierByte(bytes[start + OPERATOR.length]);
}

function isIdentifierByte(byte: number): boolean {
  const isLetter = (byte >= 0x41 && byte <= 0x5a) || (byte >= 0x61 && byte <= 0x7a) || byte >= 0x80;
  return isLetter || (byte >= 0x30 && byte <= 0x39) || byte === 0x5f || byte === 0x24;
}

const OPERATOR = [...'operator'].map((char) => char.charCodeAt(0));
const LESS = 0x3c;
