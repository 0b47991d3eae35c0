/**
 * C types as DWARF describes them. Struct members and pointer targets are functions, evaluated on demand, so reading
 * one type does not read every type that it refers to. Equal types are the same object.
 */
export type Type =
  | BaseType
  | PointerType
  | CompositeType
  | ArrayType
  | EnumerationType
  | TypedefType
  | QualifiedType
  | FunctionType
  | VoidType;

/** An arithmetic type of the compiler (DW_TAG_base_type). */
export interface BaseType {
  kind: 'base';
  name: string;
  sizeBytes: number;
  encoding: 'signed' | 'unsigned' | 'signedChar' | 'unsignedChar' | 'boolean' | 'float' | 'other';
}

/** A pointer or reference. */
export interface PointerType {
  kind: 'pointer';
  sizeBytes: number;
  target: () => Type;
}

/** A struct, class or union. */
export interface CompositeType {
  kind: 'struct' | 'union';
  /** Without the keyword; empty for an unnamed type. */
  name: string;
  sizeBytes: number;
  /** A declaration for which no unit of the file has a definition. */
  isIncomplete: boolean;
  members: () => Member[];
}

/** A member of a struct or union. Offsets are in bytes, bit fields in bits. */
export interface Member {
  /** Empty for an anonymous struct or union, whose members are accessed as members of the enclosing type. */
  name: string;
  type: () => Type;
  offsetBytes: number;
  /** For a bit-field: its offset from the start of the struct, least significant bit first, and its width. */
  bits: { offset: number; width: number } | undefined;
}

/** One dimension of an array. */
export interface ArrayType {
  kind: 'array';
  element: () => Type;
  /** Undefined for a flexible array member or an array declared without a length. */
  count: number | undefined;
}

/** An enumeration with its enumerators. */
export interface EnumerationType {
  kind: 'enumeration';
  name: string;
  sizeBytes: number;
  isSigned: boolean;
  enumerators: () => Enumerator[];
}

/** A named value of an enumeration. */
export interface Enumerator {
  name: string;
  value: bigint;
}

/** A name for another type. */
export interface TypedefType {
  kind: 'typedef';
  name: string;
  target: () => Type;
}

/** A type with a qualifier such as const. */
export interface QualifiedType {
  kind: 'qualified';
  qualifier: 'const' | 'volatile' | 'restrict' | '_Atomic';
  target: () => Type;
}

/** The type of a function, as pointers to functions have it. */
export interface FunctionType {
  kind: 'function';
  result: () => Type;
  parameters: () => Type[];
  isVariadic: boolean;
  isPrototyped: boolean;
}

/** The type void. */
export interface VoidType {
  kind: 'void';
}
