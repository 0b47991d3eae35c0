import type { State } from '../../../base/state.ts';
import type { Device, DeviceContext } from '../device.ts';
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
  LCR_DIVISOR_LATCH,
  LINE_CONTROL,
  LINE_STATUS,
  LSR_DATA_READY,
  LSR_OVERRUN,
  LSR_TRANSMITTER_EMPTY,
  MCR_DTR,
  MCR_LOOPBACK,
  MCR_MASK,
  MCR_OUT2,
  MCR_OUTS,
  MCR_RTS,
  MODEM_CONTROL,
  MODEM_STATUS,
  MSR_CTS,
  MSR_DCD,
  MSR_DSR,
  SCRATCH,
} from '../uartRegisters.ts';

/**
 * The UART for replaying recordings in formats 2 to 4. Its behavior must not change; new behavior belongs in
 * ../uart16550.ts.
 *
 * A 16550A serial port with registers one byte apart, modeled on QEMU's hw/char/serial.c and the National Semiconductor
 * PC16550D data sheet. Transmission takes no time, so the transmitter is always empty; the modem lines CTS, DSR and DCD
 * are always asserted. A receive FIFO that holds fewer bytes than its trigger level reports the character timeout
 * immediately, whereas the hardware waits four character times.
 *
 * Input is accepted only under certain conditions. A byte that arrives before the guest has set up its UART would be
 * lost in the FIFO reset, so the guest must be listening: either it has enabled the receive interrupt, or it is
 * polling. A poll is a read of LSR or RBR while no byte is available. A write to THR resets the poll count: a guest
 * that only prints also reads LSR, but rarely several times in a row, because the transmitter is always empty. After
 * LOOKS_OF_A_POLLER polls in a row, the guest is considered to be polling until it resets the FIFO. In addition, the
 * FIFO must be empty, and one character time must have passed since the last byte and since the guest began to listen
 * (Linux enables the interrupt and then empties the FIFO). In loopback mode, the UART does not accept input.
 */
export class Uart16550Before5 implements Device {
  readonly name: string;
  private readonly context: DeviceContext;
  private readonly transmit: (byte: number) => void;

  private interruptEnable = 0;
  private fifoControl = 0;
  private lineControl = 0;
  private modemControl = MCR_OUT2;
  private scratch = 0;
  private divisor = RESET_DIVISOR;
  private receiveFifo: number[] = [];
  /** The last byte received while the FIFO was disabled: RBR returns it repeatedly. */
  private receiveBuffer = 0;
  private overrun = false;
  /** Whether the last write to THR set THRE and the guest has not yet read it from IIR. */
  private transmitEmptyPending = false;
  private pollsInARow = 0;
  private polls = false;
  /** The earliest time at which the next input byte may arrive. */
  private lineFreeNanoseconds = 0;

  /** Derived: whether the guest is listening, as last reported to the context. */
  private listens = false;
  private interruptLevel = false;
  private ready = Infinity;

  constructor(options: { context: DeviceContext; transmit: (byte: number) => void; name?: string }) {
    this.name = options.name ?? 'uart0';
    this.context = options.context;
    this.transmit = options.transmit;
  }

  /** The virtual time from which `receive` may be called; Infinity while the guest is not listening. */
  readyNanoseconds(): number {
    return this.ready;
  }

  /** Receives one byte from the line. */
  receive(byte: number): void {
    this.lineIsBusyFrom(this.context.now());
    if (!this.loopback()) this.pushByte(byte);
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
    return {
      interruptEnable: this.interruptEnable,
      fifoControl: this.fifoControl,
      lineControl: this.lineControl,
      modemControl: this.modemControl,
      scratch: this.scratch,
      divisor: this.divisor,
      receiveFifo: [...this.receiveFifo],
      receiveBuffer: this.receiveBuffer,
      overrun: this.overrun,
      transmitEmptyPending: this.transmitEmptyPending,
      looksInARow: this.pollsInARow,
      polls: this.polls,
      lineFreeNanoseconds: this.lineFreeNanoseconds,
    };
  }

