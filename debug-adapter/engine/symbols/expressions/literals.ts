import { Quadruple } from '../values/quadruple.ts';
import type { LiteralType } from './tree.ts';

/** Parses an integer or floating-point constant (C17, section 6.4.4). */
export function parseNumber(text: string): { value: bigint | number | Quadruple; type: LiteralType } {
  const isHex = /^0[xX]/.test(text);
  const suffix = (isHex ? /[uUlL]*$/ : /[uUlLfF]*$/).exec(text)?.[0] ?? '';
  const digits = text.slice(0, text.length - suffix.length);
  if (!isHex && /[.eE]/.test(digits)) {
    if (/l/i.test(suffix)) return { value: Quadruple.parse(digits), type: 'longDouble' };
    return { value: Number(digits), type: /f/i.test(suffix) ? 'float' : 'double' };
  }
  const isOctal = /^0\d/.test(digits);
  const value = BigInt.asUintN(64, BigInt(isOctal ? octal(digits) : digits));
  return { value, type: integerType(value, { suffix, isDecimal: /^[1-9]/.test(digits) }) };
}

/** `089` is not a valid octal number, so it is read as decimal. */
function octal(digits: string): string {
  return /^0[0-7]+$/.test(digits) ? `0o${digits.slice(1)}` : digits.replace(/^0+(?=\d)/, '');
}

/** Splits a number in Rust's notation, such as `0x10_usize` or `1_000`, into the number in C's notation and its suffix. */
export function splitRustLiteral(text: string): { number: string; suffix: string } {
  const decimal = /^(?!0x)([\d_.eE+-]+)(f32|f64)$/.exec(text);
  const integer = /^(0[xob][\da-fA-F_]+?|[\d_]+)([iu](?:8|16|32|64|128|size))$/.exec(text);
  const [, digits = text, suffix = ''] = decimal ?? integer ?? [];
  const number = digits.replaceAll('_', '').replace(/^0o/, '0');
  // A number with the suffix of a floating-point type need not have a decimal point.
  return { number: decimal && !/[.eE]/.test(number) ? `${number}.0` : number, suffix };
}

/**
 * The first type in the standard's list that can represent the value. Decimal constants without a suffix are never
 * unsigned.
 */
function integerType(value: bigint, { suffix, isDecimal }: { suffix: string; isDecimal: boolean }): LiteralType {
  const isUnsigned = /u/i.test(suffix);
  const isLong = /l/i.test(suffix);
  if (!isLong && !isUnsigned && value < 1n << 31n) return 'int';
  if (!isLong && (isUnsigned || !isDecimal) && value < 1n << 32n) return 'unsigned';
  return !isUnsigned && value < 1n << 63n ? 'long' : 'unsignedLong';
}

/** Parses a character constant (C17, section 6.4.4.4). */
export function parseCharacter(text: string): { value: bigint; type: LiteralType } {
  return { value: BigInt(characterCode(text.slice(1, -1))), type: 'char' };
}

function characterCode(inner: string): number {
  if (!inner.startsWith('\\')) return inner.charCodeAt(0) & 0xff;
  const escape = inner.slice(1);
  if (/^[0-7]/.test(escape)) return Number.parseInt(escape, 8) & 0xff;
  if (escape.startsWith('x')) return Number.parseInt(escape.slice(1), 16);
  return ESCAPES[escape] ?? escape.charCodeAt(0) & 0xff;
}

const ESCAPES: Record<string, number | undefined> = { a: 7, b: 8, t: 9, n: 10, v: 11, f: 12, r: 13, e: 27 };
