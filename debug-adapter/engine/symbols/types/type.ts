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

export interface BaseType {
  kind: 'base';
  name: string;
  sizeBytes: number;
  encoding: 'signed' | 'unsigned' | 'signedChar' | 'unsignedChar' | 'boolean' | 'float' | 'other';
}

export interface PointerType {
  kind: 'pointer';
  sizeBytes: number;
  target: () => Type;
}

export interface CompositeType {
  kind: 'struct' | 'union';
  /** Without the keyword; empty for an unnamed type. */
  name: string;
  sizeBytes: number;
  /** A declaration for which no unit of the file has a definition. */
  isIncomplete: boolean;
  members: () => Member[];
}

export interface Member {
  /** Empty for an anonymous struct or union, whose members are accessed as members of the enclosing type. */
  name: string;
  type: () => Type;
  offsetBytes: number;
  /** For a bit-field: its offset from the start of the struct, least significant bit first, and its width. */
  bits: { offset: number; width: number } | undefined;
}

export interface ArrayType {
  kind: 'array';
  element: () => Type;
  /** Undefined for a flexible array member or an array declared without a length. */
  count: number | undefined;
}

export interface EnumerationType {
  kind: 'enumeration';
  name: string;
  sizeBytes: number;
  isSigned: boolean;
  enumerators: () => Enumerator[];
}

export interface Enumerator {
  name: string;
  value: bigint;
}

export interface TypedefType {
  kind: 'typedef';
  name: string;
  target: () => Type;
}

export interface QualifiedType {
  kind: 'qualified';
  qualifier: 'const' | 'volatile' | 'restrict' | '_Atomic';
  target: () => Type;
}

export interface FunctionType {
  kind: 'function';
  result: () => Type;
  parameters: () => Type[];
  isVariadic: boolean;
  isPrototyped: boolean;
}

export interface VoidType {
  kind: 'void';
}
