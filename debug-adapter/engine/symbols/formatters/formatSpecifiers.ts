import type { Type } from '../types/type.ts';
import { stripTypedefs } from '../types/typeTraits.ts';
import { type CharacterKind, characterKind, quoted, readString, STRING_MAX } from '../values/characters.ts';
import { GuestValue } from '../values/shownValue.ts';

/** The format specifiers of a natvis expression (Microsoft, "Format specifiers for C++ in the debugger"). */
export interface Format {
  /** An expression for the number of elements at a pointer: `,[size]`. */
  count?: string;
  /** `x`, `s`, `na`, ...; empty if there is none. */
  name: string;
  /** Whether the value is shown without formatters (`!`). */
  isRaw: boolean;
}

/** Splits `text,[size]s` into the expression and its format. */
export function splitFormat(text: string): { expression: string; format: Format } {
  const format: Format = { name: '', isRaw: false };
  let expression = text.trim();
  for (;;) {
    const found = /^(.*[^,\s])\s*,\s*(?:(!)|view\(\w*\)|\[([^\]]*)\](\w*)|(\w+))$/s.exec(expression);
    if (!found || isInsideParentheses(found[1])) return { expression, format };
    const [, rest, raw, count, ofCount, name] = found;
    if (raw) format.isRaw = true;
    if (count !== undefined) format.count = count;
    format.name = ofCount || (name ?? format.name);
    expression = rest;
  }
}

/** Whether the text ends inside parentheses, so that a following comma belongs to the expression. */
const isInsideParentheses = (text: string): boolean => text.split('(').length > text.split(')').length;

/** Applies a format to a value. */
export function applyFormat(
  value: GuestValue,
  format: Format,
  countOf: (expression: string) => number,
): { value: GuestValue; text: () => string } {
  const isText = /^s/.test(format.name);
  let shown = value;
  if (format.count !== undefined) shown = arrayAt(value, countOf(format.count));
  if (format.isRaw) shown = withoutFormatters(shown);
  return { value: shown, text: () => (isText ? stringText(shown, format) : numberText(shown, format.name)) };
}

/** The elements at a pointer, as an array. */
function arrayAt(value: GuestValue, count: number): GuestValue {
  const type = stripTypedefs(value.type);
  const first = type.kind === 'pointer' ? value.pointee() : undefined;
  if (!first) return value;
  const array: Type = { kind: 'array', element: () => first.type, count };
  const { name, storage, offsetBytes } = first;
  return value.part({ name, type: array, storage, offsetBytes });
}

/** The same value, shown without formatters. */
export function withoutFormatters(value: GuestValue, name = value.name): GuestValue {
  const { type, bits, offsetBytes, expression, derived } = value;
  return value.part({ name, type, bits, offsetBytes, expression, derived, isRaw: true });
}

/** `s`: quoted text; `sb`: text without quotes. Without a count, the text ends at the first zero character. */
function stringText(value: GuestValue, { name }: Format): string {
  const text = quotedText(value, /^s8/.test(name));
  if (text === undefined) return value.text;
  return /b$/.test(name) ? text.replace(/^[^"]*"/, '').replace(/"(…?)$/, '$1') : text;
}

function quotedText(value: GuestValue, isUtf8: boolean): string | undefined {
  const type = stripTypedefs(value.type);
  if (type.kind !== 'array' && type.kind !== 'pointer') return undefined;
  const kind = isUtf8 ? UTF_8 : characterKind(type.kind === 'array' ? type.element() : type.target());
  if (!kind) return undefined;
  if (type.kind === 'pointer') {
    const { view } = value.context.frame;
    return readString(value.integer() ?? 0n, kind, (at, length) => view.readMemory(at, length), quoted);
  }
  const count = Math.min(type.count ?? 0, STRING_MAX);
  const result = value.readPart(0, count * kind.sizeBytes);
  if (result.kind !== 'bytes') return undefined;
  return quoted(result.bytes, kind) + (count < (type.count ?? 0) ? '…' : '');
}

function numberText(value: GuestValue, name: string): string {
  const radix = RADIX[name];
  const number = radix && value.integer();
  if (radix && number !== undefined) {
    const [base, prefix] = radix;
    const magnitude = base === 10 ? number : BigInt.asUintN(value.sizeBytes * 8, number);
    return prefix + magnitude.toString(base);
  }
  return name === 'na' ? value.text.replace(/^0x[0-9a-f]+ ?/, '') || value.text : value.text;
}

const UTF_8: CharacterKind = { prefix: '', sizeBytes: 1 };
const RADIX: Record<string, [number, string] | undefined> = {
  ...{ d: [10, ''], u: [10, ''], i: [10, ''], x: [16, '0x'], h: [16, '0x'], X: [16, '0x'], H: [16, '0x'] },
  ...{ xb: [16, ''], hb: [16, ''], o: [8, '0'], b: [2, '0b'], bb: [2, ''] },
};
