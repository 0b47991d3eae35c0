import type { State } from '../../../base/state.ts';
import { record } from '../../../base/stateCodec.ts';
import type { Device, DeviceContext } from '../device.ts';
import { UartInput } from '../uartInput.ts';
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
  LINE_CONTROL,
  LINE_STATUS,
  MCR_MASK,
  MODEM_CONTROL,
  MODEM_STATUS,
  SCRATCH,
} from '../uartRegisters.ts';
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
  type UartState,
} from '../uartState.ts';

/**
 * The UART for replaying recordings in formats 2 to 4. Its behavior must not change; new behavior belongs in
 * ../uart16550.ts.
 *
 * A 16550A serial port with registers one byte apart, modeled on QEMU's hw/char/serial.c and the National Semiconductor
 * PC16550D data sheet. Transmission takes no time, so the transmitter is always empty; the modem lines CTS, DSR and DCD
 * are always asserted. A receive FIFO that holds fewer bytes than its trigger level reports the character timeout
 * immediately, whereas the hardware waits four character times.
 *
 * Input is accepted while the guest is listening (`UartInput`) and the FIFO is empty. In loopback mode, the UART does
 * not accept input.
 */
export class Uart16550Before5 implements Device {
  readonly name: string;
  readonly stateCodec = STATE;
  private readonly context: DeviceContext;
  private readonly transmit: (byte: number) => void;
  private readonly state: UartState = uartAtPowerOn();
  private readonly input: UartInput;
  /**
   * Derived from the state: the level of the interrupt line, and the time from which the UART accepts input, as last
   * reported to the context.
   */
  private interruptLevel = false;
  private ready = Infinity;

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
    this.update();
  }

  read(offset: number, _sizeBytes: 1 | 2 | 4): number {
    const value = this.readRegister(offset);
    this.update();
    return value;
  }

  write(offset: number, value: number, _sizeBytes: 1 | 2 | 4): void {
    this.writeRegister(offset, value & 0xff);
    this.update();
  }

  saveState(): State {
    return STATE.save(this.state);
  }

  loadState(state: State): void {
    Object.assign(this.state, STATE.load(state));
    this.input.restored();
    this.update();
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
        if (divisorLatch(this.state)) this.state.divisor = (this.state.divisor & 0xff00) | byte;
        else this.writeTransmitHolding(byte);
        return;
      case INTERRUPT_ENABLE:
        if (divisorLatch(this.state)) this.state.divisor = (this.state.divisor & 0xff) | (byte << 8);
        else this.writeInterruptEnable(byte & IER_MASK);
        return;
      case FIFO_CONTROL:
        return this.writeFifoControl(byte);
      case LINE_CONTROL:
        this.state.lineControl = byte;
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
    if (this.state.receiveFifo.length === 0) {
      this.input.countPoll();
      // As in QEMU, an empty FIFO reads as 0; with the FIFO disabled, RBR still contains the last byte.
      return fifoEnabled(this.state) ? 0 : this.state.receiveBuffer;
    }
    return this.state.receiveFifo.shift()!;
  }

  private readLineStatus(): number {
    if (this.state.receiveFifo.length === 0) this.input.countPoll();
    const status = lineStatus(this.state);
    this.state.overrun = false; // PC16550D, "Line Status Register": OE is reset when the CPU reads it.
    return status;
  }

  private readInterruptIdentity(): number {
    const source = interruptSource(this.state);
    // PC16550D, "Interrupt Control Functions": reading IIR resets THRE if THRE is the reported source.
    if (source === IIR_TRANSMIT_EMPTY) this.state.transmitEmptyPending = false;
    return source | (fifoEnabled(this.state) ? IIR_FIFO_ENABLED : 0);
  }

  private writeTransmitHolding(byte: number): void {
    this.input.transmitted();
    // The byte has already been sent, so THRE was cleared and set again, which causes a new interrupt.
    this.state.transmitEmptyPending = true;
    if (loopback(this.state)) this.pushByte(byte);
    else this.transmit(byte);
  }

  private writeInterruptEnable(enable: number): void {
    // QEMU serial.c: enabling the THRE interrupt raises it (the transmitter is empty); disabling it clears it.
    if ((enable ^ this.state.interruptEnable) & IER_TRANSMIT_EMPTY) {
      this.state.transmitEmptyPending = (enable & IER_TRANSMIT_EMPTY) !== 0;
    }
    this.state.interruptEnable = enable;
  }

  private writeFifoControl(byte: number): void {
    // PC16550D, "FIFO Control Register": switching between FIFO mode and 16450 mode clears both FIFOs.
    const modeChanges = ((byte ^ this.state.fifoControl) & FCR_ENABLE) !== 0;
    if (modeChanges || byte & FCR_RESET_RECEIVE) this.resetReceiver();
    if (modeChanges || byte & FCR_RESET_TRANSMIT) this.state.transmitEmptyPending = true; // as in QEMU
    this.state.fifoControl = byte & FCR_KEPT;
  }

  private resetReceiver(): void {
    this.state.receiveFifo.length = 0;
    this.input.reset();
  }

  private pushByte(byte: number): void {
    if (!fifoEnabled(this.state)) {
      // With the FIFO disabled, the new byte replaces the old one.
      if (this.state.receiveFifo.length > 0) this.state.overrun = true;
      this.state.receiveFifo = [byte];
      this.state.receiveBuffer = byte;
    } else if (this.state.receiveFifo.length < FIFO_BYTES) {
      this.state.receiveFifo.push(byte);
    } else {
      this.state.overrun = true; // PC16550D: the bytes in the FIFO are kept, and the new byte is lost.
    }
  }

  private update(): void {
    const level = interruptSource(this.state) !== IIR_NONE;
    if (level !== this.interruptLevel) {
      this.interruptLevel = level;
      this.context.setInterrupt(level);
    }
    const lineReady = this.input.update();
    const accepts = this.state.receiveFifo.length === 0 && !loopback(this.state);
    const ready = accepts ? lineReady : Infinity;
    if (ready !== this.ready) {
      this.ready = ready;
      this.context.requestAttention();
    }
  }
}

const STATE = record(UART_FIELDS);

/**
 * The pending interrupt with the highest priority, as encoded in IIR. The modem lines never change, so they never cause
 * an interrupt.
 */
function interruptSource(state: UartState): number {
  const enabled = state.interruptEnable;
  if (enabled & IER_LINE_STATUS && state.overrun) return IIR_LINE_STATUS;
  if (enabled & IER_RECEIVE && state.receiveFifo.length > 0) {
    return state.receiveFifo.length >= triggerLevel(state) ? IIR_DATA_AVAILABLE : IIR_CHARACTER_TIMEOUT;
  }
  if (enabled & IER_TRANSMIT_EMPTY && state.transmitEmptyPending) return IIR_TRANSMIT_EMPTY;
  return IIR_NONE;
}
