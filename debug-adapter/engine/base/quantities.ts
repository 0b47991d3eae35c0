/**
 * A number of steps since power-on: an exact integer below 2^53. A branch and a position together identify exactly one
 * state. A step is one retired instruction, one entry into a trap or interrupt handler, one advance of the clock while
 * the machine is idle, or the delivery of one external event.
 */
export type Position = number;

/** A byte offset on a guest disk. */
export type DiskOffset = number & { readonly __brand?: 'DiskOffset' };

/** A guest physical address, an exact integer below 2^53. */
export type GuestAddress = number & { readonly __brand?: 'GuestAddress' };

/** Each step advances the virtual clock of the virt board by one nanosecond. */
export const NANOSECONDS_PER_STEP = 1;

/** On QEMU's `virt` board, timebase-frequency is 10 MHz, so one tick of `mtime` is 100 ns. */
export const NANOSECONDS_PER_TICK = 100;

/** The size of the pages in which RAM is hashed, tracked and saved. It is the size of a RISC-V base page. */
export const PAGE_SIZE_BYTES = 4096;
