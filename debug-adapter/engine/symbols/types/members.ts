import type { Base, CompositeType, Member, Type } from './type.ts';
import { isComposite, stripTypedefs } from './typeTraits.ts';

/** The steps from an object to one of its members: base classes and anonymous structs, and then the member itself. */
export type MemberPath = ({ kind: 'base'; base: Base } | { kind: 'member'; member: Member })[];

/**
 * The paths to the members with a given name. A member hides the members with the same name in base classes, so there
 * are several paths only if more than one base class has such a member. In C++, `Base::name` selects the base class.
 */
export function pathsTo(type: Type, name: string, depth = 0): MemberPath[] {
  const composite = stripTypedefs(type);
  if (!isComposite(composite) || depth > DEPTH_MAX) return [];
  const own = ownPaths(composite, nameIn(composite, name), depth);
  if (own.length > 0) return own;
  const paths: MemberPath[] = [];
  for (const base of composite.bases()) {
    const rest = pathsTo(base.type(), nameIn(base.type(), name), depth + 1);
    paths.push(...rest.map((path): MemberPath => [{ kind: 'base', base }, ...path]));
  }
  return paths.slice(0, PATHS_MAX);
}

/** The type of the member at the end of a path. */
export function typeAt(path: MemberPath): Type {
  const last = path[path.length - 1];
  return last.kind === 'base' ? last.base.type() : last.member.type();
}

/**
 * The path from a type to one of its base classes; empty if the types are the same, undefined if they are not related.
 */
export function pathToBase(type: Type, wanted: Type, depth = 0): Base[] | undefined {
  const composite = stripTypedefs(type);
  const target = stripTypedefs(wanted);
  if (!isComposite(composite) || !isComposite(target) || depth > DEPTH_MAX) return undefined;
  if (isSame(composite, target)) return [];
  for (const base of composite.bases()) {
    const rest = pathToBase(base.type(), target, depth + 1);
    if (rest) return [base, ...rest];
  }
  return undefined;
}

function ownPaths(type: CompositeType, name: string, depth: number): MemberPath[] {
  const members = type.members();
  // In the DWARF data of a Rust program, the name of a tuple's member `0` is `__0`.
  const wanted = type.language === 'rust' ? name.replace(/^__(?=\d+$)/, '') : name;
  const direct = members.find((member) => member.name === wanted);
  if (direct) return [[{ kind: 'member', member: direct }]];
  for (const member of members) {
    const [rest] = member.name === '' ? pathsTo(member.type(), name, depth + 1) : [];
    if (rest) return [[{ kind: 'member', member }, ...rest]];
  }
  return [];
}

/** Removes the name of the base class from `Base::name`. */
function nameIn(base: Type, name: string): string {
  const composite = stripTypedefs(base);
  const scope = isComposite(composite) ? composite.name : '';
  for (const prefix of [scope, scope.slice(scope.lastIndexOf(':') + 1)]) {
    if (prefix !== '' && name.startsWith(`${prefix}::`)) return name.slice(prefix.length + 2);
  }
  return name;
}

/** The same type may have been read from several units. */
const isSame = (a: CompositeType, b: CompositeType) =>
  a === b || (a.name !== '' && a.name === b.name && a.sizeBytes === b.sizeBytes);

const DEPTH_MAX = 20;
const PATHS_MAX = 16;
