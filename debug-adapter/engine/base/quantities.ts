/**
 * Steps since power-on, an exact integer below 2^53; (branch, position) names exactly one state. A step is one
 * retired instruction, one trap or interrupt entry, one idle advance of the clock, or the delivery of one external
 * event.
 */
export type Position = number;

/** A byte offset on a guest disk. */
export type DiskOffset = number & { readonly __brand?: 'DiskOffset' };

/** A guest physical address, an exact integer below 2^53. */
export type GuestAddress = number & { readonly __brand?: 'GuestAddress' };

/** The virtual clock of the virt board: one step takes one nanosecond. */
export const NANOSECONDS_PER_STEP = 1;

/** QEMU `virt`: timebase-frequency is 10 MHz, so one `mtime` tick is 100 ns. */
export const NANOSECONDS_PER_TICK = 100;

/** RAM is hashed, tracked and saved in pages of this size, the RISC-V base page. */
export const PAGE_SIZE_BYTES = 4096;
