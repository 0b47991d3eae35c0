import type { SeededRandom } from '../../../../support/seededRandom.ts';
import { DISK_SLOT, RNG_SLOT, SHARED, type Width } from './operation.ts';
import type { Script } from './script.ts';

/**
 * Adds operations on a virtio slot to a script. Some are single register accesses, both valid and invalid. Others are
 * complete sequences of accesses with which a driver starts the device or makes a request. After an invalid write to a
 * started device, no requests are made until the device is restarted, because it would complete them at unpredictable
 * times.
 */
export class SlotDriver {
  private readonly script: Script;
  private readonly random: SeededRandom;
  private readonly base: number;
  private readonly slot: number;
  /** The address of the slot's part of shared RAM: descriptors, rings, buffers. */
  private readonly memory: number;
  /** The queue of the started driver; undefined once an invalid write may have changed it. */
  private queue: Queue | undefined;
  /** Whether the rings contain earlier requests. */
  private hasOldRings = false;

  constructor(script: Script, random: SeededRandom, slot: number) {
    this.script = script;
    this.random = random;
    this.slot = slot;
    this.base = 0x1000_1000 + slot * 0x1000;
    this.memory = SHARED + (slot === RNG_SLOT ? 0x1_0000 : 0);
  }

  operations(): void {
    const random = this.random;
    const isDevice = this.slot === DISK_SLOT || this.slot === RNG_SLOT;
    const choice = random.below(10);
    if (isDevice && this.queue && choice < 6) this.request(this.queue);
    else if (isDevice && (choice < 2 || (!this.queue && choice < 4))) this.start();
    else if (choice < 9) this.validAccesses();
    else this.invalidWrites();
  }

  // --- registers -----------------------------------------------------------------------------------------------------

  /** Adds reads, acknowledgements, and writes that do not change the queue. */
  private validAccesses(): void {
    const random = this.random;
    for (let count = 1 + random.below(5); count > 0; count--) {
      const offset = random.chance(3 / 4) ? random.pick(READ_OFTEN) : 4 * random.below(0x80);
      const bytes: Width = offset >= 0x100 || random.chance(1 / 10) ? random.pick([1, 2, 4, 8]) : 4;
      if (random.chance(3 / 4)) this.script.read(this.base + offset, bytes);
      else if (random.chance(1 / 2)) this.write(0x64, random.below(4));
      else
        this.script.write(this.base + random.pick(WRITTEN_FREELY), random.pick([4, 4, 2, 1]), BigInt(random.below(3)));
    }
  }

  private invalidWrites(): void {
    const random = this.random;
    this.queue = undefined;
    for (let count = 1 + random.below(4); count > 0; count--) {
      const offset = random.pick(WRITTEN_INVALIDLY);
      // Some writes are skipped, because after them the device would repeat the requests in old rings, at an
      // unpredictable time.
      const value = this.nonsenseFor(offset);
      if (offset === 0x38) this.write(0x70, 0); // see `queue-resized-in-use`
      if (this.hasOldRings && (offset === 0x50 || (offset === 0x70 && value & 4))) continue;
      this.script.write(this.base + offset, random.chance(0.95) ? 4 : 8, BigInt(value));
      if (random.chance(1 / 2)) this.script.read(this.base + random.pick([0x34, 0x40, 0x44, 0x60, 0x70, 0xfc]), 4);
    }
    if (this.slot === RNG_SLOT) this.write(0x70, 0); // see `rng-period`
  }

  private nonsenseFor(offset: number): number {
    const random = this.random;
    switch (offset) {
      case 0x28: // guest page size
        return random.pick([0, 1, 512, 4096, 4096, 8192, random.uint32()]);
      case 0x38: // queue size
        return random.pick([0, 1, 2, 3, 8, 100, 256, 1024, 1025, 65536]);
      case 0x3c: // alignment
        return random.pick([0, 1, 4, 100, 4096, 8192]);
      case 0x40: // page number: the pages contain only zeroes
        return random.pick([0, 0, UNUSED / 4096]);
      case 0x70:
        return random.pick([0, 0, 1, 3, 4, 7, 8, 11, 15, 0x40, 0x80, 0x10f, random.below(256)]);
      case 0x84:
      case 0x94:
      case 0xa4:
        return 0;
      case 0x80:
      case 0x90:
      case 0xa0:
        return UNUSED + 0x1000 * random.below(4);
      default:
        return random.pick([0, 1, 2, 5, random.below(2000)]);
    }
  }

  // --- a driver ------------------------------------------------------------------------------------------------------

