/** The registers of the 16550A (PC16550D, table II) and their bits. */
export const DATA = 0; // RBR, THR; DLL with DLAB
export const INTERRUPT_ENABLE = 1; // DLM with DLAB
export const INTERRUPT_IDENTITY = 2; // read
export const FIFO_CONTROL = 2; // write
export const LINE_CONTROL = 3;
export const MODEM_CONTROL = 4;
export const LINE_STATUS = 5;
export const MODEM_STATUS = 6;
export const SCRATCH = 7;

export const IER_RECEIVE = 0x01;
export const IER_TRANSMIT_EMPTY = 0x02;
export const IER_LINE_STATUS = 0x04;
export const IER_MASK = 0x0f;

export const IIR_NONE = 0x01;
export const IIR_TRANSMIT_EMPTY = 0x02;
export const IIR_DATA_AVAILABLE = 0x04;
export const IIR_LINE_STATUS = 0x06;
export const IIR_CHARACTER_TIMEOUT = 0x0c;
export const IIR_FIFO_ENABLED = 0xc0;

export const FCR_ENABLE = 0x01;
export const FCR_RESET_RECEIVE = 0x02;
export const FCR_RESET_TRANSMIT = 0x04;
/** The FCR bits that are stored; the reset bits are self-clearing. */
export const FCR_KEPT = 0xc9;

export const LCR_DATA_BITS = 0x03; // the number of data bits minus 5
export const LCR_TWO_STOP_BITS = 0x04;
export const LCR_PARITY = 0x08;
export const LCR_DIVISOR_LATCH = 0x80;

export const MCR_DTR = 0x01;
export const MCR_RTS = 0x02;
export const MCR_OUT2 = 0x08;
export const MCR_OUTS = 0x0c; // OUT1 and OUT2
export const MCR_LOOPBACK = 0x10;
export const MCR_MASK = 0x1f;

export const LSR_DATA_READY = 0x01;
export const LSR_OVERRUN = 0x02;
export const LSR_TRANSMITTER_EMPTY = 0x60; // THRE and TEMT

export const MSR_CTS = 0x10;
export const MSR_DSR = 0x20;
export const MSR_DCD = 0x80;
