// The default trap handler of the small guests, and the switch to a lower privilege level and back.
#include "small.h"

struct seen_trap seen = {.cause = NO_TRAP};
uint64_t resume_at;
bool leave_on_trap;

// The address at which run_below() continues after the last ecall, or 0 if run_below() is not running.
static uint64_t below_return;
static uint64_t below_stack[512];

static uint64_t length_of_instruction(uint64_t at) { return (*(volatile uint16_t *)at & 3) == 3 ? 4 : 2; }

static bool leaves(const struct trap_frame *frame) {
  if (below_return == 0 || (seen.status & STATUS_MPP_MASK) == STATUS_MPP_MASK) {
    return false;
  }
  bool asks = (seen.cause == CAUSE_ECALL_U || seen.cause == CAUSE_ECALL_S) && frame->x[17] == LEAVE;
  return asks || leave_on_trap;
}

__attribute__((weak)) void machine_trap(struct trap_frame *frame) {
  seen.cause = csr_read(mcause);
  seen.epc = frame->epc;
  seen.value = csr_read(mtval);
  seen.status = frame->status;

  if (leaves(frame)) {
    frame->epc = below_return;
    frame->status |= STATUS_MPP_MASK;
  } else if (resume_at != 0) {
    frame->epc = resume_at;
    resume_at = 0;
  } else {
    frame->epc += length_of_instruction(frame->epc);
  }
}

static void open_memory_protection(void) {
  csr_write(pmpaddr0, ~0UL >> 10);
  csr_write(pmpcfg0, 0x1f);
}

// Saves the callee-saved registers and runs `function` at `privilege`. Execution comes back to label 1.
__attribute__((noinline)) void run_below(uint64_t privilege, void (*function)(void)) {
  open_memory_protection();
  csr_clear(mstatus, STATUS_MPP_MASK | STATUS_MPIE);
  csr_set(mstatus, privilege);
  asm volatile(
      "addi sp, sp, -112\n"
      "sd s0, 0(sp)\n sd s1, 8(sp)\n sd s2, 16(sp)\n sd s3, 24(sp)\n sd s4, 32(sp)\n sd s5, 40(sp)\n"
      "sd s6, 48(sp)\n sd s7, 56(sp)\n sd s8, 64(sp)\n sd s9, 72(sp)\n sd s10, 80(sp)\n sd s11, 88(sp)\n"
      "sd ra, 96(sp)\n"
      "la t0, 1f\n"
      "sd t0, %[back]\n"
      "csrw mscratch, sp\n"  // label 1 restores our stack from mscratch, because traps run on the lower level's stack
      "csrw mepc, %[function]\n"
      "mv sp, %[stack]\n"
      "mret\n"
      ".balign 4\n"
      "1: csrr sp, mscratch\n"
      "ld s0, 0(sp)\n ld s1, 8(sp)\n ld s2, 16(sp)\n ld s3, 24(sp)\n ld s4, 32(sp)\n ld s5, 40(sp)\n"
      "ld s6, 48(sp)\n ld s7, 56(sp)\n ld s8, 64(sp)\n ld s9, 72(sp)\n ld s10, 80(sp)\n ld s11, 88(sp)\n"
      "ld ra, 96(sp)\n"
      "addi sp, sp, 112\n"
      : [back] "=m"(below_return)
      : [function] "r"(function), [stack] "r"(below_stack + 512)
      : "memory", "ra", "t0", "t1", "t2", "t3", "t4", "t5", "t6", "a0", "a1", "a2", "a3", "a4", "a5", "a6", "a7");
  below_return = 0;
}
