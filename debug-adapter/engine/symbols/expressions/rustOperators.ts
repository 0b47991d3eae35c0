import {
  badCount,
  isNotAPointer,
  memberIsUnknown,
  memoryIsUnreadable,
  valueIsOptimizedOut,
} from '../../../messages/symbols.ts';
import { pathsTo, typeAt } from '../types/members.ts';
import { sliceParts } from '../types/rustTypes.ts';
import type { CompositeType, Type, VariantPart } from '../types/type.ts';
import { typeName } from '../types/typeName.ts';
import { stripTypedefs } from '../types/typeTraits.ts';
import { activeVariant, membersOfVariant } from '../values/rustValue.ts';
import { memberOf } from '../values/parts.ts';
import type { GuestValue } from '../values/shownValue.ts';
import type { TypedNumber } from './arithmetic.ts';
import type { Expression } from './tree.ts';

/** Whether a type is a Rust integer. In Rust, the operator `!` inverts the bits of an integer. */
export function isRustInteger(type: Type): boolean {
  const base = stripTypedefs(type);
  return base.kind === 'base' && base.language === 'rust' && /^(un)?signed/.test(base.encoding);
}

/**
 * A member of the current variant of a Rust enum. As in gdb, it is accessed as a member of the enum itself: `shape.0`.
 */
export function memberOfVariant(
  value: GuestValue,
  part: VariantPart,
  { object, member }: { object: Expression; member: string },
): GuestValue {
  const active = activeVariant(value, part);
  if (active.kind === 'unreadable') {
    const { result } = active;
    throw result.kind === 'unreadable' ? memoryIsUnreadable(result.address) : valueIsOptimizedOut(object.text);
  }
  const members = active.kind === 'variant' ? membersOfVariant(value, active.variant) : [];
  const found = members.find(({ name }) => name === member);
  if (found) return found;
  const struct = active.kind === 'variant' ? active.variant.members[0]?.type() : undefined;
  throw memberIsUnknown(member, typeName(struct ?? value.type));
}

/**
 * The index of the first element in the range `array[from..to]`, and the array type that represents the range. `start`
 * points to the elements of `indexed`; `number` evaluates a bound.
 */
export function rangeOf(
  { array, from, to, isInclusive }: Expression & { kind: 'slice' },
  {
    indexed,
    start,
    number,
  }: { indexed: GuestValue; start: TypedNumber; number: (bound: Expression) => TypedNumber['value'] },
): { first: bigint; type: Type } {
  const pointer = stripTypedefs(start.type);
  if (pointer.kind !== 'pointer' || typeof start.value !== 'bigint')
    throw isNotAPointer(array.text, typeName(indexed.type));
  const type = stripTypedefs(indexed.type);
  const length = sliceParts(type)?.length;
  const count = type.kind === 'array' ? type.count : length && memberOf(indexed, length).integer();
  const bound = (given: Expression | undefined, otherwise: bigint): bigint => {
    const value = given ? number(given) : otherwise;
    if (typeof value !== 'bigint' || value < 0n) throw badCount(`${value}`);
    return value;
  };
  const first = bound(from, 0n);
  const end = bound(to, BigInt(count ?? 0)) + (to && isInclusive ? 1n : 0n);
  if (end < first || end - first > ELEMENTS_MAX) throw badCount(`${end - first}`);
  return { first, type: { kind: 'array', element: pointer.target, count: Number(end - first) } };
}

const ELEMENTS_MAX = 2n ** 24n;

/** The type of the member with this name in the first variant that has such a member. */
export function memberOfSomeVariant(type: CompositeType, name: string): Type | undefined {
  for (const { members } of type.variants?.()?.variants ?? []) {
    const [path] = members.flatMap((struct) => pathsTo(struct.type(), name));
    if (path) return typeAt(path);
  }
  return undefined;
}
