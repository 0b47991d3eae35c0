import type { GuestAddress } from '../../base/quantities.ts';

/**
 * Where SYS_HEAPINFO says that heap and stack are: the largest piece of RAM that nothing was loaded into, as QEMU finds
 * it (hw/core/loader.c, rom_find_largest_gap_between).
 */
export interface HeapGap {
  base: GuestAddress;
  limit: GuestAddress;
}

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
