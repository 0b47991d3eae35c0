import type { State } from '../../../base/state.ts';
import { boolean, number, record } from '../../../base/stateCodec.ts';
import type { GuestAddress } from '../../../base/quantities.ts';
import { BadQueueError, type Chain, QUEUE_SIZE_MAX } from '../descriptorChain.ts';
import type { GuestMemory } from '../device.ts';
import type { QueueAddresses } from '../virtqueue.ts';

/**
 * The virtqueue for replaying recordings in formats 2 to 4. Its behavior must not change; new behavior belongs in
 * ../virtqueue.ts.
 *
 * The device's side of a split virtqueue (virtio 1.2, section 2.7), with indirect descriptors (2.7.5.3) and the event
 * index (2.7.7, 2.7.10). The guest can write any value anywhere in RAM, so every address and index is checked before
 * use, and a chain must not be longer than its table. If a check fails, a BadQueueError is thrown.
 */
export class VirtqueueBefore5 {
  private readonly memory: GuestMemory;
  private addresses: QueueAddresses | undefined;
  /** The number of chains that the device has taken, and the number that it has returned, both modulo 2^16. */
  private availableIndex = 0;
  private usedIndex = 0;

  constructor(memory: GuestMemory) {
    this.memory = memory;
  }

  get ready(): boolean {
    return this.addresses !== undefined;
  }

  /** Called when the guest has made the queue ready. */
  start(addresses: QueueAddresses): void {
    checkAddresses(this.memory, addresses);
    this.addresses = { ...addresses };
    this.availableIndex = 0;
    this.usedIndex = 0;
  }

  /** Returns the queue to its reset state. */
  stop(): void {
    this.addresses = undefined;
    this.availableIndex = 0;
    this.usedIndex = 0;
  }

  /**
   * The next request, or undefined if there is none. If the queue is empty and `eventIndex` is set, requests a
   * notification for the next request.
   */
  pop(eventIndex: boolean): Chain | undefined {
    const addresses = this.addresses;
    if (!addresses) return undefined;
    const waiting = (this.memory.readU16(addresses.available + INDEX) - this.availableIndex) & 0xffff;
    if (waiting > addresses.size) throw new BadQueueError('the available index ran ahead of the queue');
    if (waiting === 0) {
      // 2.7.10: avail_event follows the used ring. The guest notifies the device after writing the entry with this
      // index.
      if (eventIndex) this.memory.writeU16(availableEvent(addresses), this.availableIndex);
      return undefined;
    }
    // Without this check, a guest could make the device store an unlimited number of requests by adding more requests
    // than the queue can hold.
    const inFlight = (this.availableIndex - this.usedIndex) & 0xffff;
    if (inFlight >= addresses.size) throw new BadQueueError('more requests in flight than the queue has room for');
    const slot = this.availableIndex % addresses.size;
    const head = this.memory.readU16(addresses.available + RING + slot * AVAILABLE_ENTRY_BYTES);
    const chain = readChain(this.memory, addresses, head);
    this.availableIndex = (this.availableIndex + 1) & 0xffff;
    return chain;
  }

  /**
   * Adds a chain to the used ring, with the number of bytes written. Returns whether the guest requested an interrupt.
   */
  push(chain: { head: number; writtenBytes: number }, eventIndex: boolean): boolean {
    const addresses = this.addresses;
    if (!addresses) return false;
    const entry = addresses.used + RING + (this.usedIndex % addresses.size) * USED_ENTRY_BYTES;
    this.memory.writeU32(entry, chain.head);
    this.memory.writeU32(entry + 4, chain.writtenBytes >>> 0);
    const justPushed = this.usedIndex;
    this.usedIndex = (this.usedIndex + 1) & 0xffff;
    this.memory.writeU16(addresses.used + INDEX, this.usedIndex);
    // 2.7.7: with the event index, interrupt if the guest is waiting for the entry just written. Entries are added one
    // at a time, so vring_need_event reduces to a test for equality.
    if (eventIndex) return this.memory.readU16(usedEvent(addresses)) === justPushed;
    return (this.memory.readU16(addresses.available + FLAGS) & AVAILABLE_NO_INTERRUPT) === 0;
  }

  /** Does nothing for recordings in formats 2 to 4. */
  requestNotification(): void {}

  saveState(): State {
    const { ready, availableIndex, usedIndex } = this;
    return QUEUE_STATE_BEFORE5.save({ ready, ...(this.addresses ?? NO_ADDRESSES), availableIndex, usedIndex });
  }

  loadState(state: State): void {
    const { ready, availableIndex, usedIndex, ...addresses } = QUEUE_STATE_BEFORE5.load(state);
    this.addresses = ready ? addresses : undefined;
    this.availableIndex = availableIndex;
    this.usedIndex = usedIndex;
  }
}

