import { pathsTo, type MemberPath } from '../types/members.ts';
import type { ArrayType, Base, Member } from '../types/type.ts';
import { typeName } from '../types/typeName.ts';
import { isComposite, stripTypedefs, strideOf } from '../types/typeTraits.ts';
import { parenthesized } from './expressionText.ts';
// Cycle: the parts of a value are values.
import type { GuestValue } from './shownValue.ts';
import { OPTIMIZED_OUT, type Storage } from './storage.ts';

export type { GuestValue };

/**
 * A member's value. An anonymous member gets a descriptive name, and the expressions for its members are based on this
 * value's expression.
 */
export function memberOf(value: GuestValue, member: Member): GuestValue {
  if (member.staticKey !== undefined) return staticMember(value, member, member.staticKey);
  const type = member.type();
  const isAnonymous = member.name === '' && isComposite(type);
  const { bits } = member;
  return value.part({
    name: isAnonymous ? `<anonymous ${stripTypedefs(type).kind}>` : member.name,
    type,
    offsetBytes: value.offsetBytes + member.offsetBytes,
    bits: bits && { offset: bits.offset - member.offsetBytes * 8, width: bits.width },
    expression: isAnonymous ? value.expression : memberExpression(value, member.name),
    ...(isAnonymous && value.derived && { derived: value.derived }),
  });
}

/** The part of an object that belongs to a base class. */
export function baseOf(value: GuestValue, base: Base): GuestValue {
  const { context, expression, location } = value;
  const type = base.type();
  const parts = {
    name: `<${typeName(type)}>`,
    type,
    expression: expression === undefined ? undefined : `*(${typeName(type)} *)&${parenthesized(expression)}`,
    derived: value.derived ?? value,
  };
  if (base.virtualKey === undefined) {
    return value.part({ ...parts, offsetBytes: value.offsetBytes + base.offsetBytes });
  }
  const { frame } = context;
  const address =
    location.kind === 'memory' ? context.virtualBase(base.virtualKey, location.address, frame) : undefined;
  const storage: Storage = address === undefined ? OPTIMIZED_OUT : { kind: 'memory', address, frame };
  return value.part({ ...parts, storage });
}

/** The member at the end of a path. */
export function partAt(value: GuestValue, path: MemberPath): GuestValue {
  return path.reduce<GuestValue>(
    (inner, step) => (step.kind === 'base' ? baseOf(inner, step.base) : memberOf(inner, step.member)),
    value,
  );
}

export function elementOf(value: GuestValue, array: ArrayType, index: number): GuestValue {
  const { expression } = value;
  return value.part({
    name: `[${index}]`,
    type: array.element(),
    offsetBytes: value.offsetBytes + index * strideOf(array),
    expression: expression === undefined ? undefined : `${parenthesized(expression)}[${index}]`,
  });
}

function staticMember(value: GuestValue, member: Member, staticKey: number): GuestValue {
  const { context, expression } = value;
  const type = member.type();
  return value.part({
    name: member.name,
    type,
    storage: context.staticMember(staticKey, type, context.frame),
    expression: expression === undefined ? undefined : `${parenthesized(expression)}.${member.name}`,
  });
}

/** A member of a base class is accessed as a member of the derived class, unless the name is ambiguous there. */
function memberExpression({ expression, derived }: GuestValue, name: string): string | undefined {
  // The names of compiler-generated members, such as `_vptr.Shape`, cannot be used in expressions.
  if (expression === undefined || !/^\w+$/.test(name)) return undefined;
  const isUnique = derived?.expression !== undefined && pathsTo(derived.type, name).length === 1;
  return `${parenthesized(isUnique ? derived.expression : expression)}.${name}`;
}
