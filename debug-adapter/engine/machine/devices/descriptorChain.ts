import type { GuestAddress } from '../../base/quantities.ts';
import { number, record, type RecordCodec } from '../../base/stateCodec.ts';
import type { GuestMemory } from './device.ts';

/** One buffer of a request. It lies entirely in guest RAM. */
export interface Segment {
  address: GuestAddress;
  lengthBytes: number;
}

export const SEGMENT_STATE: RecordCodec<Segment> = record({ address: number, lengthBytes: number });

/** A request that the guest added to the available ring. */
export interface Chain {
  /** The index of the chain's first descriptor, which identifies the chain in the used ring. */
  head: number;
  /** The buffers that the device may read, in order. */
  readable: Segment[];
  /** The buffers that the device may write, in order. */
  writable: Segment[];
}

/**
 * Thrown when the guest violates a queue rule. The transport catches this error and sets DEVICE_NEEDS_RESET, so the
 * user never sees it.
 */
export class BadQueueError extends Error {
  override name = 'BadQueueError';
}

/** A table of descriptors: the queue's own, or an indirect one. */
export interface DescriptorTable {
  address: GuestAddress;
  entries: number;
}

/**
 * Reads the chain that starts at descriptor `head` of a table. The guest can write any value anywhere in RAM, so every
 * address and index is checked before use, and a chain must not be longer than its table. If a check fails, a
 * BadQueueError is thrown. As in QEMU, only the first descriptor of a chain can be indirect, and its next field is then
 * ignored.
 */
export function readChain(memory: GuestMemory, own: DescriptorTable, head: number): Chain {
  const chain: Chain = { head, readable: [], writable: [] };
  const first = readDescriptor(memory, own, head);
  if (first.flags & INDIRECT) followChain(memory, indirectTable(memory, first), 0, chain);
  else followChain(memory, own, head, chain);
  return chain;
}

/** 2.7.5.3.1: an indirect table consists of whole descriptors. */
function indirectTable(memory: GuestMemory, { address, lengthBytes }: Descriptor): DescriptorTable {
  const entries = lengthBytes / DESCRIPTOR_BYTES;
  if (entries < 1 || !Number.isInteger(entries)) throw new BadQueueError(`an indirect table of ${lengthBytes} bytes`);
  if (!memory.contains(address, lengthBytes)) throw new BadQueueError('an indirect table outside RAM');
  return { address, entries };
}

/** Follows the chain from `index`. A chain that has more descriptors than its table must be circular. */
function followChain(memory: GuestMemory, table: DescriptorTable, index: number, chain: Chain): void {
  for (let count = 0; count < Math.min(table.entries, QUEUE_SIZE_MAX); count++) {
    const descriptor = readDescriptor(memory, table, index);
    addSegment(memory, descriptor, chain);
    if (!(descriptor.flags & NEXT)) return;
    index = descriptor.next;
  }
  throw new BadQueueError('a circular or overlong descriptor chain');
}

function addSegment(memory: GuestMemory, descriptor: Descriptor, chain: Chain): void {
  const { address, lengthBytes, flags } = descriptor;
  // As in QEMU, empty buffers are rejected.
  if (lengthBytes === 0 || !memory.contains(address, lengthBytes)) throw new BadQueueError('a buffer outside RAM');
  if (flags & WRITE) {
    chain.writable.push({ address, lengthBytes });
  } else {
    // 2.7.4.2: "The driver MUST place any device-writable descriptor elements after any device-readable ones".
    if (chain.writable.length > 0) throw new BadQueueError('a readable buffer after a writable one');
    chain.readable.push({ address, lengthBytes });
  }
}

function readDescriptor(memory: GuestMemory, table: DescriptorTable, index: number): Descriptor {
  if (index >= table.entries) throw new BadQueueError(`descriptor ${index} of ${table.entries}`);
  const at = table.address + index * DESCRIPTOR_BYTES;
  return {
    address: memory.readU64(at),
    lengthBytes: memory.readU32(at + DESCRIPTOR_LENGTH),
    flags: memory.readU16(at + DESCRIPTOR_FLAGS),
    next: memory.readU16(at + DESCRIPTOR_NEXT),
  };
}

interface Descriptor {
  address: GuestAddress;
  lengthBytes: number;
  flags: number;
  next: number;
}

/** The maximum number of entries in a queue: QEMU's VIRTQUEUE_MAX_SIZE. */
export const QUEUE_SIZE_MAX = 1024;

// virtio 1.2, 2.7.5: struct virtq_desc.
export const DESCRIPTOR_BYTES = 16;
const DESCRIPTOR_LENGTH = 8;
const DESCRIPTOR_FLAGS = 12;
const DESCRIPTOR_NEXT = 14;
const NEXT = 1;
const WRITE = 2;
const INDIRECT = 4;
