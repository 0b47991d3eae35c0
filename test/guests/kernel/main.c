// Supervisor mode starts here, on the stack that later belongs to the scheduler.
#include "kernel.h"

_Noreturn void kernel_main(void) {
  console_start();
  print("\noslet: booting, timer by %s\n", timer_uses_sstc ? "Sstc" : "the CLINT through machine mode");
  pages_start();
  pagetable_start();
  csr_write(stvec, kernel_trap_entry);
  disk_open();
  timer_start();
  csr_write(sie, INTERRUPT_SSI | INTERRUPT_STI | INTERRUPT_SEI);
  process_start_first("sh");
  scheduler();
}
