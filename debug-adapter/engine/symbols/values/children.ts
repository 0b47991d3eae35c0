import type { ArrayType } from '../types/type.ts';
import { bare, isComposite, sizeOf } from '../types/typeQuestions.ts';
import { asOperand, ShownValue } from './shownValue.ts';

/**
 * The children of a value: members of a struct or union, or elements of an array. A pointer's children are the members
 * of the struct that it points to, or else the pointee. The elements of an array with more than 1000 of them are
 * grouped.
 */
export function childrenOf(value: ShownValue): ShownValue[] {
  const type = bare(value.type);
  if (type.kind === 'array') return elements(value, type);
  if (isComposite(type)) return type.members().map((member) => value.member(member));
  const target = type.kind === 'pointer' ? openPointee(value) : undefined;
  if (!target) return [];
  const composite = bare(target.type);
  return isComposite(composite) ? composite.members().map((member) => throughPointer(value, target, member)) : [target];
}

export function childCountOf(value: ShownValue): number {
  const type = bare(value.type);
  if (type.kind === 'array') {
    const count = countOf(type);
    return count > GROUP ? Math.ceil(count / groupSize(count)) : count;
  }
  if (isComposite(type)) return type.members().length;
  const target = type.kind === 'pointer' ? openPointee(value) : undefined;
  if (!target) return 0;
  const composite = bare(target.type);
  return isComposite(composite) ? composite.members().length : 1;
}

/** A user can scroll through 1000 elements, and they are all read together. */
const GROUP = 1000;

/** Undefined if there is nothing to show: null, `void *`, functions, incomplete types. */
function openPointee(value: ShownValue): ShownValue | undefined {
  const target = value.pointee();
  if (!target || value.integer() === 0n || sizeOf(target.type) === 0) return undefined;
  return target;
}

function throughPointer(
  pointer: ShownValue,
  target: ShownValue,
  member: Parameters<ShownValue['member']>[0],
): ShownValue {
  const child = target.member(member);
  if (pointer.expression === undefined || child.expression === target.expression) return child;
  return renamed(child, child.name, `${asOperand(pointer.expression)}->${member.name}`);
}

function renamed(value: ShownValue, name: string, expression: string | undefined): ShownValue {
  const { type, storage, offsetBytes, bits, context } = value;
  return new ShownValue({ name, type, storage, offsetBytes, bits, context, expression });
}

function countOf(type: ArrayType): number {
  return type.count ?? 0;
}

/** 1000 for up to 10^6 elements, 10^6 for up to 10^9, and so on: a value never has more than 1000 children. */
function groupSize(count: number): number {
  let size = GROUP;
  while (count > size * GROUP) size *= GROUP;
  return size;
}

function elements(value: ShownValue, type: ArrayType): ShownValue[] {
  const count = countOf(type);
  const { whole, start } = value.group ?? { whole: value, start: 0 };
  if (count > GROUP) return groups(whole, type, { start, count });
  const element = type.element();
  return Array.from({ length: count }, (_, i) => whole.element(start + i, element));
}

/** Divides an array into groups. The elements keep their indices and names. */
function groups(whole: ShownValue, type: ArrayType, { start, count }: { start: number; count: number }): ShownValue[] {
  const size = groupSize(count);
  return Array.from({ length: Math.ceil(count / size) }, (_, i) => {
    const first = start + i * size;
    const part: ArrayType = { ...type, count: Math.min(size, count - i * size) };
    return new ShownValue({
      name: `[${first}..${first + countOf(part) - 1}]`,
      type: part,
      storage: whole.storage,
      offsetBytes: whole.offsetBytes + first * sizeOf(type.element()),
      group: { whole, start: first },
      context: whole.context,
    });
  });
}
