// The console. Its interrupt only moves characters from the UART to a ring. Echo and line editing happen when a process
// reads, so input typed ahead appears after the prompt it answers, and the output does not depend on the typing speed.
#include "kernel.h"

#define RING_BYTES 4096

static char ring[RING_BYTES];
static uint32_t put_count, taken_count;

void console_start(void) {
  int c;
  while (put_count < RING_BYTES && (c = console_get()) >= 0) {
    ring[put_count++] = c;
  }
  uart_start();
  uart_enable_input_interrupt();
  plic_enable(1, UART_IRQ);
}

// When the ring is full, the interrupt is disabled; characters then wait in the UART and in the host.
void console_interrupt(void) {
  int c;
  while (put_count - taken_count < RING_BYTES && (c = console_get()) >= 0) {
    ring[put_count++ % RING_BYTES] = c;
  }
  if (put_count - taken_count == RING_BYTES) {
    uart_disable_input_interrupt();
  }
  process_wake(ring);
}

static char take_character(void) {
  while (put_count == taken_count) {
    process_sleep(ring);
  }
  char c = ring[taken_count++ % RING_BYTES];
  uart_enable_input_interrupt();
  return c;
}

static bool is_erase(char c) { return c == '\b' || c == 0x7f; }

int console_read(char *into, int bytes_max) {
  int length = 0;
  while (length < bytes_max) {
    char c = take_character();
    if (c == '\r') {
      c = '\n';
    }
    if (is_erase(c)) {
      if (length > 0) {
        length--;
        print("\b \b");
      }
      continue;
    }
    console_put(c);
    into[length++] = c;
    if (c == '\n') {
      break;
    }
  }
  return length;
}
