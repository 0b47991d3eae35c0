// A lost interrupt: if the timer interrupts between the check and the wfi, the hart waits forever.
#include "../lib/lib.h"

static volatile bool elapsed;
static volatile uint32_t work;

void machine_trap(struct trap_frame *frame) {
  clint_set_timer(~0UL);
  elapsed = true;
}

static void pause(uint64_t ticks) {
  elapsed = false;
  clint_set_timer(clint_now() + ticks);
  while (!elapsed) {
    wait_for_interrupt();
  }
}

int main(void) {
  csr_set(mie, INTERRUPT_MTI);
  csr_set(mstatus, STATUS_MIE);
  for (int round = 0; round < 1000; round++) {
    for (int i = 0; i < round; i++) {
      work++;
    }
    pause(1);
  }
  print("no interrupt was lost\n");
  return 0;
}
