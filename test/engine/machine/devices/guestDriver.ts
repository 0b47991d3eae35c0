import type { VirtioBlk } from '../../../../debug-adapter/engine/machine/devices/virtioBlk.ts';
import { FakeMemory, RAM_BASE } from './fakeBoard.ts';

/**
 * A small virtio-blk driver like a guest's: it starts the device, puts requests into its queue and reads the results.
 * It checks nothing, so that tests can make invalid requests.
 */
export class GuestDriver {
  readonly memory: FakeMemory;
  /** The device that the driver uses; a test may replace it with a copy. */
  disk: VirtioBlk;
  readonly size: number;
  readonly descriptors = RAM_BASE + 0x1000;
  readonly available: number;
  readonly used: number;
  /** Whether to use the version 1 transport, in which each queue is one contiguous range of pages. */
  readonly legacy: boolean;
  /** The address of the next buffer. */
  private free = BUFFERS;
  private nextDescriptor = 0;
  private availableIndex = 0;
  private seenIndex = 0;

  constructor(options: { memory: FakeMemory; disk: VirtioBlk; size?: number; legacy?: boolean }) {
    this.memory = options.memory;
    this.disk = options.disk;
    this.size = options.size ?? 64;
    this.legacy = options.legacy ?? false;
    this.available = this.legacy ? this.descriptors + 16 * this.size : RAM_BASE + 0x6000;
    const end = this.available + 4 + 2 * this.size;
    this.used = this.legacy ? Math.ceil(end / 4096) * 4096 : RAM_BASE + 0x8000;
  }

  /** Starts the device as Linux does, with the given features (by default all). */
  start(features = 0xffff_ffff_ffffn): void {
    this.register(STATUS, 0);
    this.register(STATUS, 1);
    this.register(STATUS, 3);
    for (const select of this.legacy ? [0] : [0, 1]) {
      this.register(0x014, select);
      const offered = this.disk.read(0x010, 4);
      this.register(0x024, select);
      this.register(0x020, Number((features >> BigInt(32 * select)) & BigInt(offered)));
    }
    if (!this.legacy) this.register(STATUS, 11);
    this.startQueue();
    this.register(STATUS, this.legacy ? 7 : 15);
  }

  startQueue(): void {
    this.availableIndex = this.seenIndex = this.nextDescriptor = 0;
    this.memory.at(this.available, 4 + 2 * this.size + 2).fill(0);
    this.memory.at(this.used, 4 + 8 * this.size + 2).fill(0);
    this.register(0x030, 0);
    this.register(0x038, this.size);
    if (this.legacy) return this.startLegacyQueue();
    [this.descriptors, this.available, this.used].forEach((address, part) => {
      this.register(0x080 + 0x10 * part, address % 2 ** 32);
      this.register(0x084 + 0x10 * part, Math.floor(address / 2 ** 32));
    });
    this.register(0x044, 1);
  }

  private startLegacyQueue(): void {
    this.register(0x028, 4096);
    this.register(0x03c, 4096);
    this.register(0x040, this.descriptors / 4096);
  }

  register(offset: number, value: number): void {
    this.disk.write(offset, value, 4);
  }

  get status(): number {
    return this.disk.read(STATUS, 4);
  }

  get interruptStatus(): number {
    return this.disk.read(0x060, 4);
  }

  acknowledge(): void {
    this.register(0x064, this.interruptStatus);
  }

  /**
   * Makes the next buffers start at the beginning of the buffer memory, so that they overwrite those of completed
   * requests.
   */
  reuseBuffers(): void {
    this.free = BUFFERS;
  }

  allocate(lengthBytes: number): number {
    const address = this.free;
    this.free += (lengthBytes + 15) & ~15;
    return address;
  }

  location(bytes: Uint8Array): number {
    const address = this.allocate(bytes.length);
    this.memory.write(address, bytes);
    return address;
  }

  descriptor(index: number, { address, length, flags = 0, next = 0 }: Descriptor): void {
    writeDescriptor(this.memory, this.descriptors + 16 * index, { address, length, flags, next });
  }

  /** Puts buffers into the descriptor table as one chain; returns the index of its first descriptor. */
  chain(buffers: Buffer[]): number {
    const first = this.nextDescriptor;
    const slot = (i: number) => (first + i) % this.size;
    buffers.forEach((buffer, i) => {
      const last = i === buffers.length - 1;
      const flags = (buffer.writable ? WRITABLE : 0) | (last ? 0 : NEXT);
      this.descriptor(slot(i), { ...buffer, flags, next: last ? 0 : slot(i + 1) });
    });
    this.nextDescriptor = slot(buffers.length);
    return first;
  }

