import type { Type } from '../types/type.ts';

/**
 * A value in the guest, as a debugger shows it. Lazy: creating one reads nothing, `text` reads what it shows, and
 * `children` creates one level. A value is valid only for its frame, until the machine runs.
 */
export interface Value {
  /** `count`, `[3]`, `*node`: its name within its parent. */
  readonly name: string;
  readonly type: Type;
  /** The C name as gdb's whatis prints it: `struct store *`. */
  readonly typeName: string;
  /** One line; contains `<optimized out>` or `<cannot read 0x10>` where applicable. */
  readonly text: string;
  readonly sizeBytes: number;
  readonly location: ValueLocation;
  /** Its memory address, for data breakpoints, `&` and writing; undefined if it is not in memory. */
  readonly lvalue: Lvalue | undefined;
  /** The address for a memory view: the pointer's target for a pointer, otherwise the value's own address. */
  readonly memoryReference: bigint | undefined;
  /** A C expression that yields this value in the same frame; undefined if there is none. */
  readonly expression: string | undefined;
  /** The number of children; 0 for a leaf. Reads at most the value of a pointer. */
  readonly childCount: number;
  /** Members, elements, or a pointer's target. Large arrays are grouped by 1000 (`[0..999]`). */
  children(): Value[];
  /** The bytes as in guest memory; undefined if they are unreadable or optimized out. */
  bytes(): Uint8Array | undefined;
  /** The value of an integer, boolean, enumeration or pointer. */
  integer(): bigint | undefined;
}

/** Where a value is stored. */
export type ValueLocation =
  | { kind: 'memory'; address: bigint }
  /** In a register of this frame; `register` is its DWARF number. */
  | { kind: 'register'; register: number }
  /** Not in memory: computed or constant. Also a value that is split across several locations. */
  | { kind: 'computed' }
  | { kind: 'optimizedOut' };

/** Guest memory that an expression designates. Sizes are in bytes. */
export interface Lvalue {
  address: bigint;
  sizeBytes: number;
  /** For a bit-field: relative to the bytes at `address`, least significant bit first. */
  bits: { offset: number; width: number } | undefined;
}
