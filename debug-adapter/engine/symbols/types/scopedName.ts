import type { Die } from '../dwarf/die.ts';
import { outlineOf, qualify } from '../dwarf/outline.ts';

/**
 * The name of a type, variable or enumerator with its scope: `geo::Point`, `(anonymous namespace)::limit`. C has no
 * named scopes. A variable that is defined outside its class belongs to the scope of its declaration in the class.
 */
export function scopedName(die: Die): string {
  const { language } = die.unit;
  const name = die.name ?? '';
  if (name === '' || language === 'c' || language === 'assembly') return name;
  const declaration = die.withOrigins().at(-1) ?? die;
  return withShortTypes(qualify(outlineOf(declaration.unit).scopeAt(declaration.offset), name));
}

/** As in gdb, the types in template arguments have short names: `Array<long, 3>`. */
export function withShortTypes(name: string): string {
  return name.includes('<') ? name.replace(LONG_NAMES, (type) => SHORT_TYPE_NAMES[type] ?? type) : name;
}

/** The common short forms of gcc's type names, which gdb also prints. */
export const SHORT_TYPE_NAMES: Record<string, string | undefined> = {
  'short int': 'short',
  'short unsigned int': 'unsigned short',
  'long int': 'long',
  'long unsigned int': 'unsigned long',
  'long long int': 'long long',
  'long long unsigned int': 'unsigned long long',
};

const LONG_NAMES = /\b(?:short|long long|long)(?: unsigned)? int\b/g;

/** Splits a name into its scope and its last part; the scope is empty if there is none. */
export function splitName(name: string): { scope: string; last: string } {
  let depth = 0;
  for (let i = name.length - 1; i > 0; i--) {
    if (name[i] === '>') depth++;
    else if (name[i] === '<') depth--;
    else if (depth === 0 && name[i] === ':' && name[i - 1] === ':') {
      return { scope: name.slice(0, i - 1), last: name.slice(i + 1) };
    }
  }
  return { scope: '', last: name };
}

/** A name as users may write it, without anonymous namespaces. */
export const withoutAnonymous = (name: string): string => name.replaceAll('(anonymous namespace)::', '');
