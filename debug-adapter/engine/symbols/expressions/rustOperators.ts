import { memberIsUnknown, memoryIsUnreadable, valueIsOptimizedOut } from '../../../messages/symbols.ts';
import { pathsTo, typeAt } from '../types/members.ts';
import type { CompositeType, Type, VariantPart } from '../types/type.ts';
import { typeName } from '../types/typeName.ts';
import { stripTypedefs } from '../types/typeTraits.ts';
import { activeVariant, membersOfVariant } from '../values/rustValue.ts';
import type { GuestValue } from '../values/shownValue.ts';
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

/** The type of a member of the first variant that has it. */
export function memberOfSomeVariant(type: CompositeType, name: string): Type | undefined {
  for (const { members } of type.variants?.()?.variants ?? []) {
    const [path] = members.flatMap((struct) => pathsTo(struct.type(), name));
    if (path) return typeAt(path);
  }
  return undefined;
}
