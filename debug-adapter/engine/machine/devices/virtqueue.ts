import type { GuestAddress } from '../../base/quantities.ts';
import { type Loaded, number, record } from '../../base/stateCodec.ts';
import type { State } from '../../base/state.ts';
import { BadQueueError, type Chain, DESCRIPTOR_BYTES, QUEUE_SIZE_MAX, readChain } from './descriptorChain.ts';
import type { GuestMemory } from './device.ts';
import { legacyQueueAddresses } from './virtioLegacy.ts';

/** The addresses of a queue's three parts, and the queue's size. */
export interface QueueAddresses {
  size: number;
  descriptors: GuestAddress;
  available: GuestAddress;
  used: GuestAddress;
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
 * The device's side of a split virtqueue (virtio 1.2, section 2.7), with indirect descriptors (2.7.5.3) and the event
 * index (2.7.7, 2.7.10), as in QEMU's hw/virtio/virtio.c. The guest can write any value anywhere in RAM, so every
 * address and index is checked before use. If a check fails, a BadQueueError is thrown.
 */
export class Virtqueue {
  private readonly memory: GuestMemory;
  private readonly defaultSize: number;
  private state: QueueState;

  constructor(memory: GuestMemory, defaultSize: number) {
    this.memory = memory;
    this.defaultSize = defaultSize;
    this.state = { ...AT_RESET, alignment: ALIGNMENT_DEFAULT, size: defaultSize };
  }

  /** The address of the descriptors; 0 if the guest has not set it. */
  get descriptors(): GuestAddress {
    return this.state.descriptors;
  }

  get hasAddresses(): boolean {
    return this.state.descriptors !== 0;
  }

  /** Sets the queue size. An invalid size is ignored. */
  setSize(size: number): void {
    if (size >= 1 && size <= QUEUE_SIZE_MAX) this.state.size = size;
  }

  setAlignment(alignment: number): void {
    if (alignment === 0) return;
    this.state.alignment = alignment;
    this.setLegacyLayout();
  }

  /** Sets the addresses of the rings. The numbers of chains taken and returned do not change. */
  setAddresses({ descriptors, available, used }: RingAddresses): void {
    Object.assign(this.state, { descriptors, available, used });
    if (this.hasAddresses) checkRings(this.memory, this.state);
  }

  /**
   * Lays out the queue as one range of pages. Without `start`, the queue keeps its address, and only its size or
   * alignment changes.
   */
  setLegacyLayout(start = this.state.descriptors): void {
    if (start === 0) return;
    const { size, alignment } = this.state;
    this.setAddresses(legacyQueueAddresses({ start, size, alignment }));
  }

  reset(): void {
    Object.assign(this.state, AT_RESET, { size: this.defaultSize });
  }

  /**
   * The next request, or undefined if there is none. If the queue is empty and `eventIndex` is set, requests a
   * notification for the next request.
   */
  pop(eventIndex: boolean): Chain | undefined {
    const { available } = this.state;
    if (!this.hasAddresses || available === 0) return undefined;
    // The rings are checked here, because the guest can change the queue size after it has set their addresses.
    checkRings(this.memory, this.state);
    const waiting = (this.memory.readU16(available + INDEX) - this.state.availableIndex) & 0xffff;
    if (waiting > this.state.size) throw new BadQueueError('the available index ran ahead of the queue');
    if (waiting === 0) {
      // 2.7.10: avail_event follows the used ring. The guest notifies the device after writing the entry with this
      // index.
      if (eventIndex) this.memory.writeU16(this.availableEvent(), this.state.availableIndex);
      return undefined;
    }
    // Without this check, a guest could make the device store an unlimited number of requests by adding more requests
    // than the queue can hold.
    const inFlight = (this.state.availableIndex - this.state.usedIndex) & 0xffff;
    if (inFlight >= this.state.size) throw new BadQueueError('more requests in flight than the queue has room for');
    const head = this.memory.readU16(
      available + RING + (this.state.availableIndex % this.state.size) * AVAILABLE_ENTRY_BYTES,
    );
    if (head >= this.state.size) throw new BadQueueError(`descriptor ${head} of ${this.state.size}`);
    const chain = readChain(this.memory, { address: this.state.descriptors, entries: this.state.size }, head);
    this.state.availableIndex = (this.state.availableIndex + 1) & 0xffff;
    if (eventIndex) this.memory.writeU16(this.availableEvent(), this.state.availableIndex);
    return chain;
  }

