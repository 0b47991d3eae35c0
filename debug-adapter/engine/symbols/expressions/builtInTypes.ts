import type { BaseType } from '../types/type.ts';

/** C's basic types in the LP64 data model, by the names that gcc uses in debug information. */
export const BUILT_IN: Record<string, BaseType> = Object.fromEntries(
  (
    [
      ['_Bool', 1, 'boolean'],
      ['char', 1, 'unsignedChar'],
      ['signed char', 1, 'signedChar'],
      ['unsigned char', 1, 'unsignedChar'],
      ['short int', 2, 'signed'],
      ['short unsigned int', 2, 'unsigned'],
      ['int', 4, 'signed'],
      ['unsigned int', 4, 'unsigned'],
      ['long int', 8, 'signed'],
      ['long unsigned int', 8, 'unsigned'],
      ['long long int', 8, 'signed'],
      ['long long unsigned int', 8, 'unsigned'],
      ['__int128', 16, 'signed'],
      ['__int128 unsigned', 16, 'unsigned'],
      ['float', 4, 'float'],
      ['double', 8, 'float'],
      ['long double', 16, 'float'],
    ] as const
  ).map(([name, sizeBytes, encoding]) => [name, { kind: 'base', name: shortName(name), sizeBytes, encoding }]),
);

/** Shortens gcc's names: `long unsigned int` becomes `unsigned long`. */
function shortName(name: string): string {
  const words = name.split(' ').filter((word) => word !== 'int' || name === 'int' || name === 'unsigned int');
  const isUnsigned = words.includes('unsigned');
  return [...(isUnsigned ? ['unsigned'] : []), ...words.filter((word) => word !== 'unsigned')].join(' ');
}

export const BOOL: BaseType = { kind: 'base', name: 'bool', sizeBytes: 1, encoding: 'boolean' };
export const INT = BUILT_IN['int'];
export const UNSIGNED = BUILT_IN['unsigned int'];
export const LONG = BUILT_IN['long int'];
export const UNSIGNED_LONG = BUILT_IN['long unsigned int'];
export const FLOAT = BUILT_IN['float'];
export const DOUBLE = BUILT_IN['double'];
export const LONG_DOUBLE = BUILT_IN['long double'];
export const CHAR = BUILT_IN['char'];
