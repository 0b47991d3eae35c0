import type { ArrayType, CompositeType } from '../types/type.ts';
import { stripTypedefs, isComposite, isReference, sizeOf, strideOf } from '../types/typeTraits.ts';
import { isStringSlice } from '../types/rustTypes.ts';
import { parenthesized } from './expressionText.ts';
import { rustChildren, sliceContents } from './rustValue.ts';
import { baseOf, elementOf, memberOf } from './parts.ts';
// Cycle: the children of a value are values.
import type { GuestValue } from './shownValue.ts';

/**
 * The children of a value: the members of a struct or union, or the elements of an array. The children of a pointer to
 * a struct are the struct's members; the only child of any other pointer is the pointee. If an array has more than 1000
 * elements, they are grouped.
 */
export function childrenOf(value: GuestValue): GuestValue[] {
  if (value.fixedText !== undefined) return [];
  const formatted = value.formattedChildren();
  if (formatted) return formatted;
  const type = stripTypedefs(value.type);
  const inRust = partsInRust(value);
  if (inRust) return inRust.kind === 'elements' ? childrenOf(inRust.array) : inRust.children;
  if (type.kind === 'array') return elements(value, type);
  if (isComposite(type)) return partsOf(value, type);
  if (isReference(type)) return childrenOf(value.referent);
  const target = type.kind === 'pointer' ? pointeeOf(value) : undefined;
  if (!target) return [];
  if (partsInRust(target)) return childrenOf(target);
  const composite = stripTypedefs(target.type);
  const ofTarget = value.isRaw ? undefined : target.formattedChildren();
  if (ofTarget) return ofTarget;
  if (!isComposite(composite)) return [target];
  return partsOf(target, composite).map((part) => throughPointer(value, target, part));
}

/** The base classes, then the members, in the order of their declarations. */
function partsOf(value: GuestValue, type: CompositeType): GuestValue[] {
  return [
    ...type.bases().map((base) => baseOf(value, base)),
    ...type.members().map((member) => memberOf(value, member)),
  ];
}

export function childCountOf(value: GuestValue): number {
  if (value.fixedText !== undefined) return 0;
  const formatted = value.formattedChildren();
  if (formatted) return formatted.length;
  const type = stripTypedefs(value.type);
  const inRust = partsInRust(value);
  if (inRust) return inRust.kind === 'elements' ? childCountOf(inRust.array) : inRust.children.length;
  if (type.kind === 'array') {
    const count = countOf(type);
    return count > GROUP_SIZE ? Math.ceil(count / groupSize(count)) : count;
  }
  if (isComposite(type)) return partCountOf(type);
  if (isReference(type)) return childCountOf(value.referent);
  const target = type.kind === 'pointer' ? pointeeOf(value) : undefined;
  if (!target) return 0;
  if (partsInRust(target)) return childCountOf(target);
  const ofTarget = value.isRaw ? undefined : target.formattedChildren();
  if (ofTarget) return ofTarget.length;
  const composite = stripTypedefs(target.type);
  return isComposite(composite) ? partCountOf(composite) : 1;
}

const partCountOf = (type: CompositeType) => type.bases().length + type.members().length;

/**
 * The children of Rust's slices, enums and trait objects. As in gdb, the children of a string are the members of its
 * struct.
 */
function partsInRust(
  value: GuestValue,
): { kind: 'elements'; array: GuestValue } | { kind: 'children'; children: GuestValue[] } | undefined {
  const type = stripTypedefs(value.type);
  if (!isComposite(type) || type.language !== 'rust') return undefined;
  const array = isStringSlice(type) ? undefined : sliceContents(value);
  if (array) return { kind: 'elements', array };
  const children = rustChildren(value);
  return children && { kind: 'children', children };
}

/**
 * The maximum number of children. The editor requests all children at once, so there must not be more than a user can
 * scroll through.
 */
const GROUP_SIZE = 1000;

/** The pointee; undefined for null, for `void *`, and for pointers to functions and to incomplete types. */
function pointeeOf(value: GuestValue): GuestValue | undefined {
  const target = value.pointee();
  if (!target || value.integer() === 0n || sizeOf(target.type) === 0) return undefined;
  return target;
}

function throughPointer(pointer: GuestValue, target: GuestValue, child: GuestValue): GuestValue {
  const isBase = child.derived === target;
  if (pointer.expression === undefined || child.expression === undefined || isBase) return child;
  if (child.expression === target.expression) return child;
  const { name, type, offsetBytes, bits } = child;
  const expression = `${parenthesized(pointer.expression)}->${name}`;
  return child.part({ name, type, offsetBytes, bits, expression });
}

function countOf(type: ArrayType): number {
  return type.count ?? 0;
}

/**
 * The number of elements in a group: 1000 for arrays of up to 10^6 elements, 10^6 for up to 10^9, and so on. Therefore,
 * a value never has more than 1000 children.
 */
function groupSize(count: number): number {
  let size = GROUP_SIZE;
  while (count > size * GROUP_SIZE) size *= GROUP_SIZE;
  return size;
}

function elements(value: GuestValue, type: ArrayType): GuestValue[] {
  const count = countOf(type);
  const { whole, start } = value.group ?? { whole: value, start: 0 };
  if (count > GROUP_SIZE) return groups(whole, type, { start, count });
  return Array.from({ length: count }, (_, i) => elementOf(whole, type, start + i));
}

/** Divides an array into groups. The elements keep their indices and names. */
function groups(whole: GuestValue, type: ArrayType, { start, count }: { start: number; count: number }): GuestValue[] {
  const size = groupSize(count);
  return Array.from({ length: Math.ceil(count / size) }, (_, i) => {
    const first = start + i * size;
    const part: ArrayType = { ...type, count: Math.min(size, count - i * size) };
    return whole.part({
      name: `[${first}..${first + countOf(part) - 1}]`,
      type: part,
      offsetBytes: whole.offsetBytes + first * strideOf(type),
      group: { whole, start: first },
    });
  });
}