  loadState(state: State): void {
    this.interruptEnable = state.interruptEnable as number;
    this.fifoControl = state.fifoControl as number;
    this.lineControl = state.lineControl as number;
    this.modemControl = state.modemControl as number;
    this.scratch = state.scratch as number;
    this.divisor = state.divisor as number;
    this.receiveFifo = [...(state.receiveFifo as number[])];
    this.receiveBuffer = state.receiveBuffer as number;
    this.overrun = state.overrun as boolean;
    this.transmitEmptyPending = state.transmitEmptyPending as boolean;
    this.pollsInARow = state.looksInARow as number;
    this.polls = state.polls as boolean;
    this.lineFreeNanoseconds = state.lineFreeNanoseconds as number;
    this.listens = this.isListening();
    this.update();
  }

  private readRegister(offset: number): number {
    switch (offset) {
      case DATA:
        return this.divisorLatch() ? this.divisor & 0xff : this.readReceiveBuffer();
      case INTERRUPT_ENABLE:
        return this.divisorLatch() ? this.divisor >> 8 : this.interruptEnable;
      case INTERRUPT_IDENTITY:
        return this.readInterruptIdentity();
      case LINE_CONTROL:
        return this.lineControl;
      case MODEM_CONTROL:
        return this.modemControl;
      case LINE_STATUS:
        return this.readLineStatus();
      case MODEM_STATUS:
        return this.modemStatus();
      case SCRATCH:
        return this.scratch;
      default:
        return 0;
    }
  }

  private writeRegister(offset: number, byte: number): void {
    switch (offset) {
      case DATA:
        if (this.divisorLatch()) this.divisor = (this.divisor & 0xff00) | byte;
        else this.writeTransmitHolding(byte);
        return;
      case INTERRUPT_ENABLE:
        if (this.divisorLatch()) this.divisor = (this.divisor & 0xff) | (byte << 8);
        else this.writeInterruptEnable(byte & IER_MASK);
        return;
      case FIFO_CONTROL:
        return this.writeFifoControl(byte);
      case LINE_CONTROL:
        this.lineControl = byte;
        return;
      case MODEM_CONTROL:
        this.modemControl = byte & MCR_MASK;
        return;
      case SCRATCH:
        this.scratch = byte;
        return;
      default: // LSR and MSR are read-only.
        return;
    }
  }

  private readReceiveBuffer(): number {
    if (this.receiveFifo.length === 0) {
      this.countPoll();
      // As in QEMU, an empty FIFO reads as 0; with the FIFO disabled, RBR still contains the last byte.
      return this.fifoEnabled() ? 0 : this.receiveBuffer;
    }
    return this.receiveFifo.shift()!;
  }

  private readLineStatus(): number {
    if (this.receiveFifo.length === 0) this.countPoll();
    const status = this.lineStatus();
    this.overrun = false; // PC16550D, "Line Status Register": OE is reset when the CPU reads it.
    return status;
  }

  private readInterruptIdentity(): number {
    const source = this.interruptSource();
    // PC16550D, "Interrupt Control Functions": reading IIR resets THRE if THRE is the reported source.
    if (source === IIR_TRANSMIT_EMPTY) this.transmitEmptyPending = false;
    return source | (this.fifoEnabled() ? IIR_FIFO_ENABLED : 0);
  }

  private writeTransmitHolding(byte: number): void {
    this.pollsInARow = 0;
    // The byte has already been sent, so THRE was cleared and set again, which causes a new interrupt.
    this.transmitEmptyPending = true;
    if (this.loopback()) this.pushByte(byte);
    else this.transmit(byte);
  }

  private writeInterruptEnable(enable: number): void {
    // QEMU serial.c: enabling the THRE interrupt raises it (the transmitter is empty); disabling it clears it.
    if ((enable ^ this.interruptEnable) & IER_TRANSMIT_EMPTY) {
      this.transmitEmptyPending = (enable & IER_TRANSMIT_EMPTY) !== 0;
    }
    this.interruptEnable = enable;
  }

  private writeFifoControl(byte: number): void {
    // PC16550D, "FIFO Control Register": changing from one mode to the other clears both FIFOs.
    const modeChanges = ((byte ^ this.fifoControl) & FCR_ENABLE) !== 0;
    if (modeChanges || byte & FCR_RESET_RECEIVE) this.resetReceiver();
    if (modeChanges || byte & FCR_RESET_TRANSMIT) this.transmitEmptyPending = true; // as in QEMU
    this.fifoControl = byte & FCR_KEPT;
  }

  private resetReceiver(): void {
    this.receiveFifo.length = 0;
    this.pollsInARow = 0;
    this.polls = false;
  }

