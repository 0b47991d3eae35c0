import type { ArrayType, CompositeType, EnumerationType, Type } from './type.ts';

/** Whether the type is a C++ reference. A reference stands for its target. */
export function isReference(type: Type): boolean {
  const stripped = stripTypedefs(type);
  return stripped.kind === 'pointer' && stripped.reference !== undefined;
}

/** Strips typedefs and qualifiers. */
export function stripTypedefs(type: Type): Exclude<Type, { kind: 'typedef' } | { kind: 'qualified' }> {
  let current = type;
  for (let i = 0; i < CHAIN_MAX; i++) {
    if (current.kind !== 'typedef' && current.kind !== 'qualified') return current;
    current = current.target();
  }
  // In a damaged file, a typedef can refer to itself.
  return { kind: 'void' };
}

/** The size that sizeof yields; 0 for void, functions, incomplete types and arrays without a length. */
export function sizeOf(type: Type): number {
  let count = 1;
  let current = stripTypedefs(type);
  for (let i = 0; i < CHAIN_MAX && current.kind === 'array'; i++) {
    count *= current.count ?? 0;
    if (current.strideBytes !== undefined) return safe(count * current.strideBytes);
    current = stripTypedefs(current.element());
  }
  const size = 'sizeBytes' in current ? current.sizeBytes * count : 0;
  return safe(size);
}

const safe = (size: number) => (Number.isSafeInteger(size) ? size : 0);

/** The distance in bytes between adjacent elements of an array. */
export function strideOf(array: ArrayType): number {
  return array.strideBytes ?? sizeOf(array.element());
}

/** Whether the length of an array, or of its elements, is known only at run time. */
export function hasDynamicSize(type: Type): boolean {
  let current = stripTypedefs(type);
  for (let i = 0; i < CHAIN_MAX && current.kind === 'array'; i++) {
    if (current.boundsKey !== undefined) return true;
    current = stripTypedefs(current.element());
  }
  return false;
}

export function isComposite(type: Type): type is CompositeType {
  return type.kind === 'struct' || type.kind === 'union';
}

/** Like `isFloat` and `isSigned`, this function ignores typedefs and qualifiers. */
export function isComplex(type: Type): boolean {
  const base = stripTypedefs(type);
  return base.kind === 'base' && base.encoding === 'complex';
}

export function isFloat(type: Type): boolean {
  const base = stripTypedefs(type);
  return base.kind === 'base' && base.encoding === 'float';
}

export function isSigned(type: Type): boolean {
  const base = stripTypedefs(type);
  if (base.kind === 'enumeration') return base.isSigned;
  return base.kind === 'base' && (base.encoding === 'signed' || base.encoding === 'signedChar');
}

/**
 * Whether an enumeration's values are combinations of flags. The rule is the same as in gdb: each enumerator has at
 * most one bit set.
 */
export function isFlags(type: EnumerationType): boolean {
  return type.enumerators().every(({ value }) => value >= 0n && (value & (value - 1n)) === 0n);
}

const CHAIN_MAX = 64;
