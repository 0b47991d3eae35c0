import type { Type } from '../types/type.ts';

/**
 * A value in the guest, as a debugger shows it. Creating a value does not read memory; `text` reads only the bytes that
 * it shows, and `children` creates one level of children. A value is valid only for its frame, and only until the
 * machine runs.
 */
export interface Value {
  /** The name within the parent, for example `count`, `[3]` or `*node`. */
  readonly name: string;
  readonly type: Type;
  /** The C name of the type, as gdb's whatis prints it: `struct store *`. */
  readonly typeName: string;
  /** The value on one line; contains `<optimized out>` or `<cannot read 0x10>` where applicable. */
  readonly text: string;
  readonly sizeBytes: number;
  readonly location: ValueLocation;
  /** The value's memory address, for data breakpoints, `&` and writing; undefined if the value is not in memory. */
  readonly lvalue: Lvalue | undefined;
  /** The address for a memory view: the pointer's target for a pointer, otherwise the value's own address. */
  readonly memoryReference: bigint | undefined;
  /** A C expression that yields this value in the same frame; undefined if there is none. */
  readonly expression: string | undefined;
  /** The number of children; 0 for a leaf. Computing it reads little memory, for example the value of a pointer. */
  readonly childCount: number;
  /** The members, the elements or the pointee. Large arrays are divided into groups (`[0..999]`). */
  children(): Value[];
  /** The value's bytes, in the same order as in guest memory; undefined if they are unreadable or optimized out. */
  bytes(): Uint8Array | undefined;
  /** The value of an integer, boolean, enumeration or pointer. */
  integer(): bigint | undefined;
}

/** Where a value is stored. */
export type ValueLocation =
  | { kind: 'memory'; address: bigint }
  /** The value is in a register of this frame; `register` is the register's DWARF number. */
  | { kind: 'register'; register: number }
  /** The value is computed, constant or split across several locations. */
  | { kind: 'computed' }
  | { kind: 'optimizedOut' };

/** Guest memory that an expression designates. Sizes are in bytes. */
export interface Lvalue {
  address: bigint;
  sizeBytes: number;
  /** For a bit-field: its position in the bytes at `address`, where bit 0 is the least significant bit. */
  bits: { offset: number; width: number } | undefined;
}
