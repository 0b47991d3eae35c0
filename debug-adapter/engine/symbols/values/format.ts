import type {
  ArrayType,
  BaseType,
  CompositeType,
  EnumerationType,
  Member,
  MemberPointerType,
  Type,
} from '../types/type.ts';
import { isRust } from '../types/rustTypes.ts';
import { stripTypedefs, isComposite, isFlags, sizeOf } from '../types/typeTraits.ts';
import { typeName } from '../types/typeName.ts';
import {
  characterKind,
  characterText,
  lengthWithoutZeros,
  readString,
  stringText,
  type CharacterKind,
} from './characters.ts';
import { floatText } from './floats.ts';
import { baseOf, elementOf, memberOf } from './parts.ts';
// Cycle: a value formats itself, and its text contains its members.
import type { GuestValue } from './shownValue.ts';
import { memberPointerText } from './memberPointers.ts';
import { rustText } from './rustText.ts';
import { ELEMENTS_MAX, formatParts, newBudget, REPEATS_MIN, unreadableText, type Budget } from './summary.ts';

/**
 * A value on one line, in the format of gdb's `print` but shorter: the summary of a struct or array is truncated with
 * `…` when the line is full. Expanding the value shows the rest.
 */
export function formatValue(value: GuestValue): string {
  return format(value, newBudget(LINE_CHARACTERS, 0));
}

function format(value: GuestValue, room: Budget): string {
  const formatted = value.formattedText;
  if (formatted !== undefined) return formatted;
  const type = stripTypedefs(value.type);
  const inRust = isRust(type) ? rustText(value, type, { format, room }) : undefined;
  if (inRust !== undefined) return inRust;
  switch (type.kind) {
    case 'array':
      return formatArray(value, type, room);
    case 'struct':
    case 'union':
      return formatComposite(value, type, room);
    case 'function':
      return `{${typeName(type)}} ${addressText(value, value.lvalue?.address ?? 0n)}`;
    case 'void':
      return type.name === 'decltype(nullptr)' ? '0' : 'void';
    case 'memberPointer':
      return formatMemberPointer(value, type);
    case 'base':
      return formatBase(value, type);
    case 'enumeration':
      return withInteger(value, (number) => enumerationText(type, number));
    case 'pointer':
      if (type.reference) return formatReference(value, room);
      return withInteger(value, (address) => formatPointer(value, address));
  }
}

/** A reference is shown as its target. */
function formatReference(value: GuestValue, room: Budget): string {
  const result = value.read();
  const isKnown = result.kind === 'bytes' || result.kind === 'syntheticPointer';
  return isKnown ? format(value.referent, room) : unreadableText(result);
}

function withInteger(value: GuestValue, show: (number: bigint) => string): string {
  const number = value.integer();
  return number === undefined ? unreadableText(value.read()) : show(number);
}

function formatBase(value: GuestValue, type: BaseType): string {
  if (type.encoding === 'float') {
    const result = value.read();
    return result.kind === 'bytes' ? floatText(result.bytes) : unreadableText(result);
  }
  if (type.component) return formatComplex(value, type.component);
  const kind = characterKind(value.type);
  return withInteger(value, (number) => {
    if (type.encoding === 'boolean') return number === 0n ? 'false' : number === 1n ? 'true' : `${number}`;
    return kind ? characterText(number, kind) : `${number}`;
  });
}

function formatComplex(value: GuestValue, component: BaseType): string {
  const result = value.read();
  if (result.kind !== 'bytes' && value.storage.kind !== 'pieces') return unreadableText(result);
  const [real, imaginary] = [0, component.sizeBytes].map((offsetBytes) =>
    formatBase(value.part({ name: '', type: component, offsetBytes: value.offsetBytes + offsetBytes }), component),
  );
  return `${real} + ${imaginary}i`;
}

/** The text of an enumeration value, as in gdb (generic_val_print_enum). */
export function enumerationText(type: EnumerationType, number: bigint): string {
  const enumerators = type.enumerators();
  const exact = enumerators.find(({ value }) => value === number);
  if (exact) return exact.name;
  if (!isFlags(type) || number === 0n) return `${number}`;
  const names: string[] = [];
  let rest = number;
  for (const { name, value } of enumerators) {
    if ((rest & value) === 0n) continue;
    names.push(name);
    rest &= ~value;
  }
  if (rest !== 0n) names.push(`unknown: 0x${rest.toString(16)}`);
  return `(${names.join(' | ')})`;
}

function formatPointer(value: GuestValue, address: bigint): string {
  const pointer = stripTypedefs(value.type);
  const target = pointer.kind === 'pointer' ? stripTypedefs(pointer.target()) : undefined;
  const text = addressText(value, address, target?.kind === 'function' || target?.kind === 'void');
  const string = address === 0n || pointer.kind !== 'pointer' ? undefined : stringAt(value, address, pointer.target());
  return string === undefined ? text : `${text} ${string}`;
}

/** Shows an array of unknown length as its address. */
function openArrayText(value: GuestValue, element: Type): string {
  const address = value.lvalue?.address ?? 0n;
  const string = stringAt(value, address, element);
  return addressText(value, address) + (string === undefined ? '' : ` ${string}`);
}

