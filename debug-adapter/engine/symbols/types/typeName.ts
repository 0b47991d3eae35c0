import type { Language } from '../language.ts';
import { rustTypeName } from './rustTypeName.ts';
import { isRust } from './rustTypes.ts';
import type { ArrayType, FunctionType, QualifiedType, Type } from './type.ts';

/**
 * A type's name in its own language, as gdb's `whatis` prints it: `char *[16]`, `int (*)(int, char *)`, `const struct
 * store *`; in Rust `*mut i32`.
 */
export function typeName(type: Type): string {
  return isRust(type) ? rustTypeName(type) : declare(type, '', 0);
}

/** A C declaration of a variable with this type: `char *names[16]`. */
export function declaration(type: Type, name: string): string {
  return declare(type, name, 0);
}

/**
 * Builds a C declaration from the inside out, around the declarator `inner`: pointers to its left, arrays and
 * parameters to its right.
 */
function declare(type: Type, inner: string, depth: number): string {
  // Only in a damaged file can an unnamed type contain itself.
  if (depth > DEPTH_MAX) return '...';
  switch (type.kind) {
    case 'pointer':
      return declarePointer(type.target(), (type.reference ?? '*') + inner, depth);
    case 'memberPointer':
      return declarePointer(type.target(), `${declare(type.container(), '', depth + 1)}::*${inner}`, depth);
    case 'array':
      return declare(type.element(), type.isVector ? join(inner, dimension(type)) : inner + dimension(type), depth + 1);
    case 'function':
      return declare(type.result(), `${inner}(${parameters(type, depth)})`, depth + 1);
    case 'qualified':
      return declareQualified(type, inner, depth);
    default:
      return join(plainName(type), inner);
  }
}

/** Formats an array dimension as gdb does (c_type_print_varspec_suffix). */
function dimension({ count, boundsKey, isVector }: ArrayType): string {
  if (isVector) return `__attribute__ ((vector_size(${count ?? 0})))`;
  return `[${count ?? (boundsKey === undefined ? '' : 'variable length')}]`;
}

function declarePointer(target: Type, inner: string, depth: number): string {
  const needsParentheses = target.kind === 'array' || target.kind === 'function';
  return declare(target, needsParentheses ? `(${inner})` : inner, depth + 1);
}

/** A pointer's qualifiers follow the asterisk; other qualifiers precede the type. */
function declareQualified(type: QualifiedType, inner: string, depth: number): string {
  const qualifiers = new Set<QualifiedType['qualifier']>();
  let target: Type = type;
  for (let i = 0; target.kind === 'qualified' && i < DEPTH_MAX; i++) {
    qualifiers.add(target.qualifier);
    target = target.target();
  }
  const words = ORDER.filter((word) => qualifiers.has(word)).join(' ');
  if (target.kind === 'array') return declare(qualifiedElements(target, qualifiers), inner, depth + 1);
  if (target.kind === 'pointer')
    return declarePointer(
      target.target(),
      `${target.reference ?? '*'} ${words}${/^[\w*]/.test(inner) ? ' ' : ''}${inner}`,
      depth + 1,
    );
  return `${words} ${declare(target, inner, depth + 1)}`;
}

/** C17, section 6.7.3: an array's qualifiers apply to its elements. */
function qualifiedElements(array: ArrayType, qualifiers: Set<QualifiedType['qualifier']>): ArrayType {
  let element = array.element();
  for (const qualifier of qualifiers) {
    const target = element;
    element = { kind: 'qualified', qualifier, target: () => target };
  }
  return { ...array, element: () => element };
}

const ORDER: QualifiedType['qualifier'][] = ['const', 'volatile', 'restrict', '_Atomic'];

function parameters(type: FunctionType, depth: number): string {
  const names = type.parameters().map((parameter) => declare(parameter, '', depth + 1));
  // gdb shows the ellipsis only after a parameter.
  if (type.isVariadic && names.length > 0) names.push('...');
  if (names.length === 0 && type.isPrototyped) return 'void';
  return names.join(', ');
}

function plainName(type: Type): string {
  switch (type.kind) {
    case 'void':
      return type.name ?? 'void';
    case 'base':
    case 'typedef':
      return type.name;
    case 'struct':
    case 'union':
      return withKeyword(type.keyword, type);
    case 'enumeration':
      return withKeyword('enum', type);
    default:
      return '?';
  }
}

/** The name of a struct, union or enumeration, as in gdb (c_print_type). C++ needs no keyword. */
function withKeyword(keyword: string, { name, language }: { name: string; language: Language }): string {
  if (name === '') return `${keyword} {...}`;
  return language === 'c' ? `${keyword} ${name}` : name;
}

const join = (name: string, inner: string) => [name, inner].filter((text) => text !== '').join(' ');

const DEPTH_MAX = 50;
