import type { State } from '../../base/state.ts';
import { bigint, boolean, type Loaded, number, record } from '../../base/stateCodec.ts';
import type { DeviceContext, TimedDevice } from './device.ts';

/**
 * The real-time clock: Google's goldfish RTC as in QEMU's hw/rtc/goldfish_rtc.c. It counts nanoseconds since 1970, can
 * be set, and has an alarm. It reads the host's time once, when the guest first uses the clock; from then on it
 * advances with virtual time. The host's time is recorded, so a replay uses the same time.
 */
export class GoldfishRtc implements TimedDevice {
  readonly name: string;
  readonly stateCodec = STATE;
  private readonly context: DeviceContext;
  private readonly hostTime: () => number;
  private state: RtcState = { ...POWER_ON };

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
        this.state.latchedHigh = half(time, true);
        return half(time, false);
      }
      case TIME_HIGH:
        return this.state.latchedHigh;
      case ALARM_LOW:
        return half(this.state.alarm, false);
      case ALARM_HIGH:
        return half(this.state.alarm, true);
      case INTERRUPT_ENABLED:
        return this.state.interruptEnabled ? 1 : 0;
      case ALARM_STATUS:
        return this.state.alarmRunning ? 1 : 0;
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
        this.state.alarm = withHalf(this.state.alarm, false, value);
        this.arm();
        break;
      case ALARM_HIGH:
        this.state.alarm = withHalf(this.state.alarm, true, value);
        break;
      case INTERRUPT_ENABLED:
        this.state.interruptEnabled = (value & 1) !== 0;
        this.updateLine();
        break;
      case CLEAR_ALARM:
        this.state.alarmRunning = false;
        break;
      case CLEAR_INTERRUPT:
        this.state.interruptPending = false;
        this.updateLine();
        break;
      default:
        return;
    }
    this.context.requestAttention();
  }

  deadline(): number {
    return this.state.alarmRunning ? this.state.alarmDueNanoseconds : Infinity;
  }

  act(): void {
    this.fireAlarm();
  }

  /** As in QEMU, a reset clears the alarm and the guest's adjustment, but the time read from the host is kept. */
  reset(): void {
    const { epochIsKnown, epoch } = this.state;
    this.state = { ...POWER_ON, epochIsKnown, epoch };
  }

  saveState(): State {
    return STATE.save(this.state);
  }

  loadState(state: State): void {
    this.state = STATE.load(state);
  }

  private time(): bigint {
    const now = BigInt(this.context.now());
    if (!this.state.epochIsKnown) {
      this.state.epoch = BigInt(this.hostTime()) * NANOSECONDS_PER_MILLISECOND - now;
      this.state.epochIsKnown = true;
    }
    return BigInt.asUintN(64, now + this.state.epoch + this.state.adjustment);
  }

  private setTime(high: boolean, value: number): void {
    const before = this.time();
    this.state.adjustment += withHalf(before, high, value) - before;
  }

  private arm(): void {
    const delay = this.state.alarm - this.time();
    if (delay <= 0n) return this.fireAlarm();
    const due = BigInt(this.context.now()) + delay;
    this.state.alarmDueNanoseconds = due > BigInt(Number.MAX_SAFE_INTEGER) ? Infinity : Number(due);
    this.state.alarmRunning = true;
  }

  private fireAlarm(): void {
    this.state.alarmRunning = false;
    this.state.interruptPending = true;
    this.updateLine();
  }

  /**
   * Drives the interrupt line. As in QEMU, the PLIC receives the level each time the alarm fires and each time the
   * guest writes an interrupt register, even if the level has not changed.
   */
  private updateLine(): void {
    this.context.setInterrupt(this.state.interruptPending && this.state.interruptEnabled);
  }
}

const STATE = record({
  /** False until the guest first uses the clock. */
  epochIsKnown: boolean,
  /** The host's time at virtual time 0, in nanoseconds since 1970. */
  epoch: bigint,
  /** The nanoseconds that the guest has added to the clock by setting it. */
  adjustment: bigint,
  /** The value of TIME_HIGH, latched by the last read of TIME_LOW. */
  latchedHigh: number,
  alarm: bigint,
  alarmRunning: boolean,
  /** The virtual time of the alarm. As in QEMU, setting the clock does not change it. */
  alarmDueNanoseconds: number,
  interruptPending: boolean,
  interruptEnabled: boolean,
});

type RtcState = Loaded<typeof STATE>;

const POWER_ON: Readonly<RtcState> = {
  epochIsKnown: false,
  epoch: 0n,
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
