import type { CompositeType, EnumerationType, Type } from './type.ts';

/** Small questions about types. Each looks through typedefs and qualifiers. */

/** The type itself, without typedefs and qualifiers. */
export function bare(type: Type): Exclude<Type, { kind: 'typedef' } | { kind: 'qualified' }> {
  let current = type;
  for (let i = 0; i < CHAIN_MAX; i++) {
    if (current.kind !== 'typedef' && current.kind !== 'qualified') return current;
    current = current.target();
  }
  // A typedef of itself: damage.
  return { kind: 'void' };
}

/** As sizeof has it; 0 for void, functions, incomplete types and arrays without a length. */
export function sizeOf(type: Type): number {
  let count = 1;
  let current = bare(type);
  for (let i = 0; i < CHAIN_MAX && current.kind === 'array'; i++) {
    count *= current.count ?? 0;
    current = bare(current.element());
  }
  const size = 'sizeBytes' in current ? current.sizeBytes * count : 0;
  return Number.isSafeInteger(size) ? size : 0;
}

export function isComposite(type: Type): type is CompositeType {
  return type.kind === 'struct' || type.kind === 'union';
}

/** What takes part in integer arithmetic. */
export function isInteger(type: Type): boolean {
  const { kind } = bare(type);
  return kind === 'enumeration' || (kind === 'base' && !isFloat(type));
}

export function isFloat(type: Type): boolean {
  const base = bare(type);
  return base.kind === 'base' && base.encoding === 'float';
}

export function isSigned(type: Type): boolean {
  const base = bare(type);
  if (base.kind === 'enumeration') return base.isSigned;
  return base.kind === 'base' && (base.encoding === 'signed' || base.encoding === 'signedChar');
}

/** A type of characters: what strings consist of. */
export function isCharacter(type: Type): boolean {
  const base = bare(type);
  return base.kind === 'base' && base.sizeBytes === 1 && /Char$/.test(base.encoding);
}

/** Whether values of an enumeration are combinations of flags, as gdb decides it: each enumerator is one bit, or none. */
export function isFlags(type: EnumerationType): boolean {
  return type.enumerators().every(({ value }) => value >= 0n && (value & (value - 1n)) === 0n);
}

const CHAIN_MAX = 64;
