import type { GuestAddress } from '../../base/quantities.ts';

/** The range of guest physical addresses for the heap and the stack; `limit` is the first address after the range. */
export interface HeapGap {
  base: GuestAddress;
  limit: GuestAddress;
}

/**
 * The range that SYS_HEAPINFO returns for the heap and the stack: the largest part of RAM into which nothing was
 * loaded, as QEMU computes it (hw/core/loader.c, rom_find_largest_gap_between).
 */
export function heapGap(
  pieces: readonly { address: GuestAddress; memoryBytes: number }[],
  ram: { base: GuestAddress; lengthBytes: number },
): HeapGap {
  const end = ram.base + ram.lengthBytes;
  let largest: HeapGap = { base: 0, limit: 0 };
  let base = ram.base;
  const inOrder = [...pieces].sort((a, b) => a.address - b.address);
  for (const { address, memoryBytes } of [...inOrder, { address: end, memoryBytes: 0 }]) {
    if (address - base > largest.limit - largest.base) largest = { base, limit: address };
    base = Math.max(base, address + memoryBytes);
  }
  return largest;
}
