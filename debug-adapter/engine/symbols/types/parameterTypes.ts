import { AT, TAG } from '../dwarf/constants.ts';
import type { Die } from '../dwarf/die.ts';
import type { Type } from './type.ts';
import { typeName } from './typeName.ts';
import type { TypeReader } from './typeReader.ts';
import { stripTypedefs } from './typeTraits.ts';

/**
 * The parameters of a C++ function, such as `(int, const Point &)`, as gdb appends them to the function's name
 * (dwarf2_compute_name). For a const method, ` const` follows.
 */
export function parameterTypes(die: Die, types: TypeReader): string {
  const names: string[] = [];
  let isConst = false;
  for (const child of die.children()) {
    if (child.tag === TAG.unspecifiedParameters) names.push('...');
    if (child.tag !== TAG.formalParameter) continue;
    const type = types.typeOf(child);
    const isArtificial = child.entryWith(AT.artificial)?.flag(AT.artificial) ?? false;
    if (!isArtificial) names.push(typeName(unqualified(type)));
    else isConst ||= pointsToConst(type);
  }
  return `(${names.length === 0 ? 'void' : names.join(', ')})${isConst ? ' const' : ''}`;
}

/** Removes the qualifiers of a parameter itself, which are not part of the function's type. */
function unqualified(type: Type): Type {
  let current = type;
  for (let i = 0; i < CHAIN_MAX && current.kind === 'qualified'; i++) current = current.target();
  return current;
}

/** The maximum number of qualifiers; only damaged files exceed it. */
const CHAIN_MAX = 64;

function pointsToConst(type: Type): boolean {
  const pointer = stripTypedefs(type);
  const target = pointer.kind === 'pointer' ? pointer.target() : undefined;
  return target?.kind === 'qualified' && target.qualifier === 'const';
}
