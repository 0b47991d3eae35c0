import { memoryIsUnreadable } from '../../../messages/symbols.ts';
import { pathToBase } from '../types/members.ts';
import type { Type } from '../types/type.ts';
import { hasDynamicSize, sizeOf, stripTypedefs } from '../types/typeTraits.ts';
import { withBounds } from '../values/arrayBounds.ts';
import { baseOf } from '../values/parts.ts';
import { GuestValue, type ValueContext } from '../values/shownValue.ts';
import type { TypedNumber } from './arithmetic.ts';

/**
 * The number of bytes that `pointer + 1` adds to the address. As in GNU C, it is 1 for `void *` and function pointers.
 */
export function pointerStride(pointer: Type): bigint {
  return BigInt(sizeOf(targetOf(pointer) ?? VOID) || 1);
}

/** The stride of a pointer. The size of its target may be known only at run time. */
export function strideIn({ arrayCount, frame }: ValueContext, pointer: Type): bigint {
  const target = targetOf(pointer);
  if (!target || !hasDynamicSize(target)) return pointerStride(pointer);
  return BigInt(sizeOf(withBounds(target, (key) => arrayCount(key, frame))) || 1);
}

/**
 * Converts a class pointer into a pointer to one of the class's base classes, or vice versa. Returns undefined for a
 * null pointer (which needs no conversion), for unrelated classes, and for a pointer to a virtual base class.
 */
export function classPointer(
  { value, type }: TypedNumber,
  wanted: Type,
  context: ValueContext,
): TypedNumber | undefined {
  const [from, to] = [targetOf(type), targetOf(wanted)];
  if (typeof value !== 'bigint' || value === 0n || !from || !to) return undefined;
  const up = pathToBase(from, to);
  if (up) {
    const storage = { kind: 'memory' as const, address: value, frame: context.frame };
    const object = new GuestValue({ name: '', type: from, storage, context });
    const base = up.reduce(baseOf, object);
    if (!base.lvalue) throw memoryIsUnreadable(value);
    return { value: base.lvalue.address, type: wanted };
  }
  const down = pathToBase(to, from);
  if (!down || down.some(({ virtualKey }) => virtualKey !== undefined)) return undefined;
  const offset = down.reduce((sum, { offsetBytes }) => sum + offsetBytes, 0);
  return { value: BigInt.asUintN(64, value - BigInt(offset)), type: wanted };
}

/** The type that a pointer points to; undefined for other types. */
export function targetOf(pointer: Type): Type | undefined {
  const type = stripTypedefs(pointer);
  return type.kind === 'pointer' ? type.target() : undefined;
}

const VOID: Type = { kind: 'void' };
