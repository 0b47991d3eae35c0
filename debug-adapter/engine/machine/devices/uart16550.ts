import type { State } from '../../base/state.ts';
import { boolean, type Loaded, number, record } from '../../base/stateCodec.ts';
import type { DeviceContext, TimedDevice } from './device.ts';
import { UartInput } from './uartInput.ts';
import {
  DATA,
  FCR_ENABLE,
  FCR_KEPT,
  FCR_RESET_RECEIVE,
  FCR_RESET_TRANSMIT,
  FIFO_CONTROL,
  IER_LINE_STATUS,
  IER_MASK,
  IER_RECEIVE,
  IER_TRANSMIT_EMPTY,
  IIR_CHARACTER_TIMEOUT,
  IIR_DATA_AVAILABLE,
  IIR_FIFO_ENABLED,
  IIR_LINE_STATUS,
  IIR_NONE,
  IIR_TRANSMIT_EMPTY,
  INTERRUPT_ENABLE,
  INTERRUPT_IDENTITY,
  LCR_DATA_BITS,
  LCR_PARITY,
  LCR_TWO_STOP_BITS,
  LINE_CONTROL,
  LINE_STATUS,
  MCR_MASK,
  MODEM_CONTROL,
  MODEM_STATUS,
  SCRATCH,
} from './uartRegisters.ts';
import {
  divisorLatch,
  FIFO_BYTES,
  fifoEnabled,
  lineStatus,
  loopback,
  modemStatus,
  triggerLevel,
  UART_FIELDS,
  uartAtPowerOn,
} from './uartState.ts';

/**
 * A 16550A serial port with registers one byte apart, modeled on QEMU's hw/char/serial.c and the National Semiconductor
 * PC16550D data sheet. Transmission takes no time, so the transmitter is always empty; the modem lines CTS, DSR and DCD
 * are always asserted. As in QEMU, a receive FIFO that is not empty reports a character timeout four character times
 * after a byte was last received or read, even if the FIFO is filled to its trigger level. The timeout remains pending
 * until a byte is read.
 *
 * Input is accepted while the guest is listening (`UartInput`) and the FIFO holds fewer bytes than its trigger level.
 * In loopback mode, the UART does not accept input.
 */
export class Uart16550 implements TimedDevice {
  readonly name: string;
  readonly stateCodec = STATE;
  private readonly context: DeviceContext;
  private readonly transmit: (byte: number) => void;
  private readonly state: CurrentUartState = {
    ...uartAtPowerOn(),
    timeoutPending: false,
    timeoutDueNanoseconds: Infinity,
    characterNanoseconds: RESET_CHARACTER_NANOSECONDS,
  };
  private readonly input: UartInput;
  /**
   * Derived from the state: the time from which the UART accepts input and the time of the next timeout, as last
   * reported to the context.
   */
  private ready = Infinity;
  private reportedDue = Infinity;

  constructor(options: { context: DeviceContext; transmit: (byte: number) => void; name?: string }) {
    this.name = options.name ?? 'uart0';
    this.context = options.context;
    this.transmit = options.transmit;
    this.input = new UartInput(this.state, () => this.context.now());
  }

  /** The virtual time from which `receive` may be called; Infinity while the guest is not listening. */
  readyNanoseconds(): number {
    return this.ready;
  }

  /** Receives one byte from the serial line. */
  receive(byte: number): void {
    this.input.received();
    if (!loopback(this.state)) this.pushByte(byte);
    this.updateReadiness();
  }

  /** The time of the next character timeout. */
  deadline(): number {
    return this.state.timeoutDueNanoseconds;
  }

  act(): void {
    this.state.timeoutDueNanoseconds = Infinity;
    if (this.state.receiveFifo.length > 0) {
      this.state.timeoutPending = true;
      this.updateInterrupt();
    }
    this.updateReadiness();
  }

  read(offset: number, _sizeBytes: 1 | 2 | 4): number {
    const value = this.readRegister(offset);
    this.updateReadiness();
    return value;
  }

  write(offset: number, value: number, _sizeBytes: 1 | 2 | 4): void {
    this.writeRegister(offset, value & 0xff);
    this.updateReadiness();
  }

  saveState(): State {
    return STATE.save(this.state);
  }

  loadState(state: State): void {
    Object.assign(this.state, STATE.load(state));
    this.input.restored();
    this.updateReadiness();
  }

