import { AT } from '../dwarf/constants.ts';
import type { Die } from '../dwarf/die.ts';
import { outlineOf, qualify } from '../dwarf/outline.ts';

/**
 * The qualified name of a function or inlined function, without parameters: `ns::Box::area`, `rust_basic::Point::shift`.
 * A function that is defined outside its class belongs to the scope of its declaration there (DW_AT_specification).
 */
export function functionName(die: Die): string {
  const origins = die.withOrigins();
  const name = die.name ?? origins.find((each) => each.has(AT.linkageName))?.text(AT.linkageName) ?? '';
  const declaration = origins[origins.length - 1];
  return qualify(outlineOf(declaration.unit).scopeAt(declaration.offset), name);
}