  private pushByte(byte: number): void {
    if (!this.fifoEnabled()) {
      // With the FIFO disabled, the new byte replaces the old one.
      if (this.receiveFifo.length > 0) this.overrun = true;
      this.receiveFifo = [byte];
      this.receiveBuffer = byte;
    } else if (this.receiveFifo.length < FIFO_BYTES) {
      this.receiveFifo.push(byte);
    } else {
      this.overrun = true; // PC16550D: the bytes in the FIFO are kept, and the new byte is lost.
    }
  }

  private countPoll(): void {
    if (this.polls) return;
    this.pollsInARow++;
    if (this.pollsInARow < LOOKS_OF_A_POLLER) return;
    this.polls = true;
    this.pollsInARow = 0;
  }

  private lineStatus(): number {
    const dataReady = this.receiveFifo.length > 0 ? LSR_DATA_READY : 0;
    return LSR_TRANSMITTER_EMPTY | dataReady | (this.overrun ? LSR_OVERRUN : 0);
  }

  /** In loopback mode, the modem inputs are the UART's own outputs: DTR to DSR, RTS to CTS, OUT1 to RI, OUT2 to DCD. */
  private modemStatus(): number {
    if (!this.loopback()) return MSR_CTS | MSR_DSR | MSR_DCD;
    const outputs = this.modemControl;
    return ((outputs & MCR_OUTS) << 4) | ((outputs & MCR_RTS) << 3) | ((outputs & MCR_DTR) << 5);
  }

  /**
   * The pending interrupt with the highest priority, as IIR shows it. The modem lines never change, so they never cause
   * an interrupt.
   */
  private interruptSource(): number {
    const enabled = this.interruptEnable;
    if (enabled & IER_LINE_STATUS && this.overrun) return IIR_LINE_STATUS;
    if (enabled & IER_RECEIVE && this.receiveFifo.length > 0) {
      return this.receiveFifo.length >= this.triggerLevel() ? IIR_DATA_AVAILABLE : IIR_CHARACTER_TIMEOUT;
    }
    if (enabled & IER_TRANSMIT_EMPTY && this.transmitEmptyPending) return IIR_TRANSMIT_EMPTY;
    return IIR_NONE;
  }

  private triggerLevel(): number {
    return this.fifoEnabled() ? TRIGGER_LEVELS[this.fifoControl >> 6] : 1;
  }

  private update(): void {
    const level = this.interruptSource() !== IIR_NONE;
    if (level !== this.interruptLevel) {
      this.interruptLevel = level;
      this.context.setInterrupt(level);
    }
    const listened = this.listens;
    this.listens = this.isListening();
    if (this.listens && !listened) this.lineIsBusyFrom(this.context.now());
    const accepts = this.listens && this.receiveFifo.length === 0 && !this.loopback();
    const ready = accepts ? this.lineFreeNanoseconds : Infinity;
    if (ready !== this.ready) {
      this.ready = ready;
      this.context.requestAttention();
    }
  }

  private isListening(): boolean {
    return (this.interruptEnable & IER_RECEIVE) !== 0 || this.polls;
  }

  /** Blocks further input for one character time. */
  private lineIsBusyFrom(nanoseconds: number): void {
    this.lineFreeNanoseconds = Math.max(this.lineFreeNanoseconds, nanoseconds + CHARACTER_NANOSECONDS);
  }

  private divisorLatch(): boolean {
    return (this.lineControl & LCR_DIVISOR_LATCH) !== 0;
  }

  private fifoEnabled(): boolean {
    return (this.fifoControl & FCR_ENABLE) !== 0;
  }

  private loopback(): boolean {
    return (this.modemControl & MCR_LOOPBACK) !== 0;
  }
}

/** 115200 baud, 10 bits per character: 10 / 115200 s, rounded up. */
const CHARACTER_NANOSECONDS = 86_806;

/**
 * OpenSBI and Linux 6.12 poll at most 8 times in a row while they print and start the 8250 driver (counted in a QEMU
 * trace of a boot); a polling loop reaches 16 polls within a few hundred instructions.
 */
const LOOKS_OF_A_POLLER = 16;

const FIFO_BYTES = 16;
const TRIGGER_LEVELS = [1, 4, 8, 14];
/** QEMU serial_reset: the divisor for 9600 baud. */
const RESET_DIVISOR = 0x0c;
