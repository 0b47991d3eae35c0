import type { CompositeType, Member, Type } from './type.ts';
import { isComposite, stripTypedefs } from './typeTraits.ts';

/**
 * The shapes of Rust types. DWARF has no entries for tuples, slices and trait objects: rustc describes them as structs,
 * and debuggers recognize them by their names and members, as gdb does (rust-lang.c).
 */

/** Whether a type is a Rust type, whose name and values are written in Rust's notation. */
export function isRust(type: Type): boolean {
  let current = type;
  for (let i = 0; i < CHAIN_MAX; i++) {
    if ('language' in current && current.language) return current.language === 'rust';
    if (current.kind === 'array') current = current.element();
    else if ('target' in current) current = current.target();
    else return false;
  }
  return false;
}

/** Whether the type is a tuple: `(u8, i64)`. */
export function isTuple({ name }: CompositeType): boolean {
  return name.startsWith('(');
}

/** Whether the members have numbers instead of names, as in a tuple, a tuple struct or a tuple variant. */
export function hasNumberedMembers(type: CompositeType): boolean {
  const members = type.members();
  return members.length > 0 && members.every(({ name }, i) => name === `${i}`);
}

/** The pointer and the length of a slice (`&[T]`, `&mut [T]`, `&str`, `Box<[T]>`); undefined for other types. */
export function sliceParts(type: Type): { pointer: Member; length: Member } | undefined {
  const struct = stripTypedefs(type);
  if (!isComposite(struct) || struct.language !== 'rust') return undefined;
  const members = struct.members();
  if (members.length !== 2) return undefined;
  const pointer = members.find(({ name }) => name === 'data_ptr');
  const length = members.find(({ name }) => name === 'length');
  if (!pointer || !length || stripTypedefs(pointer.type()).kind !== 'pointer') return undefined;
  return { pointer, length };
}

/** Whether a slice is a string: `&str`, `&mut str`, `*const str`, `Box<str>`. */
export function isStringSlice({ name }: CompositeType): boolean {
  return /(^|[^\w:])str>?$/.test(name);
}

/** The pointers of a trait object (`&dyn Trait`, `Box<dyn Trait>`); undefined for other types. */
export function traitObjectParts(type: Type): { pointer: Member; vtable: Member } | undefined {
  const struct = stripTypedefs(type);
  if (!isComposite(struct) || struct.language !== 'rust') return undefined;
  const members = struct.members();
  if (members.length !== 2) return undefined;
  const pointer = members.find(({ name }) => name === 'pointer');
  const vtable = members.find(({ name }) => name === 'vtable');
  return pointer && vtable && { pointer, vtable };
}

/**
 * Whether a value of the type can exist. An enum without variants has no values, and neither does a struct that
 * contains one. If this would take too long to determine, the type counts as inhabited.
 */
export function isInhabited(type: Type, budget = { types: INHABITED_TYPES_MAX }): boolean {
  const base = stripTypedefs(type);
  if (base.kind === 'base') return base.name !== '!';
  if (!isComposite(base) || budget.types-- <= 0) return true;
  const areInhabited = (members: Member[]) => members.every((member) => isInhabited(member.type(), budget));
  if (base.kind === 'struct' && !areInhabited(base.members())) return false;
  const part = base.variants?.();
  return part === undefined || part.variants.some(({ members }) => areInhabited(members));
}

const CHAIN_MAX = 64;
const INHABITED_TYPES_MAX = 100;