  private readRegister(offset: number): number {
    switch (offset) {
      case DATA:
        return divisorLatch(this.state) ? this.state.divisor & 0xff : this.readReceiveBuffer();
      case INTERRUPT_ENABLE:
        return divisorLatch(this.state) ? this.state.divisor >> 8 : this.state.interruptEnable;
      case INTERRUPT_IDENTITY:
        return this.readInterruptIdentity();
      case LINE_CONTROL:
        return this.state.lineControl;
      case MODEM_CONTROL:
        return this.state.modemControl;
      case LINE_STATUS:
        return this.readLineStatus();
      case MODEM_STATUS:
        return modemStatus(this.state);
      case SCRATCH:
        return this.state.scratch;
      default:
        return 0;
    }
  }

  private writeRegister(offset: number, byte: number): void {
    switch (offset) {
      case DATA:
        if (divisorLatch(this.state)) this.setDivisor((this.state.divisor & 0xff00) | byte);
        else this.writeTransmitHolding(byte);
        return;
      case INTERRUPT_ENABLE:
        if (divisorLatch(this.state)) this.setDivisor((this.state.divisor & 0xff) | (byte << 8));
        else this.writeInterruptEnable(byte & IER_MASK);
        return;
      case FIFO_CONTROL:
        return this.writeFifoControl(byte);
      case LINE_CONTROL:
        this.state.lineControl = byte;
        this.state.characterNanoseconds = characterNanoseconds(this.state.divisor, byte);
        return;
      case MODEM_CONTROL:
        this.state.modemControl = byte & MCR_MASK;
        return;
      case SCRATCH:
        this.state.scratch = byte;
        return;
      default: // LSR and MSR are read-only.
        return;
    }
  }

  private readReceiveBuffer(): number {
    if (this.state.receiveFifo.length === 0) this.input.countPoll();
    // As in QEMU, an empty FIFO reads as 0; with the FIFO disabled, RBR still contains the last byte.
    const byte = this.state.receiveFifo.shift() ?? (fifoEnabled(this.state) ? 0 : this.state.receiveBuffer);
    if (fifoEnabled(this.state)) {
      this.state.timeoutPending = false;
      if (this.state.receiveFifo.length > 0) this.startTimeout();
    }
    this.updateInterrupt();
    return byte;
  }

  private readLineStatus(): number {
    if (this.state.receiveFifo.length === 0) this.input.countPoll();
    const status = lineStatus(this.state);
    if (this.state.overrun) {
      this.state.overrun = false; // PC16550D, "Line Status Register": OE is reset when the CPU reads it.
      this.updateInterrupt();
    }
    return status;
  }

  private readInterruptIdentity(): number {
    const source = interruptSource(this.state);
    // PC16550D, "Interrupt Control Functions": reading IIR resets THRE if THRE is the reported source.
    if (source === IIR_TRANSMIT_EMPTY) {
      this.state.transmitEmptyPending = false;
      this.updateInterrupt();
    }
    return source | (fifoEnabled(this.state) ? IIR_FIFO_ENABLED : 0);
  }

  private writeTransmitHolding(byte: number): void {
    this.input.transmitted();
    // The byte has already been sent, so THRE was cleared and set again, which causes a new interrupt.
    this.state.transmitEmptyPending = false;
    this.updateInterrupt();
    this.state.transmitEmptyPending = true;
    this.updateInterrupt();
    if (loopback(this.state)) this.pushByte(byte);
    else this.transmit(byte);
  }

  private writeInterruptEnable(enable: number): void {
    // QEMU serial.c: enabling the THRE interrupt raises it (the transmitter is empty); disabling it clears it.
    const changed = enable ^ this.state.interruptEnable;
    if (changed & IER_TRANSMIT_EMPTY) this.state.transmitEmptyPending = (enable & IER_TRANSMIT_EMPTY) !== 0;
    this.state.interruptEnable = enable;
    if (changed) this.updateInterrupt();
  }

  private writeFifoControl(byte: number): void {
    // PC16550D, "FIFO Control Register": switching between FIFO mode and 16450 mode clears both FIFOs.
    const modeChanges = ((byte ^ this.state.fifoControl) & FCR_ENABLE) !== 0;
    if (modeChanges || byte & FCR_RESET_RECEIVE) this.resetReceiver();
    if (modeChanges || byte & FCR_RESET_TRANSMIT) this.state.transmitEmptyPending = true; // as in QEMU
    this.state.fifoControl = byte & FCR_KEPT;
    this.updateInterrupt();
  }