function stringAt(value: GuestValue, address: bigint, element: Type): string | undefined {
  const kind = characterKind(element);
  return kind && readString(address, kind, (at, length) => value.context.frame.view.readMemory(at, length));
}

/**
 * An address with its symbol. Labels are not shown for data addresses, because almost every address follows some label
 * from the linker script.
 */
function addressText(value: GuestValue, address: bigint, labels = true): string {
  const symbol = address === 0n ? undefined : value.context.symbolAt(address);
  // As in gdb, a data symbol without a size is not shown: an address far beyond the symbol may be unrelated to it.
  const hasSize = symbol && (symbol.kind !== 'object' || symbol.sizeBytes > 0n);
  const isNamed = hasSize && (labels || symbol.kind !== 'label');
  return `0x${address.toString(16)}${isNamed ? ` <${symbol.text}>` : ''}`;
}

function formatComposite(value: GuestValue, type: CompositeType, room: Budget): string {
  if (type.isIncomplete) return '<incomplete type>';
  if (value.storage.kind === 'optimizedOut' && !hasStaticMembers(type)) return '<optimized out>';
  const [bases, members] = [shownBases(value, type, room), type.members()];
  const isEmpty = members.length === 0;
  const count = bases.length + members.length + (isEmpty ? 1 : 0);
  return formatParts(room, { count, isCut: false, repeatsMin: Infinity }, (i, inner) => {
    if (i < bases.length) {
      return `${bases[i].name} = ${format(bases[i], { ...inner, virtualBases: room.virtualBases })}`;
    }
    return isEmpty ? '<No data fields>' : formatMember(value, members[i - bases.length], inner);
  });
}

const hasStaticMembers = (type: CompositeType) => type.members().some(({ staticKey }) => staticKey !== undefined);

function formatMember(value: GuestValue, member: Member, room: Budget): string {
  const child = memberOf(value, member);
  const text = format(child, room);
  if (member.name === '' && isComposite(stripTypedefs(child.type))) return text;
  return `${member.staticKey === undefined ? '' : 'static '}${member.name} = ${text}`;
}

function shownBases(value: GuestValue, type: CompositeType, { virtualBases }: Budget): GuestValue[] {
  const bases: GuestValue[] = [];
  for (const base of type.bases()) {
    const shown = baseOf(value, base);
    if (base.virtualKey !== undefined && virtualBases.has(shown.name)) continue;
    if (base.virtualKey !== undefined) virtualBases.add(shown.name);
    bases.push(shown);
  }
  return bases;
}

function formatMemberPointer(value: GuestValue, type: MemberPointerType): string {
  const result = value.read();
  if (result.kind !== 'bytes') return unreadableText(result);
  return memberPointerText(result.bytes, type, (address) => addressText(value, address));
}

function formatArray(value: GuestValue, type: ArrayType, room: Budget): string {
  const element = type.element();
  const base = stripTypedefs(element);
  if (value.storage.kind === 'optimizedOut') return '<optimized out>';
  if (!type.count) return openArrayText(value, element);
  const kind = characterKind(element);
  if (kind)
    return formatString(value, type.count, { ...kind, isText: base.kind === 'base' && base.name.startsWith('char') });
  const count = Math.min(type.count, ELEMENTS_MAX);
  // If even the first element is unreadable, report the error only once.
  const first = value.readPart(0, Math.min(count, 1) * sizeOf(element));
  if (first.kind !== 'bytes' && value.storage.kind !== 'pieces') return unreadableText(first);
  const part = (i: number, inner: Budget) => format(elementOf(value, type, i), inner);
  // Do not search for repeats among nested arrays and structs: that would read all of them.
  const isPlain = base.kind !== 'array' && !isComposite(base);
  return formatParts(room, { count, isCut: count < type.count, repeatsMin: isPlain ? REPEATS_MIN : Infinity }, part);
}

/**
 * The text of an array of characters. The zeros at the end of a string are omitted. In an array of a byte type such as
 * `uint8_t`, at most one zero at the end is omitted, as in gdb.
 */
function formatString(value: GuestValue, count: number, kind: CharacterKind & { isText: boolean }): string {
  const shown = Math.min(count, RUN_MAX);
  const result = value.readPart(0, shown * kind.sizeBytes);
  if (result.kind !== 'bytes') return unreadableText(result);
  const { bytes } = result;
  const withoutZeros = lengthWithoutZeros(bytes, kind);
  const isWide = kind.sizeBytes > 1;
  const withoutLast = shown === count && withoutZeros < bytes.length ? bytes.length - 1 : bytes.length;
  const length = kind.isText || isWide ? withoutZeros : withoutLast;
  const text = stringText(bytes.subarray(0, length), kind);
  return shown < count && length === bytes.length && !text.endsWith('…') ? `${text}…` : text;
}

/** The maximum number of characters to read when counting how often a character is repeated. */
const RUN_MAX = 4096;

/** The maximum length of a summary, slightly more than one line of the Variables view. */
const LINE_CHARACTERS = 160;
