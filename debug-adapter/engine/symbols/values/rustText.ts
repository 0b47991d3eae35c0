import { rustTypeName } from '../types/rustTypeName.ts';
import { hasNumberedMembers, isStringSlice, isTuple, sliceParts } from '../types/rustTypes.ts';
import type { ArrayType, CompositeType, Type, Variant } from '../types/type.ts';
import { isComposite, sizeOf, stripTypedefs } from '../types/typeTraits.ts';
import { valueTexts } from '../../../messages/symbols.ts';
import { elementOf, memberOf, type GuestValue } from './parts.ts';
import { activeVariant, membersOfVariant, sliceContents } from './rustValue.ts';
import { decodedString, rustCharacter } from './rustStrings.ts';
import type { ReadResult } from './storage.ts';
import { ELEMENTS_MAX, formatParts, REPEATS_MIN, unreadableText, type Budget } from './summary.ts';

interface Printer {
  /** Formats a value that is part of this one. */
  format: (value: GuestValue, room: Budget) => string;
  room: Budget;
}

/**
 * The text of a Rust value, in gdb's notation (rust-lang.c): `Point {x: 1, y: 2}`, `(1, 2)`, `Option<u32>::Some(5)`,
 * `&[u16] [10, 20]`, `"text"`, `97 'a'`. Undefined for values whose text is the same as in C.
 */
export function rustText(value: GuestValue, type: Type, printer: Printer): string | undefined {
  switch (type.kind) {
    case 'array':
      return arrayText(value, type, printer);
    case 'struct':
    case 'union':
      return compositeText(value, type, printer);
    case 'base':
      if (type.name === '()') return '()';
      return type.name === 'char' ? characterOf(value) : undefined;
    case 'pointer':
      return byteStringText(value, type.target());
    default:
      return undefined;
  }
}

function characterOf(value: GuestValue): string | undefined {
  const code = value.integer();
  return code === undefined ? undefined : `${code} '${rustCharacter(Number(code), "'")}'`;
}

function arrayText(value: GuestValue, type: ArrayType, { format, room }: Printer): string | undefined {
  if (type.count === undefined || value.storage.kind === 'optimizedOut') return undefined;
  const element = type.element();
  const base = stripTypedefs(element);
  const count = Math.min(type.count, ELEMENTS_MAX);
  // If even the first element is unreadable, report the error only once.
  const first = value.readPart(0, Math.min(count, 1) * sizeOf(element));
  if (first.kind !== 'bytes' && value.storage.kind !== 'pieces') return unreadableText(first);
  const isPlain = base.kind !== 'array' && !isComposite(base);
  const repeatsMin = isPlain ? REPEATS_MIN : Infinity;
  const isCut = count < type.count;
  return formatParts(room, { count, isCut, repeatsMin, brackets: ['[', ']'] }, (i, inner) =>
    format(elementOf(value, type, i), inner),
  );
}

function compositeText(value: GuestValue, type: CompositeType, printer: Printer): string | undefined {
  if (type.isIncomplete) return undefined;
  // A value of size 0 is known even if it is optimized out.
  if (type.sizeBytes > 0 && value.storage.kind === 'optimizedOut') return undefined;
  const slice = sliceContents(value);
  if (slice && isStringSlice(type)) return stringText(slice);
  if (slice) return `${type.name} ${printer.format(slice, printer.room)}`;
  const unknownPart = unreadablePartOfSlice(value, type);
  if (unknownPart) return (isStringSlice(type) ? '' : `${type.name} `) + unreadableText(unknownPart);
  const part = type.variants?.();
  if (part) {
    if (part.variants.length === 0) return type.name;
    const active = activeVariant(value, part);
    if (active.kind === 'unreadable') return unreadableText(active.result);
    if (active.kind === 'unknown') return valueTexts.unknownVariant(`${active.discriminant}`);
    return variantText(value, active.variant, printer);
  }
  const members = type.members().map((member) => memberOf(value, member));
  const isNumbered = isTuple(type) || hasNumberedMembers(type);
  if (isTuple(type)) return membersText(members, { isNumbered, ...printer });
  if (members.length === 0) return type.name;
  return `${type.name} ${membersText(members, { isNumbered, ...printer })}`;
}

/** The result of the failed read if a slice's pointer or length cannot be read; otherwise undefined. */
function unreadablePartOfSlice(value: GuestValue, type: CompositeType): ReadResult | undefined {
  const parts = sliceParts(type);
  if (!parts) return undefined;
  const results = [parts.pointer, parts.length].map((member) => memberOf(value, member).read());
  return results.find(({ kind }) => kind !== 'bytes');
}

/**
 * The text of an enum's current variant, as in gdb (rust_language::print_enum): there is no space before the members.
 */
function variantText(value: GuestValue, variant: Variant, printer: Printer): string {
  const [struct] = variant.members;
  const type = stripTypedefs(struct?.type() ?? { kind: 'void' });
  const members = membersOfVariant(value, variant);
  if (!isComposite(type)) return membersText(members, { isNumbered: false, ...printer });
  const name = rustTypeName(type);
  return members.length === 0
    ? name
    : name + membersText(members, { isNumbered: hasNumberedMembers(type), ...printer });
}

function membersText(members: GuestValue[], { isNumbered, format, room }: Printer & { isNumbered: boolean }): string {
  const brackets: [string, string] = isNumbered ? ['(', ')'] : ['{', '}'];
  const parts = { count: members.length, isCut: false, repeatsMin: Infinity, brackets };
  return formatParts(room, parts, (i, inner) => {
    const text = format(members[i], inner);
    return isNumbered ? text : `${members[i].name}: ${text}`;
  });
}

/** The text of a string, which is an array of bytes in UTF-8. */
function stringText(contents: GuestValue): string {
  const count = contents.type.kind === 'array' ? (contents.type.count ?? 0) : 0;
  const shown = Math.min(count, STRING_MAX);
  const result = contents.readPart(0, shown);
  return result.kind === 'bytes' ? decodedString(result.bytes) + (shown < count ? '…' : '') : unreadableText(result);
}

/** A reference to a byte string (`&[u8; 5]`) is shown as the address and the string: `0x1000 b"hello"`. */
function byteStringText(value: GuestValue, target: Type): string | undefined {
  const array = stripTypedefs(target);
  if (array.kind !== 'array' || array.count === undefined) return undefined;
  const element = stripTypedefs(array.element());
  if (element.kind !== 'base' || element.name !== 'u8') return undefined;
  const pointee = value.pointee();
  const address = value.integer();
  if (!pointee || !address) return undefined;
  const shown = Math.min(array.count, STRING_MAX);
  const result = pointee.readPart(0, shown);
  if (result.kind !== 'bytes') return undefined;
  const text = [...result.bytes].map((byte) => rustCharacter(byte, '"')).join('');
  return `0x${address.toString(16)} b"${text}"${shown < array.count ? '…' : ''}`;
}

/** The maximum number of bytes of a string that are shown. As in C, a longer string is truncated. */
const STRING_MAX = 200;
