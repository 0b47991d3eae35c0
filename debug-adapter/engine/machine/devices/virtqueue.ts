import type { State } from '../../base/state.ts';
import type { GuestAddress } from '../../base/quantities.ts';
import type { GuestMemory } from './device.ts';
import { legacyQueueAddresses } from './virtioLegacy.ts';

/** One buffer of a request. It lies entirely in guest RAM. */
export interface Segment {
  address: GuestAddress;
  lengthBytes: number;
}

/** A request that the guest put into the available ring. */
export interface Chain {
  /** The index of the chain's first descriptor, which identifies the chain in the used ring. */
  head: number;
  /** The buffers the device may read, in order. */
  readable: Segment[];
  /** The buffers the device may write, in order. */
  writable: Segment[];
}

/** The addresses of a queue's three parts, and the queue's size. */
export interface QueueAddresses {
  size: number;
  descriptors: GuestAddress;
  available: GuestAddress;
  used: GuestAddress;
}

/**
 * Thrown when the guest violates a queue rule. The transport catches this error and sets DEVICE_NEEDS_RESET, so the
 * user never sees it.
 */
export class BadQueueError extends Error {
  override name = 'BadQueueError';
}

/** A chain to return to the guest, with the number of bytes written. */
export interface UsedChain {
  head: number;
  writtenBytes: number;
}

/** The addresses of a queue's descriptors, available ring and used ring. */
export interface RingAddresses {
  descriptors: GuestAddress;
  available: GuestAddress;
  used: GuestAddress;
}

/**
 * A split virtqueue (virtio 1.2, section 2.7) from the device's side, with indirect descriptors (2.7.5.3) and the event
 * index (2.7.7, 2.7.10), as in QEMU's hw/virtio/virtio.c. The guest can write any value anywhere in RAM, so every
 * address and index is checked before use, and a chain must not be longer than its table. If a check fails, a
 * BadQueueError is thrown.
 */
export class Virtqueue {
  private readonly memory: GuestMemory;
  private readonly defaultSize: number;
  private size: number;
  /** Legacy: the alignment of the used ring. It survives a reset. */
  private alignment = ALIGNMENT_DEFAULT;
  private rings: RingAddresses = NO_ADDRESSES;
  /** The number of chains taken and the number returned, both modulo 2^16. */
  private availableIndex = 0;
  private usedIndex = 0;
  /** The used index when the device last checked whether to interrupt the guest; -1 before the first check. */
  private signalledIndex = -1;

  constructor(memory: GuestMemory, defaultSize: number) {
    this.memory = memory;
    this.defaultSize = defaultSize;
    this.size = defaultSize;
  }

  /** The address of the descriptors; 0 if the guest has not set it. */
  get descriptors(): GuestAddress {
    return this.rings.descriptors;
  }

  get hasAddresses(): boolean {
    return this.rings.descriptors !== 0;
  }

  /** Sets the queue size. An invalid size is ignored. */
  setSize(size: number): void {
    if (size >= 1 && size <= QUEUE_SIZE_MAX) this.size = size;
  }

  setAlignment(alignment: number): void {
    if (alignment === 0) return;
    this.alignment = alignment;
    this.setLegacyLayout();
  }

  /** Sets the addresses of the rings. The counts of chains taken and returned stay unchanged. */
  setAddresses(rings: RingAddresses): void {
    this.rings = { ...rings };
    if (this.hasAddresses) checkRings(this.memory, this.size, rings);
  }

  /**
   * Lays out the queue as one range of pages. Without `start`, the queue keeps its address, and only its size or
   * alignment changes.
   */
  setLegacyLayout(start = this.rings.descriptors): void {
    if (start === 0) return;
    const { descriptors, available, used } = legacyQueueAddresses({
      start,
      size: this.size,
      alignment: this.alignment,
    });
    this.setAddresses({ descriptors, available, used });
  }

  reset(): void {
    this.size = this.defaultSize;
    this.rings = NO_ADDRESSES;
    this.availableIndex = 0;
    this.usedIndex = 0;
    this.signalledIndex = -1;
  }

  /**
   * The next request, or undefined if there is none. With `eventIndex`, an empty queue requests the next notification.
   */
  pop(eventIndex: boolean): Chain | undefined {
    const { available } = this.rings;
    if (!this.hasAddresses || available === 0) return undefined;
    // The rings are checked here, because the guest can change the queue size after it has set their addresses.
    checkRings(this.memory, this.size, this.rings);
    const waiting = (this.memory.readU16(available + INDEX) - this.availableIndex) & 0xffff;
    if (waiting > this.size) throw new BadQueueError('the available index ran ahead of the queue');
    if (waiting === 0) {
      // 2.7.10: avail_event, after the used ring, requests a notification when this index is written.
      if (eventIndex) this.memory.writeU16(this.availableEvent(), this.availableIndex);
      return undefined;
    }
    // Without this check, a guest could make the device store an unlimited number of requests by adding more requests
    // than the queue can hold.
    const inFlight = (this.availableIndex - this.usedIndex) & 0xffff;
    if (inFlight >= this.size) throw new BadQueueError('more requests in flight than the queue has room for');
    const head = this.memory.readU16(available + RING + (this.availableIndex % this.size) * AVAILABLE_ENTRY_BYTES);
    if (head >= this.size) throw new BadQueueError(`descriptor ${head} of ${this.size}`);
    const chain = readChain(this.memory, { address: this.rings.descriptors, entries: this.size }, head);
    this.availableIndex = (this.availableIndex + 1) & 0xffff;
    if (eventIndex) this.memory.writeU16(this.availableEvent(), this.availableIndex);
    return chain;
  }

