import type { State } from '../../base/state.ts';
import { bigint, boolean, list, type Loaded, record } from '../../base/stateCodec.ts';
import { NANOSECONDS_PER_TICK } from '../../base/quantities.ts';
import type { Device, DeviceContext } from './device.ts';

/**
 * The SiFive core-local interruptor: software interrupts (msip) and the machine timer (mtime, mtimecmp) of every hart.
 * mtime is virtual time in ticks of 100 ns plus a delta that changes only when the guest writes mtime. The CLINT raises
 * no events itself. Instead, the machine polls each hart's deadline. Deadlines are computed on writes, so reading one
 * is a single array access.
 *
 * As in QEMU, mtimecmp is 0 after reset, so the timer interrupt is pending until the guest writes mtimecmp. For
 * recordings in formats 2 to 4 (`timerStartsDisarmed`), the interrupt is not pending until the first write to mtimecmp
 * or mtime. Registers respond only to 32-bit accesses (the bus splits 64-bit accesses).
 */
export class Clint implements Device {
  readonly name: string;
  readonly harts: number;
  readonly stateCodec: ReturnType<typeof stateFor>;
  private readonly context: DeviceContext;
  private readonly timerStartsDisarmed: boolean;
  private state: ClintState;
  /** Derived from the state: the time at which mtime reaches mtimecmp, for each hart. */
  private readonly deadlines: number[];
  /** Derived from the state: the time at which mtime next wraps from 2^64 - 1 to 0, which invalidates the deadlines. */
  private wrapNanoseconds = Infinity;

  constructor(options: { context: DeviceContext; harts?: number; name?: string; timerStartsDisarmed?: boolean }) {
    this.name = options.name ?? 'clint';
    this.harts = options.harts ?? 1;
    this.context = options.context;
    this.stateCodec = stateFor(this.harts);
    this.timerStartsDisarmed = options.timerStartsDisarmed ?? false;
    this.state = {
      softwareInterrupts: new Array<boolean>(this.harts).fill(false),
      compares: new Array<bigint>(this.harts).fill(0n),
      armed: new Array<boolean>(this.harts).fill(!this.timerStartsDisarmed),
      tickDelta: 0n,
    };
    this.deadlines = new Array<number>(this.harts).fill(this.timerStartsDisarmed ? Infinity : 0);
  }

  /** The ticks that the guest has added to mtime by writing to it, modulo 2^64. */
  get tickDelta(): bigint {
    return this.state.tickDelta;
  }

  /** The current mtime in ticks, which is also the value of the `time` CSR. */
  time(): bigint {
    return wrap(this.ticks() + this.state.tickDelta);
  }

  /** The level of the hart's MSIP line. */
  softwareInterrupt(hart: number): boolean {
    return this.state.softwareInterrupts[hart];
  }

  timeCompare(hart: number): bigint {
    return this.state.compares[hart];
  }

  /** The current level of the hart's MTIP line. */
  timerPending(hart: number): boolean {
    return this.context.now() >= this.timerDeadlineNanoseconds(hart);
  }

  /**
   * The virtual time at which MTIP rises. The time is in the past if MTIP is already high, and Infinity if it is later
   * than 2^53 ns.
   */
  timerDeadlineNanoseconds(hart: number): number {
    if (this.context.now() >= this.wrapNanoseconds) this.updateDeadlines();
    return this.deadlines[hart];
  }

  /**
   * The virtual time at which mtime reaches `compare`. Used for stimecmp (Sstc), which is compared with the same clock.
   */
  nanosecondsAtTime(compare: bigint): number {
    const ticks = this.ticks();
    return nanosecondsAtTick(ticks + compare - wrap(ticks + this.state.tickDelta));
  }

  read(offset: number, sizeBytes: 1 | 2 | 4): number {
    if (sizeBytes !== REGISTER_BYTES) return 0;
    const register = decode(offset, this.harts);
    switch (register?.kind) {
      case undefined:
        return 0;
      case 'softwareInterrupt':
        return this.state.softwareInterrupts[register.hart] ? 1 : 0;
      case 'compare':
        return half(this.state.compares[register.hart], register.high);
      case 'time':
        return half(this.time(), register.high);
    }
  }

