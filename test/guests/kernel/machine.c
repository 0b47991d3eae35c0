// Machine mode: the setup that only machine mode can do before supervisor mode starts. Memory protection permits access
// to all memory, traps and interrupts go to supervisor mode directly, and the timer is handed over in one of two ways:
//
// - Sstc, where the hart has it: supervisor mode sets its own deadline in stimecmp.
// - otherwise, and in the build with -DTIMER_BY_CLINT: machine mode keeps the CLINT's timer and passes each interrupt on
//   as a supervisor software interrupt (start.S).
#include "kernel.h"

#define TICK (1 * TICKS_PER_MILLISECOND)

void machine_timer_trap(void);
void machine_unexpected_trap(void);
void kernel_main(void);

bool timer_uses_sstc;

// Used by machine_timer_trap: space for three registers, followed by its parameters.
uint64_t machine_timer_area[5];

// Tries to set STCE in menvcfg. Returns whether the bit was set. A hart without menvcfg traps, to label `2`.
static bool enable_sstc(void) {
#ifdef TIMER_BY_CLINT
  return false;
#else
  uint64_t found = 0;
  asm volatile(
      "la t0, 2f\n"
      "csrrw t0, mtvec, t0\n"
      "csrs %[menvcfg], %[stce]\n"
      "csrr %[found], %[menvcfg]\n"
      ".balign 4\n"
      "2: csrw mtvec, t0\n"
      : [found] "+&r"(found)
      : [menvcfg] "i"(CSR_MENVCFG), [stce] "r"(MENVCFG_STCE)
      : "t0", "memory");
  return found & MENVCFG_STCE;
#endif
}

static void forward_clint_timer(void) {
  machine_timer_area[3] = CLINT + 0x4000;
  machine_timer_area[4] = TICK;
  csr_write(mscratch, machine_timer_area);
  csr_write(mtvec, machine_timer_trap);
  clint_set_timer(clint_now() + TICK);
  csr_set(mie, INTERRUPT_MTI);
}

_Noreturn void machine_start(void) {
  csr_write(mtvec, machine_unexpected_trap);
  csr_write(pmpaddr0, ~0UL >> 10);
  csr_write(pmpcfg0, 0x1f);  // top of range, read, write, execute
  csr_write(satp, 0);

  csr_write(medeleg, 0xb1ff);  // all but ecalls from supervisor mode and above
  csr_write(mideleg, INTERRUPT_SSI | INTERRUPT_STI | INTERRUPT_SEI);
  csr_write(mcounteren, 7);  // cycle, time and instret are readable in supervisor mode too

  timer_uses_sstc = enable_sstc();
  if (!timer_uses_sstc) {
    forward_clint_timer();
  }

  csr_write(mstatus, (csr_read(mstatus) & ~(STATUS_MPP_MASK | STATUS_MPIE)) | STATUS_MPP_S);
  csr_write(mepc, kernel_main);
  asm volatile("mret");
  __builtin_unreachable();
}
