// Tests timers: the CLINT's in machine mode, with direct and vectored interrupts, software interrupts, wfi, and
// stimecmp (Sstc) in supervisor mode. Prints no times, only properties that must hold.
#include "small.h"

#define INTERVAL 1000  // 100 microseconds

static volatile int machine_timer_count, machine_software_count, supervisor_count;
static volatile uint64_t deadline;
static volatile int early;

void machine_trap(struct trap_frame *frame) {
  uint64_t cause = csr_read(mcause);
  if (cause == (CAUSE_INTERRUPT | 7)) {
    machine_timer_count++;
    early += clint_now() < deadline;
    deadline = clint_now() + INTERVAL;
    clint_set_timer(deadline);
  } else if (cause == (CAUSE_INTERRUPT | 3)) {
    machine_software_count++;
    write32(CLINT, 0);
  } else if (cause == CAUSE_ECALL_S) {
    frame->epc += 4;
    frame->status |= STATUS_MPP_MASK;  // continue in machine mode, after the ecall
  } else {
    print("cause %lx at %lx\n", cause, frame->epc);
    panic("unexpected trap");
  }
}

static void timer_direct(void) {
  deadline = clint_now() + INTERVAL;
  clint_set_timer(deadline);
  csr_set(mie, INTERRUPT_MTI);
  csr_set(mstatus, STATUS_MIE);
  while (machine_timer_count < 5) {
    wait_for_interrupt();
  }
  csr_clear(mstatus, STATUS_MIE);
  print("CLINT timer: %d interrupts, %d early\n", machine_timer_count, early);
}

// wfi continues when an enabled interrupt is pending, whether it is taken or not.
static void wfi_without_trap(void) {
  int before = machine_timer_count;
  clint_set_timer(clint_now() + INTERVAL);
  while (!(csr_read(mip) & INTERRUPT_MTI)) {
    wait_for_interrupt();
  }
  print("wfi with interrupts off: pending %d, taken %d\n", !!(csr_read(mip) & INTERRUPT_MTI),
        machine_timer_count - before);
  clint_set_timer(~0UL);
  print("deadline moved away: pending %d\n", !!(csr_read(mip) & INTERRUPT_MTI));
  write32(CLINT + 0x4000, 0);
  write32(CLINT + 0x4004, 0);
  print("deadline in the past, by halves: pending %d\n", !!(csr_read(mip) & INTERRUPT_MTI));
  clint_set_timer(~0UL);
}

static void software_interrupt(void) {
  csr_set(mie, INTERRUPT_MSI);
  csr_set(mstatus, STATUS_MIE);
  write32(CLINT, 1);
  while (machine_software_count == 0) {
  }
  csr_clear(mstatus, STATUS_MIE);
  csr_clear(mie, INTERRUPT_MSI);
  print("CLINT software interrupt: %d\n", machine_software_count);
}

// The jump table for vectored mode: interrupt n enters at base + 4 * n, and exceptions enter at the base.
static volatile uint64_t vector_hit;
asm(".balign 256\n"
    ".option push\n .option norvc\n"
    "vectors:\n"
    "j wrong_vector\n j wrong_vector\n j wrong_vector\n j wrong_vector\n"
    "j wrong_vector\n j wrong_vector\n j wrong_vector\n j timer_vector\n"
    "j wrong_vector\n j wrong_vector\n j wrong_vector\n j wrong_vector\n"
    ".option pop\n");

__attribute__((interrupt("machine"), used)) void timer_vector(void) {
  vector_hit = csr_read(mcause) & 0xff;
  clint_set_timer(~0UL);
}

__attribute__((interrupt("machine"), used)) void wrong_vector(void) { panic("the wrong vector"); }

static void vectored(void) {
  extern char vectors[];
  uint64_t before = csr_read(mtvec);
  csr_write(mtvec, (uint64_t)vectors | 1);
  clint_set_timer(clint_now() + INTERVAL);
  csr_set(mstatus, STATUS_MIE);
  while (vector_hit == 0) {
    wait_for_interrupt();
  }
  csr_clear(mstatus, STATUS_MIE);
  csr_write(mtvec, before);
  print("vectored: interrupt %lu\n", vector_hit);
}

static void set_stimecmp(uint64_t time) {
  asm volatile("csrw %0, %1" : : "i"(CSR_STIMECMP), "r"(time) : "memory");
}

__attribute__((interrupt("supervisor"), aligned(4))) static void supervisor_trap(void) {
  if (csr_read(scause) != (CAUSE_INTERRUPT | 5)) {
    panic("unexpected trap in supervisor mode");
  }
  supervisor_count++;
  early += csr_read(time) < deadline;
  deadline = csr_read(time) + INTERVAL;
  set_stimecmp(deadline);
}

static void enter_supervisor(void) {
  csr_write(pmpaddr0, ~0UL >> 10);
  csr_write(pmpcfg0, 0x1f);
  csr_clear(mstatus, STATUS_MPP_MASK);
  csr_set(mstatus, STATUS_MPP_S);
  asm volatile("la t0, 1f\n csrw mepc, t0\n mret\n .balign 4\n 1:" : : : "t0", "memory");
}

static void sstc(void) {
  csr_set(0x30a, MENVCFG_STCE);
  print("menvcfg.STCE: %d\n", !!(csr_read(0x30a) & MENVCFG_STCE));
  csr_write(mcounteren, 7);
  csr_write(mideleg, INTERRUPT_STI);
  csr_write(stvec, supervisor_trap);

  enter_supervisor();
  deadline = csr_read(time) + INTERVAL;
  set_stimecmp(deadline);
  csr_set(sie, INTERRUPT_STI);
  csr_set(sstatus, STATUS_SIE);
  while (supervisor_count < 5) {
    wait_for_interrupt();
  }
  csr_clear(sstatus, STATUS_SIE);
  set_stimecmp(~0UL);
  bool pending = csr_read(sip) & INTERRUPT_STI;
  asm volatile("ecall" : : : "memory");
  print("stimecmp: %d interrupts, %d early, pending afterwards %d\n", supervisor_count, early, pending);
}

static void clocks(void) {
  uint64_t before = clint_now();
  uint64_t by_csr = csr_read(time);
  uint64_t after = clint_now();
  print("the time CSR is mtime: %s\n", before <= by_csr && by_csr <= after ? "yes" : "no");
  while (clint_now() < after + INTERVAL) {
  }
  print("time goes on by itself: yes\n");
}

int main(void) {
  clint_set_timer(~0UL);
  clocks();
  timer_direct();
  wfi_without_trap();
  software_interrupt();
  vectored();
  sstc();
  return 0;
}