  private start(): void {
    const { legacy } = this.script.board;
    const random = this.random;
    const size = random.pick(this.slot === RNG_SLOT ? [2, 4, 8, 8, 16] : [4, 8, 16, 64, 100]);
    const queue = new Queue({ size, legacy, memory: this.memory, hasEvents: random.chance(1 / 2) });
    this.hasOldRings = false;
    queue.clear((address, value) => this.script.write(address, 8, value));
    for (const status of [0, 1, 3]) this.write(0x70, status);
    const features =
      (random.uint32() & (queue.hasEvents ? 0x6e30_6264 : 0x4e30_6264)) | (queue.hasEvents ? 1 << 29 : 0);
    this.write(0x24, 0);
    this.write(0x20, features);
    this.write(0x24, 1);
    this.write(0x20, random.chance(2 / 3) ? 1 : 0);
    if (!legacy || random.chance(1 / 4)) this.write(0x70, 11);
    this.script.read(this.base + 0x70, 4);
    this.write(0x30, 0);
    this.write(0x38, size);
    if (legacy) this.startLegacyQueue(queue);
    else this.startQueue(queue);
    this.write(0x70, legacy ? 7 : 15);
    this.queue = queue;
  }

  private startLegacyQueue(queue: Queue): void {
    this.write(0x28, 4096);
    this.write(0x3c, 4096);
    this.write(0x40, queue.descriptors / 4096);
    this.script.read(this.base + 0x40, 4);
  }

  private startQueue({ descriptors, available, used }: Queue): void {
    [descriptors, available, used].forEach((address, part) => {
      this.write(0x80 + 0x10 * part, address);
      this.write(0x84 + 0x10 * part, 0);
    });
    this.write(0x44, 1);
    this.script.read(this.base + 0x44, 4);
  }

  private request(queue: Queue): void {
    const random = this.random;
    const write = (address: number, bytes: Width, value: bigint): void => this.script.write(address, bytes, value);
    const buffers = this.slot === RNG_SLOT ? this.rngBuffers() : this.diskBuffers(queue);
    if (buffers.length > queue.size) return;
    queue.describe(buffers, write);
    if (random.chance(1 / 10)) this.corrupt(queue);
    // Sets or clears NO_INTERRUPT.
    write(queue.available, 2, random.chance(1 / 4) ? 1n : 0n);
    write(queue.usedEvent, 2, BigInt((queue.index + random.pick([0, 0, 0, -1, 5])) & 0xffff));
    queue.offer(write);
    this.hasOldRings = true;
    if (random.chance(1 / 50)) this.write(0x50, random.pick([1, 1023, 1024])); // a queue that does not exist
    this.write(0x50, 0);
    if (this.queue) this.script.add({ kind: 'settle', address: queue.used + 2, value: queue.index });
    this.script.read(this.base + 0x60, 4);
    if (random.chance(1 / 2)) this.script.add({ kind: 'lines' });
    if (random.chance(1 / 8)) this.script.sumOfShared();
    // While its queue is invalid, the entropy device retries it in each period (see `rng-period`), so the device is
    // reset here.
    if (!this.queue && this.slot === RNG_SLOT) this.write(0x70, 0);
    if (random.chance(1 / 2)) this.write(0x64, random.pick([1, 1, 1, 2, 3]));
  }

  private rngBuffers(): Buffer[] {
    const { length } = { length: 1 + this.random.below(3) };
    return Array.from({ length }, (_, i) => {
      return { address: this.memory + 0x8000 + 0x100 * i, length: 1 + this.random.below(200), writable: true };
    });
  }

  private diskBuffers(queue: Queue): Buffer[] {
    const random = this.random;
    const [header, data, status] = [0x8000, 0x8100, 0x80f0].map((offset) => this.memory + offset);
    const type = random.pick([0, 0, 1, 1, 4, 8, 11, 13, 5, 9, 10, 12, 2, 3, 6, 99, 0x8000_0000, 0x8000_0001]);
    const sectors = random.below(5);
    const sector = random.chance(3 / 4) ? random.below(126) : random.pick([126, 127, 128, 129, 1 << 20, 0xffff_ffff]);
    this.script.write(header, 8, BigInt(type));
    this.script.write(header + 8, 8, BigInt(sector));
    const isRange = type >= 10 && type <= 13;
    const length = isRange
      ? random.pick([16, 16, 16, 32])
      : 512 * sectors - (sectors > 0 && random.chance(1 / 10) ? 1 : 0);
    if (isRange) {
      this.script.write(data, 8, BigInt(sector));
      this.script.write(data + 8, 8, BigInt(sectors) | (sector < 120 ? BigInt(random.pick([0, 0, 1, 2])) << 32n : 0n));
    } else this.script.write(data, 8, BigInt(random.uint32()));
    const writable = (type & 1) === 0;
    const isIdentity = (type & ~1) === 8;
    const bytes = isIdentity ? random.pick([20, 20, 8, 30]) : length;
    const middle: Buffer[] = bytes > 0 ? cut(data, bytes, random.below(Math.min(3, queue.size - 1)), writable) : [];
    return [
      { address: header, length: 16, writable: false },
      ...middle,
      { address: status, length: 1, writable: true },
    ];
  }