  write(offset: number, value: number, sizeBytes: 1 | 2 | 4): void {
    if (sizeBytes !== REGISTER_BYTES) return;
    const register = decode(offset, this.harts);
    switch (register?.kind) {
      case undefined:
        return;
      case 'softwareInterrupt':
        this.state.softwareInterrupts[register.hart] = (value & 1) !== 0;
        break;
      case 'compare':
        this.state.compares[register.hart] = withHalf(this.state.compares[register.hart], register.high, value);
        this.state.armed[register.hart] = true;
        break;
      case 'time':
        this.state.tickDelta = wrap(withHalf(this.time(), register.high, value) - this.ticks());
        this.state.armed.fill(true);
        break;
    }
    this.updateDeadlines();
    this.context.requestAttention();
  }

  /** As in QEMU, mtime restarts at 0. */
  reset(): void {
    this.state.softwareInterrupts.fill(false);
    this.state.compares.fill(0n);
    this.state.armed.fill(!this.timerStartsDisarmed);
    this.state.tickDelta = wrap(-this.ticks());
    this.updateDeadlines();
  }

  saveState(): State {
    return this.stateCodec.save(this.state);
  }

  loadState(state: State): void {
    this.state = this.stateCodec.load(state);
    this.updateDeadlines();
  }

  /** The ticks since power-on, without the ticks that the guest added. */
  private ticks(): bigint {
    return BigInt(Math.floor(this.context.now() / NANOSECONDS_PER_TICK));
  }

  private updateDeadlines(): void {
    for (let hart = 0; hart < this.harts; hart++) {
      this.deadlines[hart] = this.state.armed[hart] ? this.nanosecondsAtTime(this.state.compares[hart]) : Infinity;
    }
    this.wrapNanoseconds = this.nanosecondsAtTime(1n << 64n);
  }
}

/** Each list has one item per hart. */
const stateFor = (harts: number) =>
  record({
    softwareInterrupts: list(boolean, harts),
    /** mtimecmp. */
    compares: list(bigint, harts),
    /**
     * Whether the hart's timer can expire. With `timerStartsDisarmed`, this is false until the guest first writes mtime
     * or the hart's mtimecmp.
     */
    armed: list(boolean, harts),
    /** The ticks that the guest has added to mtime by writing to it, modulo 2^64. */
    tickDelta: bigint,
  });

type ClintState = Loaded<ReturnType<typeof stateFor>>;

// SiFive FU540-C000 manual, "CLINT memory map".
const SOFTWARE_INTERRUPT_START = 0x0000; // 4 bytes per hart
const COMPARE_START = 0x4000; // 8 bytes per hart
const TIME_START = 0xbff8;
const TIME_BYTES = 8;
const REGISTER_BYTES = 4;

type Register =
  | { kind: 'softwareInterrupt'; hart: number }
  | { kind: 'compare'; hart: number; high: boolean }
  | { kind: 'time'; high: boolean };

function decode(offset: number, harts: number): Register | undefined {
  const high = (offset & 4) !== 0;
  if (offset >= TIME_START && offset < TIME_START + TIME_BYTES) return { kind: 'time', high };
  if (offset >= COMPARE_START && offset < COMPARE_START + 8 * harts) {
    return { kind: 'compare', hart: (offset - COMPARE_START) >> 3, high };
  }
  if (offset >= SOFTWARE_INTERRUPT_START && offset < SOFTWARE_INTERRUPT_START + 4 * harts) {
    return { kind: 'softwareInterrupt', hart: (offset - SOFTWARE_INTERRUPT_START) >> 2 };
  }
  return undefined;
}

function wrap(value: bigint): bigint {
  return BigInt.asUintN(64, value);
}

function half(value: bigint, high: boolean): number {
  return Number(high ? value >> 32n : value & 0xffffffffn);
}

function withHalf(value: bigint, high: boolean, half: number): bigint {
  return high ? (BigInt(half) << 32n) | (value & 0xffffffffn) : (value & ~0xffffffffn) | BigInt(half);
}

function nanosecondsAtTick(tick: bigint): number {
  if (tick <= 0n) return 0;
  const nanoseconds = tick * BigInt(NANOSECONDS_PER_TICK);
  return nanoseconds > BigInt(Number.MAX_SAFE_INTEGER) ? Infinity : Number(nanoseconds);
}
