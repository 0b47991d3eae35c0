import { demangle } from '../demangling/demangle.ts';
import type { DemangledName } from '../demangling/mangledText.ts';
import { AT, TAG } from '../dwarf/constants.ts';
import type { Die } from '../dwarf/die.ts';
import { outlineOf, qualify } from '../dwarf/outline.ts';

/**
 * The qualified name of a function or inlined function, without parameters, as gdb shows it in a backtrace:
 * `ns::Box::area`, `rust_basic::Point::shift`. As in gdb, the name of a C++ function is its demangled linkage name, if
 * it has one, because compilers differ in how they spell template arguments and lambda names. Otherwise, it is the name
 * in the debug information, preceded by the names of its scopes. A function that is defined outside its class belongs
 * to the scope of its declaration in the class (DW_AT_specification).
 */
export function functionName(die: Die): string {
  const linkageName = linkageNameOf(die);
  const { language } = die.unit;
  const demangled = language === 'c++' && linkageName !== undefined ? demangle(linkageName) : undefined;
  if (demangled) return demangled.name;
  // C has no named scopes.
  if (language === 'c') return die.name ?? linkageName ?? '';
  const declaration = die.withOrigins().at(-1)!;
  const scope = outlineOf(declaration.unit).scopeAt(declaration.offset);
  const name = qualify(scope, die.name ?? linkageName ?? '');
  return language === 'c++' ? withShortTypes(name) : name;
}

/**
 * The name of a function in a stack frame, if it differs from its qualified name. gdb cannot split some names into name
 * and parameters (cp_remove_params): those of thunks, lambda functions, and functions with lambdas or unnamed types
 * among their template arguments or parameters. In stack frames, gdb shows these names with their parameters.
 * `parametersOf` returns the parameters of a function without a linkage name: `(int, const Point &)`.
 */
export function frameName(die: Die, parametersOf: (die: Die) => string): string | undefined {
  if (die.unit.language !== 'c++') return undefined;
  const linkageName = linkageNameOf(die);
  const demangled = linkageName === undefined ? undefined : demangle(linkageName);
  if (demangled) return withParametersIfIndivisible(demangled);
  // gdb computes the parameters of inlined functions only from their linkage names.
  if (die.tag !== TAG.subprogram) return undefined;
  return withParametersIfIndivisible({ name: functionName(die), parameters: parametersOf(die) });
}

function withParametersIfIndivisible({ name, parameters }: DemangledName): string | undefined {
  return INDIVISIBLE.test(name + parameters) ? name + parameters : undefined;
}

const INDIVISIBLE = / thunk to |\{(?:lambda|unnamed|\.\.\.)|<lambda|\$_\d/;

/** The linkage name of a function; undefined if the debug information does not specify one. */
export function linkageNameOf(die: Die): string | undefined {
  const owner = die.entryWith(AT.linkageName) ?? die.entryWith(AT.mipsLinkageName);
  return owner?.text(AT.linkageName) ?? owner?.text(AT.mipsLinkageName);
}

/** Shortens gcc's type names in template arguments: `long unsigned int` becomes `unsigned long`. */
export function withShortTypes(name: string): string {
  return name.replace(LONG_TYPES, (_, size: string, unsigned: string) => (unsigned ? `unsigned ${size}` : size));
}

const LONG_TYPES = /\b(long long|long|short)( unsigned)? int\b/g;
