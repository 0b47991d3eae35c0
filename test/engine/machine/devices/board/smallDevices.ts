import type { SeededRandom } from '../../../../support/seededRandom.ts';
import type { Width } from './operation.ts';
import { DATE } from './operation.ts';
import type { Script } from './script.ts';

/** Script operations for the devices that have only a few registers. */
const UART = 0x1000_0000;
const PLIC = 0x0c00_0000;
const CLINT = 0x0200_0000;
const RTC = 0x0010_1000;
const TEST_DEVICE = 0x0010_0000;

const WIDTHS: readonly Width[] = [1, 1, 1, 1, 2, 4, 8];

const anyWidth = (random: SeededRandom, usual: Width): Width =>
  random.chance(0.93) ? usual : random.pick([1, 2, 4, 8]);

export function uartOperations(script: Script, random: SeededRandom): void {
  if (random.chance(1 / 5)) return uartBurst(script, random);
  for (let count = 1 + random.below(6); count > 0; count--) {
    const offset = random.below(8);
    const bytes = random.pick(WIDTHS);
    if (random.chance(1 / 2)) script.read(UART + offset, bytes);
    else uartWrite(script, random, offset, bytes);
  }
}

/** Sends characters through the loopback, with random FIFO settings, and then reads registers. */
function uartBurst(script: Script, random: SeededRandom): void {
  const write = (offset: number, value: number): void => script.write(UART + offset, 1, BigInt(value));
  write(3, 3);
  write(4, 0x10 | random.below(16));
  write(2, random.pick([0, 1, 1, 3, 7, 0x41, 0x81, 0xc1, 0xc7, 0x87]));
  write(1, random.below(16));
  for (let count = random.below(20); count > 0; count--) write(0, random.below(256));
  for (let count = random.below(8); count > 0; count--) {
    if (random.chance(1 / 10)) script.pass();
    script.read(UART + random.pick([0, 0, 2, 2, 5]), 1);
    if (random.chance(1 / 4)) script.add({ kind: 'lines' });
  }
}

/** Writes a UART register. The upper byte of the divisor stays at 4 or more, so that timeouts are long. */
function uartWrite(script: Script, random: SeededRandom, offset: number, bytes: Width): void {
  const upper = BigInt(random.uint32() & 0xffffff) << 8n;
  const low = offset === 1 ? 0x40 | random.below(16) : random.below(256);
  const value = offset === 3 ? (random.chance(1 / 8) ? 0x80 : 0) | random.below(128) : low;
  script.write(UART + offset, bytes, BigInt(value) | upper);
}

export function plicOperations(script: Script, random: SeededRandom): void {
  for (let count = 1 + random.below(5); count > 0; count--) {
    const [offset, value] = plicRegister(script, random);
    script.access(random, PLIC + offset, anyWidth(random, 4), BigInt(value));
  }
}

function plicRegister(script: Script, random: SeededRandom): [offset: number, value: number] {
  const contexts = 2 * script.board.harts;
  const context = random.chance(0.95) ? random.below(contexts) : random.below(2 * contexts + 4);
  const source = random.pick([1, 8, 10, 10, 11, random.below(12), random.below(96)]);
  switch (random.below(7)) {
    case 0:
      return [4 * Math.min(95, source), random.chance(0.8) ? random.below(8) : random.uint32()];
    case 1:
      return [0x1000 + 4 * random.below(5), random.uint32()];
    case 2:
      return [0x2000 + 0x80 * context + 4 * random.below(4), random.chance(1 / 2) ? 0xd02 : random.uint32()];
    case 3:
      return [0x2000 + 0x80 * context, random.chance(1 / 2) ? 0xffff : 1 << source];
    case 4:
      return [0x20_0000 + 0x1000 * context, random.chance(3 / 4) ? random.below(3) : random.uint32()];
    case 5:
      return [0x20_0004 + 0x1000 * context, random.chance(0.9) ? source : random.uint32()];
    default:
      return [random.chance(0.9) ? 0x20_0004 + 0x1000 * context : 4 * random.below(0x10_0000), source];
  }
}

/**
 * Adds accesses to the CLINT. Scripts may set the clock. Compare values are far in the past or in the future, so that
 * no timer expires at an unpredictable time. The transcript leaves out reads of the current time.
 */