/** The saved state of a queue. The addresses and the size are 0 while the queue is not ready. */
export const QUEUE_STATE_BEFORE5 = record({
  ready: boolean,
  size: number,
  descriptors: number,
  available: number,
  used: number,
  availableIndex: number,
  usedIndex: number,
});

const NO_ADDRESSES: QueueAddresses = { size: 0, descriptors: 0, available: 0, used: 0 };

// virtio 1.2, 2.7.6 and 2.7.8: each ring begins with flags and an index, and is followed by an event field.
const FLAGS = 0;
const INDEX = 2;
const RING = 4;
const EVENT_BYTES = 2;
const AVAILABLE_ENTRY_BYTES = 2;
const USED_ENTRY_BYTES = 8;
const AVAILABLE_NO_INTERRUPT = 1;

// virtio 1.2, 2.7.5: struct virtq_desc.
const DESCRIPTOR_BYTES = 16;
const DESCRIPTOR_LENGTH = 8;
const DESCRIPTOR_FLAGS = 12;
const DESCRIPTOR_NEXT = 14;
const NEXT = 1;
const WRITE = 2;
const INDIRECT = 4;

interface Descriptor {
  address: GuestAddress;
  lengthBytes: number;
  flags: number;
  next: number;
}

/** A table of descriptors: the queue's own, or an indirect one. */
interface Table {
  address: GuestAddress;
  entries: number;
}

function availableEvent(addresses: QueueAddresses): GuestAddress {
  return addresses.used + RING + addresses.size * USED_ENTRY_BYTES;
}

function usedEvent(addresses: QueueAddresses): GuestAddress {
  return addresses.available + RING + addresses.size * AVAILABLE_ENTRY_BYTES;
}

function checkAddresses(memory: GuestMemory, addresses: QueueAddresses): void {
  const { size, descriptors, available, used } = addresses;
  // 2.7: "Queue Size value is always a power of 2".
  if (size < 1 || size > QUEUE_SIZE_MAX || (size & (size - 1)) !== 0) throw new BadQueueError(`queue size ${size}`);
  if (descriptors % 16 !== 0 || available % 2 !== 0 || used % 4 !== 0) throw new BadQueueError('a misaligned queue');
  const inRam =
    memory.contains(descriptors, size * DESCRIPTOR_BYTES) &&
    memory.contains(available, RING + size * AVAILABLE_ENTRY_BYTES + EVENT_BYTES) &&
    memory.contains(used, RING + size * USED_ENTRY_BYTES + EVENT_BYTES);
  if (!inRam) throw new BadQueueError('a queue outside RAM');
}

function readChain(memory: GuestMemory, addresses: QueueAddresses, head: number): Chain {
  const chain: Chain = { head, readable: [], writable: [] };
  const own: Table = { address: addresses.descriptors, entries: addresses.size };
  const first = readDescriptor(memory, own, head);
  if (first.flags & INDIRECT) {
    collect(memory, indirectTable(memory, first), 0, chain);
  } else {
    collect(memory, own, head, chain);
  }
  return chain;
}

/** 2.7.5.3.1: an indirect table is not nested, is readable, and consists of whole descriptors. */
function indirectTable(memory: GuestMemory, descriptor: Descriptor): Table {
  const { address, lengthBytes, flags } = descriptor;
  if (flags & NEXT) throw new BadQueueError('an indirect descriptor with a next one');
  const entries = lengthBytes / DESCRIPTOR_BYTES;
  if (entries < 1 || entries > QUEUE_SIZE_MAX || !Number.isInteger(entries)) {
    throw new BadQueueError(`an indirect table of ${lengthBytes} bytes`);
  }
  if (!memory.contains(address, lengthBytes)) throw new BadQueueError('an indirect table outside RAM');
  return { address, entries };
}

/** Follows the chain from `index`. A chain that has more descriptors than its table must be circular. */
function collect(memory: GuestMemory, table: Table, index: number, chain: Chain): void {
  for (let count = 0; count < table.entries; count++) {
    const descriptor = readDescriptor(memory, table, index);
    addSegment(memory, descriptor, chain);
    if (!(descriptor.flags & NEXT)) return;
    index = descriptor.next;
  }
  throw new BadQueueError('a circular descriptor chain');
}

function addSegment(memory: GuestMemory, descriptor: Descriptor, chain: Chain): void {
  const { address, lengthBytes, flags } = descriptor;
  if (flags & INDIRECT) throw new BadQueueError('an indirect descriptor inside a chain');
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

function readDescriptor(memory: GuestMemory, table: Table, index: number): Descriptor {
  if (index >= table.entries) throw new BadQueueError(`descriptor ${index} of ${table.entries}`);
  const at = table.address + index * DESCRIPTOR_BYTES;
  return {
    address: memory.readU64(at),
    lengthBytes: memory.readU32(at + DESCRIPTOR_LENGTH),
    flags: memory.readU16(at + DESCRIPTOR_FLAGS),
    next: memory.readU16(at + DESCRIPTOR_NEXT),
  };
}
