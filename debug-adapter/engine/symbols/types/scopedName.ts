import type { Die } from '../dwarf/die.ts';
import { outlineOf, qualify } from '../dwarf/outline.ts';

/**
 * The name of a type, variable or enumerator with its scope: `geo::Point`, `(anonymous namespace)::limit`. C has no
 * scopes with names. A variable that is defined outside its class belongs to the scope of its declaration there.
 */
export function scopedName(die: Die): string {
  const { language } = die.unit;
  const name = die.name ?? '';
  if (name === '' || language === 'c' || language === 'assembly') return name;
  const declaration = die.withOrigins().at(-1) ?? die;
  return qualify(outlineOf(declaration.unit).scopeAt(declaration.offset), name);
}

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

/** A name as users write it: they can leave out anonymous namespaces. */
export const withoutAnonymous = (name: string): string => name.replaceAll('(anonymous namespace)::', '');