export function clintOperations(script: Script, random: SeededRandom): void {
  const hart = random.below(script.board.harts + (random.chance(1 / 10) ? 1 : 0));
  switch (random.below(6)) {
    case 0:
      // A software interrupt makes hart 1 read its interrupt lines (see board.c), so scripts do not set its msip bit.
      return script.access(
        random,
        CLINT + 4 * hart,
        anyWidth(random, 4),
        BigInt(random.below(4) & (hart === 0 ? 3 : 2)),
      );
    case 1:
      return script.access(random, CLINT + random.below(0x1_0000), random.pick([1, 2]), BigInt(random.uint32()));
    case 2:
      return script.read(CLINT + 0x4000 + 4 * random.below(2 * script.board.harts + 1), random.chance(0.8) ? 4 : 8);
    case 3:
      return script.read(CLINT + 0xbff8 + random.pick([0, 4]), random.pick([4, 8]), false);
    case 4:
      // A compare value that is either above 2^40 ticks or always in the past. Writing only the lower half cannot move
      // it from one range to the other.
      if (random.chance(1 / 3)) script.write(CLINT + 0x4000 + 8 * hart, 4, BigInt(random.uint32()));
      else if (random.chance(1 / 2))
        script.write(CLINT + 0x4004 + 8 * hart, 4, BigInt(random.pick([0x100, 0x7fffff, 0xffffffff])));
      else
        script.write(CLINT + 0x4000 + 8 * hart, 8, random.pick([0n, 1n, 0x1_0000_0000_0000n, 0xffff_ffff_ffff_ffffn]));
      return;
    default:
      // mtime is set to at least 2^36, so that a 32-bit compare value is in the past, and to at most 2^38.
      script.write(CLINT + 0xbff8, 8, BigInt(0x10 + random.below(0x30)) << 32n);
      script.read(CLINT + 0xbffc, 4);
      script.add({ kind: 'lines' });
  }
}

export function testDeviceOperations(script: Script, random: SeededRandom): void {
  const resultValues = [0x5555, 0x3333, 0x7777];
  const value = random.uint32();
  if (resultValues.includes(value & 0xffff)) return;
  const offset = random.pick([0, 0, 4, 2, 0xff8]);
  script.access(random, TEST_DEVICE + offset, random.pick([1, 2, 4, 4, 8]), BigInt(value));
}

/**
 * Writes RTC registers, and tracks the clock so that an alarm expires either well before the end of the next wait, or
 * never.
 */
export class RtcWriter {
  private readonly script: Script;
  private readonly random: SeededRandom;
  /** The clock's value at second 0 of the script, in nanoseconds since 1970. */
  private epoch = BigInt(DATE) * 1_000_000n;

  constructor(script: Script, random: SeededRandom) {
    this.script = script;
    this.random = random;
  }

  operations(): void {
    const random = this.random;
    const script = this.script;
    const offset = 4 * random.below(10);
    switch (random.below(5)) {
      case 0:
        return this.setAlarm();
      case 1:
        return this.setTime();
      case 2:
        return script.read(RTC + offset, anyWidth(random, 4), offset > 4);
      case 3:
        return script.write(
          RTC + random.pick([0x10, 0x10, 0x14, 0x18, 0x1c, 0x1c, 0x20]),
          anyWidth(random, 4),
          BigInt(random.below(4)),
        );
      default:
        return this.otherWidth(random.below(0x30));
    }
  }

  /**
   * Adds accesses of widths other than 4 bytes; 8 bytes cover two registers. The transcript omits the values of the
   * time registers, and these accesses do not set the time.
   */
  private otherWidth(offset: number): void {
    const bytes = this.random.pick([1, 2, 8] as const);
    if (bytes === 8 && offset < 0x10) this.script.read(RTC + offset, bytes, offset >= 8);
    else this.script.access(this.random, RTC + offset, bytes, BigInt(this.random.below(4)));
  }

  private now(): bigint {
    return this.epoch + BigInt(this.script.seconds) * 1_000_000_000n;
  }

  private setAlarm(): void {
    const seconds = this.random.pick([-1000, -1, 5, 5, 1_000_000]);
    const alarm = this.now() + BigInt(seconds) * 1_000_000_000n;
    this.script.write(RTC + 0x0c, 4, alarm >> 32n);
    this.script.write(RTC + 0x08, 4, alarm);
    this.script.read(RTC + 0x18, 4);
    this.script.add({ kind: 'lines' });
  }

  /** Writes the high half last, because a carry between the two writes would make the value unpredictable. */
  private setTime(): void {
    const high = ((BigInt(DATE) * 1_000_000n) >> 32n) + BigInt(this.random.below(1000));
    this.script.write(RTC, 4, 0x1000_0000n);
    this.script.write(RTC + 4, 4, high);
    this.epoch = ((high << 32n) | 0x1000_0000n) - BigInt(this.script.seconds) * 1_000_000_000n;
    this.script.read(RTC, 4, false);
    this.script.read(RTC + 4, 4);
  }
}
