// The timer ticks every millisecond, either through stimecmp or forwarded by machine mode (machine.c).
#include "kernel.h"

volatile uint64_t ticks;

static void set_next_deadline(void) {
  asm volatile("csrw %0, %1" : : "i"(CSR_STIMECMP), "r"(csr_read(time) + TICKS_PER_MILLISECOND));
}

void timer_start(void) {
  if (timer_uses_sstc) {
    set_next_deadline();
  }
}

void timer_interrupt(void) {
  if (timer_uses_sstc) {
    set_next_deadline();
  } else {
    csr_clear(sip, INTERRUPT_SSI);
  }
  ticks++;
  process_wake((const void *)&ticks);
}
