/**
 * C types as DWARF describes them, read when asked for: a struct's members and a pointer's target are functions that
 * are called on demand, so one type never pulls in all the others. Two types are the same if they are one object.
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
  /** Without the keyword; empty when the type has none. */
  name: string;
  sizeBytes: number;
  /** Declared only: no unit of the file defines it. */
  isIncomplete: boolean;
  members: () => Member[];
}

export interface Member {
  /** Empty for an anonymous struct or union, whose members are used as if they were this one's. */
  name: string;
  type: () => Type;
  offsetBytes: number;
  /** For a bit-field: counted from the struct's first byte, least significant bit first, and its width. */
  bits: { offset: number; width: number } | undefined;
}

export interface ArrayType {
  kind: 'array';
  element: () => Type;
  /** undefined for a flexible array member or an array declared without a length. */
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
