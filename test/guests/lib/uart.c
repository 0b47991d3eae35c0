// A minimal 16550 UART driver, which sets no divisor and no modem lines. Output waits until the transmitter is empty;
// input can be polled or signaled by an interrupt.
#include "lib.h"

enum {
  DATA = 0,              // read: received character; write: character to send
  INTERRUPT_ENABLE = 1,
  FIFO_CONTROL = 2,
  LINE_CONTROL = 3,
  LINE_STATUS = 5,
};

enum { RECEIVED = 1 << 0, TRANSMITTER_EMPTY = 1 << 5 };

void console_put(char c) {
  while (!(read8(UART + LINE_STATUS) & TRANSMITTER_EMPTY)) {
  }
  write8(UART + DATA, c);
}

int console_get(void) {
  if (!(read8(UART + LINE_STATUS) & RECEIVED)) {
    return -1;
  }
  return read8(UART + DATA);
}

void uart_enable_input_interrupt(void) {
  write8(UART + INTERRUPT_ENABLE, 1);  // interrupt when a character has been received
}

void uart_disable_input_interrupt(void) { write8(UART + INTERRUPT_ENABLE, 0); }

void uart_start(void) {
  write8(UART + LINE_CONTROL, 3);  // 8 bits, no parity
  write8(UART + FIFO_CONTROL, 1);  // FIFO on; QEMU empties it when this changes
}
