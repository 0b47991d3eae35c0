// The demo: a key-value store that works for a tenth of a second and then finds that it has been damaged. By what?
//
// Interrupts come from the timer, every millisecond, and from the disk. Everything else is sequential: it opens the
// store, runs the workload, verifies the store, and reports the result.
#include "store.h"

struct store store;

static void start_interrupts(void) {
  plic_enable(0, VIRTIO_IRQ(0));
  clint_set_timer(clint_now() + TICKS_PER_MILLISECOND);
  csr_set(mie, INTERRUPT_MTI | INTERRUPT_MEI);
  csr_set(mstatus, STATUS_MIE);
}

static void timer_interrupt(void) {
  clint_set_timer(clint_now() + TICKS_PER_MILLISECOND);
  statistics_sample(&store.statistics);
}

static void external_interrupt(void) {
  int irq = plic_claim(0);
  if (irq == VIRTIO_IRQ(0)) {
    blocks_interrupt();
  }
  if (irq != 0) {
    plic_complete(0, irq);
  }
}

void machine_trap(struct trap_frame *frame) {
  uint64_t cause = csr_read(mcause);
  if (cause == (CAUSE_INTERRUPT | 7)) {
    timer_interrupt();
  } else if (cause == (CAUSE_INTERRUPT | 11)) {
    external_interrupt();
  } else {
    print("trap: cause %lx at %lx, address %lx\n", cause, frame->epc, csr_read(mtval));
    panic("unexpected trap");
  }
}

int main(void) {
  print("\nkv: a journaled key-value store, %d slots, journal of %d records\n", TABLE_SLOTS, JOURNAL_RECORDS);
  blocks_start();
  start_interrupts();
  store_open();
  workload_run();

  print("verify: reading everything once more\n");
  int complaints = verify_store();
  statistics_report(&store.statistics);
  if (complaints > 0) {
    print("kv: FAILED, %d complaint%s\n", complaints, complaints == 1 ? "" : "s");
    return 1;
  }
  print("kv: all is well\n");
  return 0;
}
