import type { Type } from '../types/type.ts';

/**
 * A value in the guest, shown as a debugger shows it. Lazy: making one reads nothing, `text` reads what it shows and
 * `children` makes one level. A value belongs to the frame and the moment it was made for.
 */
export interface Value {
  /** `count`, `[3]`, `*node`: its place in its parent. */
  readonly name: string;
  readonly type: Type;
  /** In C, as gdb's whatis prints it: `struct store *`. */
  readonly typeName: string;
  /** One line. `<optimized out>` and `<cannot read 0x10>` where it is so. */
  readonly text: string;
  readonly sizeBytes: number;
  readonly location: ValueLocation;
  /** Where it is in memory, for data breakpoints, `&` and writing; undefined when it is not in memory. */
  readonly lvalue: Lvalue | undefined;
  /** What a memory view opens at: its own address, or where a pointer points. */
  readonly memoryReference: bigint | undefined;
  /** An expression that gives this value again in the same frame; undefined where C cannot say it. */
  readonly expression: string | undefined;
  /** How many `children()` gives; 0 for a leaf. Reads nothing but the value of a pointer. */
  readonly childCount: number;
  /** Members, elements, or what a pointer points to. Big arrays come in groups (`[0..999]`) of 1000. */
  children(): Value[];
  /** The bytes as they are in the guest; undefined when they cannot be read or are optimized out. */
  bytes(): Uint8Array | undefined;
  /** The value of an integer, boolean, enumeration or pointer. */
  integer(): bigint | undefined;
}

export type ValueLocation =
  | { kind: 'memory'; address: bigint }
  /** In a register of this frame; `register` is its DWARF number. */
  | { kind: 'register'; register: number }
  /** Nowhere: computed, or a constant. Also what lies in several places. */
  | { kind: 'computed' }
  | { kind: 'optimizedOut' };

export interface Lvalue {
  address: bigint;
  sizeBytes: number;
  /** For a bit-field: within the bytes at `address`, least significant bit first. */
  bits: { offset: number; width: number } | undefined;
}
