import type { GuestAddress } from '../../base/quantities.ts';
// Cycle: virtqueue.ts uses this file to compute the addresses of a legacy queue.
import type { QueueAddresses } from './virtqueue.ts';

/**
 * The addresses of a legacy queue's parts (virtio 1.2, 2.7.2, "Legacy Interfaces: A Note on Virtqueue Layout"):
 * descriptors, the available ring right after them, and the used ring at the next multiple of the alignment.
 */
export function legacyQueueAddresses({
  start,
  size,
  alignment,
}: {
  start: GuestAddress;
  size: number;
  alignment: number;
}): QueueAddresses {
  const available = start + size * DESCRIPTOR_BYTES;
  const availableEnd = available + RING_HEAD_BYTES + size * AVAILABLE_ENTRY_BYTES;
  // An alignment of 0, which no driver uses, is treated as 1.
  const used = Math.ceil(availableEnd / Math.max(1, alignment)) * Math.max(1, alignment);
  return { size, descriptors: start, available, used };
}

/**
 * The base-2 logarithm of the page size. As in QEMU, it is the number of the lowest set bit, and a size of 0 is treated
 * as 1.
 */
export function pageShift(pageBytes: number): number {
  return pageBytes === 0 ? 0 : 31 - Math.clz32(pageBytes & -pageBytes);
}

const DESCRIPTOR_BYTES = 16;
const RING_HEAD_BYTES = 4;
const AVAILABLE_ENTRY_BYTES = 2;
