import { boolean, list, type LoadedFields, number } from '../../base/stateCodec.ts';
import { INPUT_FIELDS } from './uartInput.ts';
import {
  FCR_ENABLE,
  LCR_DIVISOR_LATCH,
  LSR_DATA_READY,
  LSR_OVERRUN,
  LSR_TRANSMITTER_EMPTY,
  MCR_DTR,
  MCR_LOOPBACK,
  MCR_OUT2,
  MCR_OUTS,
  MCR_RTS,
  MSR_CTS,
  MSR_DCD,
  MSR_DSR,
} from './uartRegisters.ts';

/** The fields of the saved state that `Uart16550` and `Uart16550Before5` have in common. */
export const UART_FIELDS = {
  interruptEnable: number,
  fifoControl: number,
  lineControl: number,
  modemControl: number,
  scratch: number,
  divisor: number,
  receiveFifo: list(number),
  /** The last byte received while the FIFO was disabled. Every read of RBR returns it. */
  receiveBuffer: number,
  overrun: boolean,
  /** Whether a THRE interrupt is pending that the guest has not yet read from IIR. */
  transmitEmptyPending: boolean,
  ...INPUT_FIELDS,
};

export type UartState = LoadedFields<typeof UART_FIELDS>;

export const uartAtPowerOn = (): UartState => ({
  interruptEnable: 0,
  fifoControl: 0,
  lineControl: 0,
  modemControl: MCR_OUT2,
  scratch: 0,
  divisor: RESET_DIVISOR,
  receiveFifo: [],
  receiveBuffer: 0,
  overrun: false,
  transmitEmptyPending: false,
  pollsInARow: 0,
  isPolling: false,
  lineFreeNanoseconds: 0,
});

/** Whether the first two register addresses access the divisor. */
export const divisorLatch = ({ lineControl }: UartState): boolean => (lineControl & LCR_DIVISOR_LATCH) !== 0;

export const fifoEnabled = ({ fifoControl }: UartState): boolean => (fifoControl & FCR_ENABLE) !== 0;

export const loopback = ({ modemControl }: UartState): boolean => (modemControl & MCR_LOOPBACK) !== 0;

/** The number of received bytes that causes an interrupt. */
export const triggerLevel = (state: UartState): number =>
  fifoEnabled(state) ? TRIGGER_LEVELS[state.fifoControl >> 6] : 1;

/** The value of LSR. */
export function lineStatus({ receiveFifo, overrun }: UartState): number {
  const dataReady = receiveFifo.length > 0 ? LSR_DATA_READY : 0;
  return LSR_TRANSMITTER_EMPTY | dataReady | (overrun ? LSR_OVERRUN : 0);
}

/**
 * The value of MSR. In loopback mode, the UART's own outputs drive the modem inputs: DTR to DSR, RTS to CTS, OUT1 to
 * RI, OUT2 to DCD.
 */
export function modemStatus(state: UartState): number {
  if (!loopback(state)) return MSR_CTS | MSR_DSR | MSR_DCD;
  const outputs = state.modemControl;
  return ((outputs & MCR_OUTS) << 4) | ((outputs & MCR_RTS) << 3) | ((outputs & MCR_DTR) << 5);
}

export const FIFO_BYTES = 16;
const TRIGGER_LEVELS = [1, 4, 8, 14];
/** The divisor after a reset, for 9600 baud (QEMU's serial_reset). */
const RESET_DIVISOR = 0x0c;