  /**
   * With the event index: requests a notification for every entry that is added from now on, even if not all earlier
   * entries have been taken.
   */
  requestNotification(): void {
    const { available } = this.rings;
    if (!fits(this.memory, this.size, this.rings)) return;
    this.memory.writeU16(this.availableEvent(), this.memory.readU16(available + INDEX));
  }

  /**
   * Returns a chain to the guest, with the number of bytes written. Returns whether the guest requested an
   * interrupt.
   */
  push(chain: UsedChain, eventIndex: boolean): boolean {
    const { used, available } = this.rings;
    if (!this.hasAddresses || !fits(this.memory, this.size, this.rings)) return false;
    const entry = used + RING + (this.usedIndex % this.size) * USED_ENTRY_BYTES;
    this.memory.writeU32(entry, chain.head);
    this.memory.writeU32(entry + 4, chain.writtenBytes >>> 0);
    this.usedIndex = (this.usedIndex + 1) & 0xffff;
    this.memory.writeU16(used + INDEX, this.usedIndex);
    if (eventIndex) return this.passesUsedEvent();
    return (this.memory.readU16(available + FLAGS) & AVAILABLE_NO_INTERRUPT) === 0;
  }

  saveState(): State {
    return {
      size: this.size,
      alignment: this.alignment,
      ...this.rings,
      availableIndex: this.availableIndex,
      usedIndex: this.usedIndex,
      signalledIndex: this.signalledIndex,
    };
  }

  loadState(state: State): void {
    this.size = state.size as number;
    this.alignment = state.alignment as number;
    this.rings = {
      descriptors: state.descriptors as number,
      available: state.available as number,
      used: state.used as number,
    };
    this.availableIndex = state.availableIndex as number;
    this.usedIndex = state.usedIndex as number;
    this.signalledIndex = state.signalledIndex as number;
  }

  /**
   * 2.7.7: interrupt if the entry for which the guest is waiting was added since the last check. QEMU always interrupts
   * for the first entry.
   */
  private passesUsedEvent(): boolean {
    const before = this.signalledIndex;
    this.signalledIndex = this.usedIndex;
    if (before < 0) return true;
    const event = this.memory.readU16(this.rings.available + RING + this.size * AVAILABLE_ENTRY_BYTES);
    return ((this.usedIndex - event - 1) & 0xffff) < ((this.usedIndex - before) & 0xffff);
  }

  private availableEvent(): GuestAddress {
    return this.rings.used + RING + this.size * USED_ENTRY_BYTES;
  }
}

const NO_ADDRESSES: RingAddresses = { descriptors: 0, available: 0, used: 0 };
/** As in QEMU: the default for a legacy driver that does not set an alignment. */
const ALIGNMENT_DEFAULT = 4096;

/** The maximum number of entries in a queue: QEMU's VIRTQUEUE_MAX_SIZE. */
export const QUEUE_SIZE_MAX = 1024;

// virtio 1.2, 2.7.6 and 2.7.8: both rings begin with flags and index; the event field follows the ring.
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

function checkRings(memory: GuestMemory, size: number, rings: RingAddresses): void {
  if (!fits(memory, size, rings)) throw new BadQueueError('a queue outside RAM');
}

function fits(memory: GuestMemory, size: number, { descriptors, available, used }: RingAddresses): boolean {
  return (
    memory.contains(descriptors, size * DESCRIPTOR_BYTES) &&
    memory.contains(available, RING + size * AVAILABLE_ENTRY_BYTES + EVENT_BYTES) &&
    memory.contains(used, RING + size * USED_ENTRY_BYTES + EVENT_BYTES)
  );
}

/** As in QEMU, only the first descriptor of a chain can be indirect, and its next field is then ignored. */
function readChain(memory: GuestMemory, own: Table, head: number): Chain {
  const chain: Chain = { head, readable: [], writable: [] };
  const first = readDescriptor(memory, own, head);
  if (first.flags & INDIRECT) followChain(memory, indirectTable(memory, first), 0, chain);
  else followChain(memory, own, head, chain);
  return chain;
}

/** 2.7.5.3.1: the table consists of whole descriptors. */
function indirectTable(memory: GuestMemory, { address, lengthBytes }: Descriptor): Table {
  const entries = lengthBytes / DESCRIPTOR_BYTES;
  if (entries < 1 || !Number.isInteger(entries)) throw new BadQueueError(`an indirect table of ${lengthBytes} bytes`);
  if (!memory.contains(address, lengthBytes)) throw new BadQueueError('an indirect table outside RAM');
  return { address, entries };
}

/** Follows the chain from `index`. A chain that has more descriptors than its table must be circular. */
function followChain(memory: GuestMemory, table: Table, index: number, chain: Chain): void {
  for (let count = 0; count < Math.min(table.entries, QUEUE_SIZE_MAX); count++) {
    const descriptor = readDescriptor(memory, table, index);
    addSegment(memory, descriptor, chain);
    if (!(descriptor.flags & NEXT)) return;
    index = descriptor.next;
  }
  throw new BadQueueError('a chain of descriptors that is too long, or in a circle');
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