  /** Puts buffers into an indirect table, to which one descriptor points; returns the index of that descriptor. */
  indirectChain(buffers: Buffer[]): number {
    const table = this.allocate(16 * buffers.length);
    buffers.forEach((buffer, i) => {
      const last = i === buffers.length - 1;
      const flags = (buffer.writable ? WRITABLE : 0) | (last ? 0 : NEXT);
      writeDescriptor(this.memory, table + 16 * i, { ...buffer, flags, next: last ? 0 : i + 1 });
    });
    const head = this.nextDescriptor;
    this.descriptor(head, { address: table, length: 16 * buffers.length, flags: INDIRECT });
    this.nextDescriptor = (head + 1) % this.size;
    return head;
  }

  /** Adds a chain to the available ring without notifying the device. */
  offer(head: number): void {
    this.memory.writeU16(this.available + 4 + 2 * (this.availableIndex % this.size), head);
    this.availableIndex = (this.availableIndex + 1) & 0xffff;
    this.memory.writeU16(this.available + 2, this.availableIndex);
  }

  notify(): void {
    this.register(0x050, 0);
  }

  /**
   * Makes a complete request; `data` is divided into buffers with the lengths in `pieces`. Returns the addresses of the
   * status byte and the data.
   */
  request(request: Request): Outcome {
    const { type, sector = 0, input = 0, output = new Uint8Array(0), indirect = false, pieces = [] } = request;
    const header = new Uint8Array(16);
    const view = new DataView(header.buffer);
    view.setUint32(0, type, true);
    view.setBigUint64(8, BigInt(sector), true);
    const statusAddress = this.location(Uint8Array.of(0xee));
    const inputAddress = this.location(new Uint8Array(input));
    const readable: Buffer[] = [{ address: this.location(header), length: 16, writable: false }];
    if (output.length > 0) readable.push(...cut(this.location(output), output.length, pieces, false));
    const writable = input > 0 ? cut(inputAddress, input, pieces, true) : [];
    const buffers = [...readable, ...writable, { address: statusAddress, length: 1, writable: true }];
    const head = indirect ? this.indirectChain(buffers) : this.chain(buffers);
    this.offer(head);
    return { head, statusAddress, inputAddress, input };
  }

  statusOf(outcome: Outcome): number {
    return this.memory.at(outcome.statusAddress, 1)[0];
  }

  inputOf(outcome: Outcome): Uint8Array {
    return this.memory.at(outcome.inputAddress, outcome.input);
  }

  /** The entries added to the used ring since the last call. */
  takeUsed(): { head: number; length: number }[] {
    const result = [];
    while (this.seenIndex !== this.memory.readU16(this.used + 2)) {
      const entry = this.used + 4 + 8 * (this.seenIndex % this.size);
      result.push({ head: this.memory.readU32(entry), length: this.memory.readU32(entry + 4) });
      this.seenIndex = (this.seenIndex + 1) & 0xffff;
    }
    return result;
  }

  /** Sets the event index, so that the device raises an interrupt when it writes the used entry with this number. */
  set usedEvent(index: number) {
    this.memory.writeU16(this.available + 4 + 2 * this.size, index);
  }

  get availableEvent(): number {
    return this.memory.readU16(this.used + 4 + 8 * this.size);
  }
}

export const IN = 0;
export const OUT = 1;
export const FLUSH = 4;
export const GET_ID = 8;
export const DISCARD = 11;
export const WRITE_ZEROES = 13;

const STATUS = 0x070;
const BUFFERS = RAM_BASE + 0x10000;
export const NEXT = 1;
export const WRITABLE = 2;
export const INDIRECT = 4;

interface Descriptor {
  address: number | bigint;
  length: number;
  flags?: number;
  next?: number;
}

export interface Buffer {
  address: number;
  length: number;
  writable: boolean;
}

export interface Request {
  type: number;
  sector?: number | bigint;
  /** The number of bytes that the device may write. */
  input?: number;
  output?: Uint8Array;
  indirect?: boolean;
  /** The lengths of the data buffers, except for the last one. */
  pieces?: number[];
}

export interface Outcome {
  head: number;
  statusAddress: number;
  inputAddress: number;
  input: number;
}

export function writeDescriptor(memory: FakeMemory, at: number, descriptor: Descriptor): void {
  const { address, length, flags = 0, next = 0 } = descriptor;
  memory.writeU64(at, address);
  memory.writeU32(at + 8, length);
  memory.writeU16(at + 12, flags);
  memory.writeU16(at + 14, next);
}

function cut(address: number, length: number, pieces: number[], writable: boolean): Buffer[] {
  const buffers: Buffer[] = [];
  let done = 0;
  for (const piece of pieces) {
    if (piece < 1 || done + piece >= length) continue;
    buffers.push({ address: address + done, length: piece, writable });
    done += piece;
  }
  buffers.push({ address: address + done, length: length - done, writable });
  return buffers;
}