  /**
   * With the event index: requests a notification for every entry that is added from now on, even if not all earlier
   * entries have been taken.
   */
  requestNotification(): void {
    const { available } = this.state;
    if (!fits(this.memory, this.state)) return;
    this.memory.writeU16(this.availableEvent(), this.memory.readU16(available + INDEX));
  }

  /**
   * Adds a chain to the used ring, with the number of bytes written. Returns whether the guest requested an interrupt.
   */
  push(chain: UsedChain, eventIndex: boolean): boolean {
    const { used, available } = this.state;
    if (!this.hasAddresses || !fits(this.memory, this.state)) return false;
    const entry = used + RING + (this.state.usedIndex % this.state.size) * USED_ENTRY_BYTES;
    this.memory.writeU32(entry, chain.head);
    this.memory.writeU32(entry + 4, chain.writtenBytes >>> 0);
    this.state.usedIndex = (this.state.usedIndex + 1) & 0xffff;
    this.memory.writeU16(used + INDEX, this.state.usedIndex);
    if (eventIndex) return this.passesUsedEvent();
    return (this.memory.readU16(available + FLAGS) & AVAILABLE_NO_INTERRUPT) === 0;
  }

  saveState(): State {
    return QUEUE_STATE.save(this.state);
  }

  loadState(state: State): void {
    this.state = QUEUE_STATE.load(state);
  }

  /**
   * 2.7.7: interrupt if the entry that the guest is waiting for has been added since the last check. QEMU always
   * interrupts for the first entry.
   */
  private passesUsedEvent(): boolean {
    const before = this.state.signalledIndex;
    this.state.signalledIndex = this.state.usedIndex;
    if (before < 0) return true;
    const event = this.memory.readU16(this.state.available + RING + this.state.size * AVAILABLE_ENTRY_BYTES);
    return ((this.state.usedIndex - event - 1) & 0xffff) < ((this.state.usedIndex - before) & 0xffff);
  }

  private availableEvent(): GuestAddress {
    return this.state.used + RING + this.state.size * USED_ENTRY_BYTES;
  }
}

export const QUEUE_STATE = record({
  size: number,
  /** Legacy: the alignment of the used ring. It survives a reset. */
  alignment: number,
  /** The addresses of the rings; 0 if the guest has not set them. */
  descriptors: number,
  available: number,
  used: number,
  /** The number of chains that the device has taken, and the number that it has returned, both modulo 2^16. */
  availableIndex: number,
  usedIndex: number,
  /** The used index when the device last checked whether to interrupt the guest; -1 before the first check. */
  signalledIndex: number,
});

type QueueState = Loaded<typeof QUEUE_STATE>;

const AT_RESET = { descriptors: 0, available: 0, used: 0, availableIndex: 0, usedIndex: 0, signalledIndex: -1 };
/** The alignment of the used ring if a legacy driver does not set one, as in QEMU. */
const ALIGNMENT_DEFAULT = 4096;

// virtio 1.2, 2.7.6 and 2.7.8: each ring begins with flags and an index, and is followed by an event field.
const FLAGS = 0;
const INDEX = 2;
const RING = 4;
const EVENT_BYTES = 2;
const AVAILABLE_ENTRY_BYTES = 2;
const USED_ENTRY_BYTES = 8;
const AVAILABLE_NO_INTERRUPT = 1;

function checkRings(memory: GuestMemory, queue: QueueAddresses): void {
  if (!fits(memory, queue)) throw new BadQueueError('a queue outside RAM');
}

function fits(memory: GuestMemory, { size, descriptors, available, used }: QueueAddresses): boolean {
  return (
    memory.contains(descriptors, size * DESCRIPTOR_BYTES) &&
    memory.contains(available, RING + size * AVAILABLE_ENTRY_BYTES + EVENT_BYTES) &&
    memory.contains(used, RING + size * USED_ENTRY_BYTES + EVENT_BYTES)
  );
}