  /** Makes the queue invalid, so that the device sets NEEDS_RESET or, if it is a legacy device, stops. */
  private corrupt(queue: Queue): void {
    const random = this.random;
    this.queue = undefined;
    const first = queue.descriptors;
    const corruptions: (() => void)[] = [
      () => this.script.write(first + 12, 4, 1n | (BigInt(queue.size) << 16n)), // a next descriptor that does not exist
      () => (queue.head = queue.size + random.below(9)), // a first descriptor that does not exist
    ];
    // The entropy device is left out: see `rng-without-room`.
    if (this.slot !== RNG_SLOT) corruptions.push(() => this.script.write(first + 8, 4, 0n)); // no bytes
    random.pick(corruptions)();
  }

  private write(offset: number, value: number): void {
    this.script.write(this.base + offset, 4, BigInt(value >>> 0));
  }
}

const READ_OFTEN = [0, 4, 8, 0xc, 0x10, 0x34, 0x40, 0x44, 0x60, 0x60, 0x60, 0x70, 0x70, 0xb0, 0xb4, 0xfc, 0x100, 0x120];
/** The offsets of read-only and unknown registers, the selector of offered features, and configuration fields. */
const WRITTEN_FREELY = [0x0, 0x8, 0x10, 0x14, 0x14, 0x34, 0x60, 0xb0, 0xfc, 0x68, 0x100, 0x108];
const WRITTEN_INVALIDLY = [
  ...[0x14, 0x24, 0x28, 0x30, 0x38, 0x3c, 0x40, 0x44, 0x44, 0x50, 0x64, 0x70, 0x70, 0x70],
  ...[0x80, 0x84, 0x90, 0x94, 0xa0, 0xa4],
];
/** The address of memory that is always zero; rings there contain no requests. */
const UNUSED = 0x8110_0000 + 0x10_0000;

interface Buffer {
  address: number;
  length: number;
  writable: boolean;
}

/** Divides a buffer into `pieces` + 1 pieces. */
function cut(address: number, length: number, pieces: number, writable: boolean): Buffer[] {
  const each = Math.max(1, Math.floor(length / (pieces + 1)));
  const buffers: Buffer[] = [];
  let at = 0;
  for (let i = 0; i < pieces && at + each < length; i++, at += each) {
    buffers.push({ address: address + at, length: each, writable });
  }
  return [...buffers, { address: address + at, length: length - at, writable }];
}

type Writer = (address: number, bytes: Width, value: bigint) => void;

/** The addresses and current index of a script's queue. */
class Queue {
  readonly size: number;
  readonly hasEvents: boolean;
  readonly descriptors: number;
  readonly available: number;
  readonly used: number;
  /** The number of chains offered so far. */
  index = 0;
  /** The index of the next chain's first descriptor. */
  head = 0;

  constructor(options: { size: number; legacy: boolean; memory: number; hasEvents: boolean }) {
    const { size, legacy, memory } = options;
    this.size = size;
    this.hasEvents = options.hasEvents;
    this.descriptors = memory;
    this.available = legacy ? memory + 16 * size : memory + 0x2000;
    this.used = legacy ? Math.ceil((this.available + 4 + 2 * size) / 4096) * 4096 : memory + 0x4000;
  }

  get usedEvent(): number {
    return this.available + 4 + 2 * this.size;
  }

  clear(write: (address: number, value: bigint) => void): void {
    for (const [start, bytes] of [
      [this.available, 6 + 2 * this.size],
      [this.used, 6 + 8 * this.size],
    ]) {
      for (let at = start - (start % 8); at < start + bytes; at += 8) write(at, 0n);
    }
  }

  describe(buffers: readonly Buffer[], write: Writer): void {
    buffers.forEach(({ address, length, writable }, i) => {
      const next = i + 1 < buffers.length;
      const flags = (next ? 1 : 0) | (writable ? 2 : 0);
      write(this.descriptors + 16 * i, 8, BigInt(address));
      write(
        this.descriptors + 16 * i + 8,
        8,
        BigInt(length) | (BigInt(flags) << 32n) | (BigInt(next ? i + 1 : 0) << 48n),
      );
    });
  }

  offer(write: Writer): void {
    write(this.available + 4 + 2 * (this.index % this.size), 2, BigInt(this.head));
    this.index = (this.index + 1) & 0xffff;
    write(this.available + 2, 2, BigInt(this.index));
  }
}
