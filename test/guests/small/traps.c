// Tests exceptions, also at lower privilege levels: the cause, mtval, and whether mepc is the instruction's address.
#include "small.h"

#define STATUS_TVM (1UL << 20)
#define STATUS_TW (1UL << 21)
#define STATUS_TSR (1UL << 22)

static uint64_t expected_epc;

static void report(const char *what) {
  static const char MODES[] = {'U', 'S', '?', 'M'};
  if (seen.cause == NO_TRAP) {
    print("%-36s no trap\n", what);
    return;
  }
  print("%-36s cause %2lu, mtval %lx, from %c%s\n", what, seen.cause, seen.value, MODES[seen.status >> 11 & 3],
        seen.epc == expected_epc ? "" : ", mepc is wrong");
}

// Runs one instruction that may use a0 (an address) and a1, and prints the result.
#define TRY(what, instruction, address)                                 \
  do {                                                                  \
    register uint64_t a0 asm("a0") = (uint64_t)(address);               \
    register uint64_t a1 asm("a1") = 1;                                 \
    begin_trap_watch();                                                 \
    asm volatile("la t0, 1f\n sd t0, %[epc]\n li a7, 0\n 1: " instruction \
                 : [epc] "=m"(expected_epc), "+r"(a0), "+r"(a1)         \
                 :                                                      \
                 : "t0", "t1", "a7", "memory");                         \
    report(what);                                                       \
  } while (0)

static void instructions(void) {
  TRY("ecall", "ecall", 0);
  TRY("ebreak", ".option push\n .option norvc\n ebreak\n .option pop", 0);
  TRY("c.ebreak", "c.ebreak", 0);
  TRY("illegal, 16 bits of 0", ".half 0", 0);
  TRY("illegal, 32 bits of 1", ".word 0xffffffff", 0);
  TRY("illegal, floating point", ".word 0x00053007", 0);  // fld ft0, 0(a0)
  TRY("a CSR that does not exist", "csrr a1, 0x5c0", 0);
  TRY("write to a read-only CSR", "csrw 0xf14, a1", 0);
  TRY("set nothing in a read-only CSR", "csrrs a1, 0xf14, zero", 0);
  TRY("wfi with an interrupt pending", "csrsi mie, 2\n csrsi mip, 2\n wfi\n csrci mip, 2\n csrci mie, 2", 0);
}

static void memory(void) {
  TRY("load from nowhere", "lw a1, 0(a0)", 0);
  TRY("store to nowhere", "sd a1, 8(a0)", 0x200);
  TRY("load behind the end of memory", "ld a1, 0(a0)", 0x88000000);
  TRY("store behind the end of memory", "sb a1, 0(a0)", 0x88000000);
  TRY("lr from nowhere", "lr.d a1, (a0)", 0x200);
  TRY("amoadd to nowhere", "amoadd.w a1, a1, (a0)", 0x204);
  TRY("lr, misaligned", "lr.w a1, (a0)", SCRATCH + 2);
  TRY("amoswap.w, misaligned", "amoswap.w a1, a1, (a0)", SCRATCH + 1);
  TRY("amomax.d, misaligned", "amomax.d a1, a1, (a0)", SCRATCH + 4);

  // A jump to an invalid address completes first. The trap then belongs to the target of the jump.
  extern char behind_jump[];
  begin_trap_watch();
  expected_epc = 0x200;
  resume_at = (uint64_t)behind_jump;
  asm volatile("jr %0\n .globl behind_jump\n behind_jump:" : : "r"(expected_epc) : "memory");
  report("jump to nowhere");
}

static void from_supervisor(void) {
  TRY("S: ecall", "ecall", 0);
  TRY("S: csrr mstatus", "csrr a1, mstatus", 0);
  TRY("S: csrr sstatus", "csrr a1, sstatus", 0);
  TRY("S: mret", "mret", 0);
  TRY("S: rdcycle, not allowed", "rdcycle a1", 0);
  TRY("S: csrr satp", "csrr a1, satp", 0);
  TRY("S: sfence.vma", "sfence.vma", 0);
  TRY("S: ebreak", "c.ebreak", 0);
  leave();
}

static void from_supervisor_with_traps(void) {
  TRY("S, TVM: csrr satp", "csrr a1, satp", 0);
  TRY("S, TVM: sfence.vma", "sfence.vma", 0);
  TRY("S, TW: wfi", "wfi", 0);
  TRY("S, TSR: sret", "sret", 0);
  leave();
}

static void from_user(void) {
  TRY("U: ecall", "ecall", 0);
  TRY("U: csrr mstatus", "csrr a1, mstatus", 0);
  TRY("U: csrr sstatus", "csrr a1, sstatus", 0);
  TRY("U: mret", "mret", 0);
  TRY("U: sret", "sret", 0);
  TRY("U: sfence.vma", "sfence.vma", 0);
  TRY("U: wfi", "wfi", 0);
  TRY("U: rdcycle, not allowed", "rdcycle a1", 0);
  TRY("U: load from nowhere", "lw a1, 0(a0)", 0x200);
  TRY("U: fence.i", "fence.i", 0);
  leave();
}

static void counters(void) {
  TRY("rdcycle, allowed", "rdcycle a1", 0);
  TRY("rdtime, allowed", "rdtime a1", 0);
  TRY("rdinstret, allowed", "rdinstret a1", 0);
  leave();
}

int main(void) {
  instructions();
  memory();

  csr_write(mcounteren, 0);
  csr_write(scounteren, 0);
  run_below(STATUS_MPP_S, from_supervisor);
  csr_set(mstatus, STATUS_TVM | STATUS_TW | STATUS_TSR);
  run_below(STATUS_MPP_S, from_supervisor_with_traps);
  csr_clear(mstatus, STATUS_TVM | STATUS_TW | STATUS_TSR);
  run_below(STATUS_MPP_U, from_user);

  csr_write(mcounteren, 7);
  csr_write(scounteren, 7);
  run_below(STATUS_MPP_U, counters);
  print("back in machine mode\n");
  return 0;
}