  private resetReceiver(): void {
    this.state.receiveFifo.length = 0;
    this.state.timeoutPending = false;
    this.state.timeoutDueNanoseconds = Infinity;
    this.input.reset();
  }

  private pushByte(byte: number): void {
    if (!fifoEnabled(this.state)) {
      // With the FIFO disabled, the new byte replaces the old one.
      if (this.state.receiveFifo.length > 0) this.state.overrun = true;
      this.state.receiveFifo = [byte];
      this.state.receiveBuffer = byte;
    } else {
      if (this.state.receiveFifo.length < FIFO_BYTES) this.state.receiveFifo.push(byte);
      else this.state.overrun = true; // PC16550D: the bytes in the FIFO are kept, and the new byte is lost.
      this.startTimeout();
    }
    this.updateInterrupt();
  }

  private startTimeout(): void {
    this.state.timeoutDueNanoseconds = this.context.now() + TIMEOUT_CHARACTERS * this.state.characterNanoseconds;
  }

  private setDivisor(divisor: number): void {
    this.state.divisor = divisor;
    this.state.characterNanoseconds = characterNanoseconds(divisor, this.state.lineControl);
  }

  /**
   * Drives the interrupt line. The PLIC reacts to every high level, not only to a rising edge, so this is called
   * exactly where QEMU's serial.c calls serial_update_irq.
   */
  private updateInterrupt(): void {
    this.context.setInterrupt(interruptSource(this.state) !== IIR_NONE);
  }

  private updateReadiness(): void {
    const lineReady = this.input.update();
    const accepts = this.state.receiveFifo.length < triggerLevel(this.state) && !loopback(this.state);
    const ready = accepts ? lineReady : Infinity;
    const due = this.state.timeoutDueNanoseconds;
    if (ready === this.ready && due === this.reportedDue) return;
    this.ready = ready;
    this.reportedDue = due;
    this.context.requestAttention();
  }
}

const STATE = record({
  ...UART_FIELDS,
  /** Whether a character timeout is pending, and when the next one is due. */
  timeoutPending: boolean,
  timeoutDueNanoseconds: number,
  /** The transmission time of one character, computed from the divisor and line format that the guest set. */
  characterNanoseconds: number,
});

type CurrentUartState = Loaded<typeof STATE>;

/**
 * The pending interrupt with the highest priority, as encoded in IIR. The modem lines never change, so they never cause
 * an interrupt.
 */
function interruptSource(state: CurrentUartState): number {
  const enabled = state.interruptEnable;
  if (enabled & IER_LINE_STATUS && state.overrun) return IIR_LINE_STATUS;
  if (enabled & IER_RECEIVE && state.timeoutPending) return IIR_CHARACTER_TIMEOUT;
  if (enabled & IER_RECEIVE && state.receiveFifo.length >= triggerLevel(state)) return IIR_DATA_AVAILABLE;
  if (enabled & IER_TRANSMIT_EMPTY && state.transmitEmptyPending) return IIR_TRANSMIT_EMPTY;
  return IIR_NONE;
}

/**
 * The transmission time of one character, computed with the same single-precision arithmetic as in QEMU's
 * serial_update_parameters. A character consists of a start bit, 5 to 8 data bits, a parity bit if enabled, and 1 or 2
 * stop bits. The baud rate is the board's base rate divided by the divisor; a divisor of 0 gives 3500 baud.
 */
function characterNanoseconds(divisor: number, lineControl: number): number {
  const parityBits = lineControl & LCR_PARITY ? 1 : 0;
  const stopBits = lineControl & LCR_TWO_STOP_BITS ? 2 : 1;
  const bits = 1 + parityBits + stopBits + 5 + (lineControl & LCR_DATA_BITS);
  const baud = divisor === 0 ? 3500 : Math.fround(BAUD_BASE / divisor);
  return Math.floor(Math.fround(Math.fround(1e9 / baud) * bits));
}

/** The baud rate for a divisor of 1 (QEMU's hw/riscv/virt.c). */
const BAUD_BASE = 399_193;
const TIMEOUT_CHARACTERS = 4;
/** The transmission time of one character after a reset: 9600 baud, 10 bits per character (QEMU's serial_reset). */
const RESET_CHARACTER_NANOSECONDS = 10 * Math.floor(1e9 / 9600);
