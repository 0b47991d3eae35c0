import type { State } from '../../base/state.ts';
import type { DeviceContext, TimedDevice } from './device.ts';

/**
 * The real-time clock: Google's goldfish RTC as in QEMU's hw/rtc/goldfish_rtc.c. It counts nanoseconds since 1970, can
 * be set, and has an alarm. It reads the host's time once, when the guest first uses the clock; from then on it
 * advances with virtual time. The host's time is an outside event, so a replay uses the recorded time.
 */
export class GoldfishRtc implements TimedDevice {
  readonly name: string;
  private readonly context: DeviceContext;
  private readonly hostTime: () => number;
  /** The host's time at virtual time 0, in nanoseconds since 1970; undefined until the guest first uses the clock. */
  private epoch: bigint | undefined;
  /** The nanoseconds that the guest has added to the clock by setting it. */
  private adjustment = 0n;
  /** The value of TIME_HIGH, latched by the last read of TIME_LOW. */
  private latchedHigh = 0;
  private alarm = 0n;
  private alarmRunning = false;
  /** The virtual time of the alarm. As in QEMU, setting the clock does not change it. */
  private alarmDueNanoseconds = Infinity;
  private interruptPending = false;
  private interruptEnabled = false;

  /** `hostTime` returns milliseconds since 1970. */
  constructor(options: { context: DeviceContext; hostTime: () => number; name?: string }) {
    this.name = options.name ?? 'rtc0';
    this.context = options.context;
    this.hostTime = options.hostTime;
  }

  read(offset: number, sizeBytes: 1 | 2 | 4): number {
    if (sizeBytes !== REGISTER_BYTES) return 0;
    switch (offset) {
      case TIME_LOW: {
        const time = this.time();
        this.latchedHigh = half(time, true);
        return half(time, false);
      }
      case TIME_HIGH:
        return this.latchedHigh;
      case ALARM_LOW:
        return half(this.alarm, false);
      case ALARM_HIGH:
        return half(this.alarm, true);
      case INTERRUPT_ENABLED:
        return this.interruptEnabled ? 1 : 0;
      case ALARM_STATUS:
        return this.alarmRunning ? 1 : 0;
      default:
        return 0;
    }
  }

  write(offset: number, value: number, sizeBytes: 1 | 2 | 4): void {
    if (sizeBytes !== REGISTER_BYTES) return;
    switch (offset) {
      case TIME_LOW:
        this.setTime(false, value);
        break;
      case TIME_HIGH:
        this.setTime(true, value);
        break;
      case ALARM_LOW: // arms the alarm
        this.alarm = withHalf(this.alarm, false, value);
        this.arm();
        break;
      case ALARM_HIGH:
        this.alarm = withHalf(this.alarm, true, value);
        break;
      case INTERRUPT_ENABLED:
        this.interruptEnabled = (value & 1) !== 0;
        this.updateLine();
        break;
      case CLEAR_ALARM:
        this.alarmRunning = false;
        break;
      case CLEAR_INTERRUPT:
        this.interruptPending = false;
        this.updateLine();
        break;
      default:
        return;
    }
    this.context.requestAttention();
  }

  deadline(): number {
    return this.alarmRunning ? this.alarmDueNanoseconds : Infinity;
  }

  act(): void {
    this.fireAlarm();
  }

  /** As in QEMU, a reset clears the alarm and the guest's adjustment, but the time read from the host is kept. */
  reset(): void {
    const epoch = this.epoch;
    this.loadState({ ...POWER_ON, epochIsKnown: epoch !== undefined, epoch: epoch ?? 0n });
  }

  saveState(): State {
    return {
      epochIsKnown: this.epoch !== undefined,
      epoch: this.epoch ?? 0n,
      adjustment: this.adjustment,
      latchedHigh: this.latchedHigh,
      alarm: this.alarm,
      alarmRunning: this.alarmRunning,
      alarmDueNanoseconds: this.alarmDueNanoseconds,
      interruptPending: this.interruptPending,
      interruptEnabled: this.interruptEnabled,
    };
  }

  loadState(state: State): void {
    this.epoch = state.epochIsKnown ? (state.epoch as bigint) : undefined;
    this.adjustment = state.adjustment as bigint;
    this.latchedHigh = state.latchedHigh as number;
    this.alarm = state.alarm as bigint;
    this.alarmRunning = state.alarmRunning as boolean;
    this.alarmDueNanoseconds = state.alarmDueNanoseconds as number;
    this.interruptPending = state.interruptPending as boolean;
    this.interruptEnabled = state.interruptEnabled as boolean;
  }

  private time(): bigint {
    const now = BigInt(this.context.now());
    this.epoch ??= BigInt(this.hostTime()) * NANOSECONDS_PER_MILLISECOND - now;
    return BigInt.asUintN(64, now + this.epoch + this.adjustment);
  }

  private setTime(high: boolean, value: number): void {
    const before = this.time();
    this.adjustment += withHalf(before, high, value) - before;
  }

  private arm(): void {
    const delay = this.alarm - this.time();
    if (delay <= 0n) return this.fireAlarm();
    const due = BigInt(this.context.now()) + delay;
    this.alarmDueNanoseconds = due > BigInt(Number.MAX_SAFE_INTEGER) ? Infinity : Number(due);
    this.alarmRunning = true;
  }

  private fireAlarm(): void {
    this.alarmRunning = false;
    this.interruptPending = true;
    this.updateLine();
  }

  /**
   * Drives the interrupt line. As in QEMU, the PLIC receives the level each time the alarm fires and each time the
   * guest writes an interrupt register, even if the level has not changed.
   */
  private updateLine(): void {
    this.context.setInterrupt(this.interruptPending && this.interruptEnabled);
  }
}

const POWER_ON: State = {
  adjustment: 0n,
  latchedHigh: 0,
  alarm: 0n,
  alarmRunning: false,
  alarmDueNanoseconds: Infinity,
  interruptPending: false,
  interruptEnabled: false,
};

const NANOSECONDS_PER_MILLISECOND = 1_000_000n;
const REGISTER_BYTES = 4;

// Goldfish virtual hardware specification, "Goldfish real-time clock".
const TIME_LOW = 0x00;
const TIME_HIGH = 0x04;
const ALARM_LOW = 0x08;
const ALARM_HIGH = 0x0c;
const INTERRUPT_ENABLED = 0x10;
const CLEAR_ALARM = 0x14;
const ALARM_STATUS = 0x18;
const CLEAR_INTERRUPT = 0x1c;

function half(value: bigint, high: boolean): number {
  return Number(high ? value >> 32n : value & 0xffffffffn);
}

function withHalf(value: bigint, high: boolean, half: number): bigint {
  return high ? (BigInt(half) << 32n) | (value & 0xffffffffn) : (value & ~0xffffffffn) | BigInt(half);
}
