import { isInhabited, sliceParts, traitObjectParts } from '../types/rustTypes.ts';
import type { Member, Type, Variant, VariantPart } from '../types/type.ts';
import { isComposite, sizeOf, stripTypedefs } from '../types/typeTraits.ts';
import { findVariant } from '../types/variantParts.ts';
import { parenthesized } from './expressionText.ts';
import { memberOf, type GuestValue } from './parts.ts';
import type { ReadResult } from './storage.ts';

/**
 * The children of an enum (the members of its current variant) or a trait object (its own members and the object that
 * it refers to). Undefined for other values, whose children are the members of a struct.
 */
export function rustChildren(value: GuestValue): GuestValue[] | undefined {
  const type = stripTypedefs(value.type);
  if (!isComposite(type)) return undefined;
  const part = type.variants?.();
  if (part) {
    const active = activeVariant(value, part);
    if (active.kind !== 'variant') return [];
    // The enum's own expression designates its current variant, as in gdb: `shape.0`.
    return membersOfVariant(value, active.variant);
  }
  if (!traitObjectParts(type)) return undefined;
  const object = objectOf(value);
  return [...type.members().map((member) => memberOf(value, member)), ...(object ? [object] : [])];
}

/**
 * The members of the struct that a variant consists of. In other languages, a variant contains its members directly.
 */
export function membersOfVariant(value: GuestValue, { members }: Variant): GuestValue[] {
  const [struct] = members;
  const type = members.length === 1 ? stripTypedefs(struct.type()) : undefined;
  if (!type || !isComposite(type)) return members.map((member) => memberOf(value, member));
  return type.members().map((inner) => memberOf(value, inside(struct, inner)));
}

/** Converts a member of a member to a member of the enclosing value. */
function inside(outer: Member, inner: Member): Member {
  const { bits } = inner;
  return {
    ...inner,
    offsetBytes: outer.offsetBytes + inner.offsetBytes,
    bits: bits && { offset: outer.offsetBytes * 8 + bits.offset, width: bits.width },
  };
}

/** The current variant of an enum. */
export type ActiveVariant =
  | { kind: 'variant'; variant: Variant }
  /** No variant has this discriminant: the memory is not initialized. */
  | { kind: 'unknown'; discriminant: bigint }
  | { kind: 'unreadable'; result: ReadResult };

export function activeVariant(value: GuestValue, part: VariantPart): ActiveVariant {
  const { discriminant, variants } = part;
  if (!discriminant) {
    const areInhabited = ({ members }: Variant) => members.every((member) => isInhabited(member.type()));
    const variant = variants.find(areInhabited) ?? variants[0];
    return variant ? { kind: 'variant', variant } : { kind: 'unknown', discriminant: 0n };
  }
  const tag = memberOf(value, discriminant);
  const number = tag.integer();
  if (number === undefined) return { kind: 'unreadable', result: tag.read() };
  const variant = findVariant(part, number, sizeOf(tag.type) * 8);
  return variant ? { kind: 'variant', variant } : { kind: 'unknown', discriminant: number };
}

/**
 * A slice's elements as an array; undefined if the value is not a slice, or if the slice is uninitialized and its size
 * exceeds any possible memory.
 */
export function sliceContents(value: GuestValue): GuestValue | undefined {
  const parts = sliceParts(value.type);
  if (!parts) return undefined;
  const pointer = memberOf(value, parts.pointer);
  const element = stripTypedefs(pointer.type);
  const address = pointer.integer();
  const length = memberOf(value, parts.length).integer();
  if (element.kind !== 'pointer' || address === undefined || length === undefined || length < 0n) return undefined;
  const isEmpty = sizeOf(element.target()) === 0;
  const count = isEmpty ? Math.min(Number(length), COUNT_MAX) : Number(length);
  if (count * sizeOf(element.target()) > SIZE_MAX) return undefined;
  const { name, expression } = value;
  return inMemory(value, address, { name, expression, type: { kind: 'array', element: element.target, count } });
}

/** The object that a trait object refers to, if the debug information specifies its type. */
export function objectOf(value: GuestValue): GuestValue | undefined {
  const parts = traitObjectParts(value.type);
  const vtable = parts && memberOf(value, parts.vtable).integer();
  const address = parts && memberOf(value, parts.pointer).integer();
  const type = vtable === undefined ? undefined : value.context.concreteType(vtable);
  if (!type || address === undefined) return undefined;
  const { name, expression } = value;
  return inMemory(value, address, {
    name: `*${name}`,
    type,
    expression: expression && `*${parenthesized(expression)}`,
  });
}

function inMemory(
  value: GuestValue,
  address: bigint,
  parts: { name: string; type: Type; expression: string | undefined },
): GuestValue {
  return value.part({ ...parts, storage: { kind: 'memory', address, frame: value.context.frame } });
}

/** The maximum number of elements of size 0. They are all equal, so showing the first ones is enough. */
const COUNT_MAX = 2 ** 32;
/** A size in bytes that exceeds any possible memory. */
const SIZE_MAX = 2 ** 48;
