import type { Language } from '../language.ts';

/**
 * Types of C, C++ and Rust as DWARF describes them. Struct members and pointer targets are returned by functions, so
 * that reading one type does not read every type that it refers to. All references to a DIE yield the same object.
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
  | MemberPointerType
  | VoidType;

/** An arithmetic type that the compiler provides (DW_TAG_base_type). */
export interface BaseType {
  kind: 'base';
  name: string;
  sizeBytes: number;
  encoding: 'signed' | 'unsigned' | 'signedChar' | 'unsignedChar' | 'boolean' | 'float' | 'complex' | 'other';
  /** The type of the real and imaginary parts of a complex number, which are adjacent in memory. */
  component?: BaseType;
  /** Undefined for a type that is built into the expression evaluator. */
  language?: Language;
}

/** A pointer or a C++ reference, which is stored as a pointer. */
export interface PointerType {
  kind: 'pointer';
  sizeBytes: number;
  target: () => Type;
  reference?: '&' | '&&';
}

/** A C++ pointer to a member of a class. */
export interface MemberPointerType {
  kind: 'memberPointer';
  sizeBytes: number;
  /** The type of the member; for a pointer to a member function, a function type. */
  target: () => Type;
  container: () => Type;
}

/** A struct, class or union. A class has the kind `struct`. */
export interface CompositeType {
  kind: 'struct' | 'union';
  keyword: 'struct' | 'union' | 'class';
  /** The name without the keyword; in C++, with its scope (`geo::Point`); empty for an unnamed type. */
  name: string;
  language: Language;
  sizeBytes: number;
  /** True for a type that is declared but not defined in any unit of the file. */
  isIncomplete: boolean;
  /** The virtual member functions that the class declares. */
  virtualMethods: () => VirtualMethod[];
  /** The base classes, in the order of their declarations. */
  bases: () => Base[];
  /** In Rust, the member `__0` of a tuple is named `0`. */
  members: () => Member[];
  /** The members that depend on a discriminant, in a Rust enum with data; undefined if there are none. */
  variants?: () => VariantPart | undefined;
  /** A type that is declared in the class, for example a typedef. Undefined if there is none with this name. */
  nestedType?: (name: string) => Type | undefined;
  /** The template arguments, in order; undefined for an argument that is a value, not a type. */
  templateTypes?: () => (Type | undefined)[];
}

/** A virtual member function. */
export interface VirtualMethod {
  /** The name, with the class and the parameters: `Box::area() const`. */
  name: string;
  /** The index in the virtual table. */
  index: number;
}

/** A base class. An object of the derived class contains an object of the base class. */
export interface Base {
  type: () => Type;
  offsetBytes: number;
  /**
   * For a virtual base, whose offset depends on the object: the key of the entry whose expression computes the offset.
   */
  virtualKey?: number;
}

/** A member of a struct or union. Offsets are in bytes; the widths and offsets of bit-fields are in bits. */
export interface Member {
  /** Empty for an anonymous struct or union, whose members are accessed as members of the enclosing type. */
  name: string;
  type: () => Type;
  offsetBytes: number;
  /**
   * For a bit-field: its width, and its offset from the start of the struct, where bit 0 is the least significant bit.
   */
  bits: { offset: number; width: number } | undefined;
  /** For a static member, which is stored elsewhere: the key of its declaration. */
  staticKey?: number;
}

/** The members of a type that depend on a discriminant (DW_TAG_variant_part). */
export interface VariantPart {
  /** Undefined if there is only one possible variant, which needs no discriminant. */
  discriminant: Member | undefined;
  variants: Variant[];
}

/**
 * The members of a type for certain values of the discriminant. A variant of a Rust enum has a single member, which is
 * a struct.
 */
export interface Variant {
  /**
   * The values of the discriminant, as ranges that include both ends; undefined for the variant that applies to all
   * other values.
   */
  values: { first: bigint; last: bigint }[] | undefined;
  members: Member[];
}

/** One dimension of an array. */
export interface ArrayType {
  kind: 'array';
  element: () => Type;
  /**
   * Undefined for a flexible array member, an array declared without a length, and an array whose length is known only
   * at run time.
   */
  count: number | undefined;
  /** For an array whose length is known only at run time: the key of the entry that describes its bounds. */
  boundsKey?: number;
  /** The distance between adjacent elements, if it differs from the size of an element. */
  strideBytes?: number;
  /** Whether the compiler keeps the array in a vector register (`__attribute__((vector_size(n)))`). */
  isVector?: boolean;
}

/** An enumeration with its enumerators. */
export interface EnumerationType {
  kind: 'enumeration';
  /** The name of the type; in C++, with its scope. */
  name: string;
  language: Language;
  sizeBytes: number;
  isSigned: boolean;
  enumerators: () => Enumerator[];
}

/** A named value of an enumeration. */
export interface Enumerator {
  /**
   * The name; in C++, with its scope. In an `enum class`, the scope is the enumeration (`Mode::Slow`); otherwise, it is
   * the scope that contains the enumeration.
   */
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

/** The type of a function, which is also the target type of a function pointer. */
export interface FunctionType {
  kind: 'function';
  result: () => Type;
  parameters: () => Type[];
  isVariadic: boolean;
  isPrototyped: boolean;
  language?: Language;
}

/** The type void, or a C++ type such as `decltype(nullptr)`, of which only the name is known. */
export interface VoidType {
  kind: 'void';
  name?: string;
}
