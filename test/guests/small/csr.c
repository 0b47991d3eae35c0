// Prints, for every control and status register, its initial value and its values after all ones and all zeroes were
// written. This shows which fields are writable (WARL). Counters are only read.
//
// A missing register is shown as "-". While values are written, no interrupt is enabled and nothing traps, so even
// mtvec may have any value. The lock bits of pmpcfg would stay set until a reset, so they are not written.
// csr.corrections lists the fields that QEMU makes writable although its hart does not have them.
#include "small.h"

// Reads a CSR that may be missing. If it is, the trap handler continues after the instruction.
#define READ(csr)                                                          \
  ({                                                                       \
    uint64_t csr_value = 0;                                                \
    asm volatile("csrr %0, " CSR_STRING(csr) : "+r"(csr_value) : : "memory"); \
    csr_value;                                                             \
  })

#define SHOW(name, csr, ones, zeros)                                                                           \
  do {                                                                                                         \
    begin_trap_watch();                                                                                        \
    uint64_t first = READ(csr), with_ones = 0, with_zeros = 0;                                                 \
    if (seen.cause != NO_TRAP) {                                                                               \
      print("%-13s -\n", name);                                                                                \
      break;                                                                                                   \
    }                                                                                                          \
    asm volatile("csrw " CSR_STRING(csr) ", %2\n csrr %0, " CSR_STRING(csr) "\n"                               \
                 "csrw " CSR_STRING(csr) ", %3\n csrr %1, " CSR_STRING(csr) "\n"                               \
                 "csrw " CSR_STRING(csr) ", %4\n"                                                              \
                 : "=&r"(with_ones), "=&r"(with_zeros)                                                         \
                 : "r"((uint64_t)(ones)), "r"((uint64_t)(zeros)), "r"(first)                                   \
                 : "memory");                                                                                  \
    print("%-13s %16lx %16lx %16lx\n", name, first, with_ones, with_zeros);                                    \
  } while (0)

#define ALL(name, csr) SHOW(name, csr, ~0UL, 0)

#define READ_ONLY(name, csr)                                \
  do {                                                      \
    begin_trap_watch();                                     \
    uint64_t value = READ(csr);                             \
    if (seen.cause != NO_TRAP) {                            \
      print("%-13s -\n", name);                             \
    } else {                                                \
      print("%-13s %16lx\n", name, value);                  \
    }                                                       \
  } while (0)

#define COUNTS(name, csr)                                                        \
  do {                                                                           \
    begin_trap_watch();                                                          \
    uint64_t before = READ(csr);                                                 \
    for (int i = 0; i < 1000; i++) {                                             \
      asm volatile("nop");                                                       \
    }                                                                            \
    uint64_t after = READ(csr);                                                  \
    print("%-13s %s\n", name, seen.cause != NO_TRAP ? "-" : after > before ? "counts" : "stands still"); \
  } while (0)

static void machine_information(void) {
  READ_ONLY("misa", misa);
  READ_ONLY("mvendorid", mvendorid);
  READ_ONLY("mhartid", mhartid);
  READ_ONLY("mconfigptr", 0xf15);
}

static void machine_traps(void) {
  ALL("mstatus", mstatus);
  ALL("mtvec", mtvec);
  ALL("medeleg", medeleg);
  ALL("mideleg", mideleg);
  ALL("mie", mie);
  ALL("mip", mip);
  ALL("mscratch", mscratch);
  ALL("mepc", mepc);
  ALL("mcause", mcause);
  ALL("mtval", mtval);
  ALL("mcounteren", mcounteren);
  ALL("mcountinhibit", mcountinhibit);
  ALL("menvcfg", 0x30a);
}

static void supervisor(void) {
  csr_write(mideleg, INTERRUPT_SSI | INTERRUPT_STI | INTERRUPT_SEI);
  ALL("sstatus", sstatus);
  ALL("stvec", stvec);
  ALL("sie", sie);
  ALL("sip", sip);
  csr_write(mideleg, 0);
  ALL("sie, undeleg.", sie);
  ALL("sip, undeleg.", sip);
  ALL("sscratch", sscratch);
  ALL("sepc", sepc);
  ALL("scause", scause);
  ALL("stval", stval);
  ALL("scounteren", scounteren);
  ALL("senvcfg", 0x10a);
  SHOW("satp, mode 8", satp, 8UL << 60 | 0xffff0000080000, 0);
  SHOW("satp, mode 15", satp, ~0UL, 0);
  SHOW("satp, mode 1", satp, 1UL << 60 | 0x80000, 0);
}

static void sstc(void) {
  csr_set(0x30a, MENVCFG_STCE);
  csr_write(0x14d, ~0UL);
  ALL("stimecmp", 0x14d);
  ALL("mip with STCE", mip);
  csr_clear(0x30a, MENVCFG_STCE);
}

static void memory_protection(void) {
  SHOW("pmpcfg0", pmpcfg0, 0x1f1f1f1f1f1f1f1f, 0);
  SHOW("pmpcfg2", pmpcfg2, 0x1f1f1f1f1f1f1f1f, 0);
  ALL("pmpaddr0", pmpaddr0);
  ALL("pmpaddr15", pmpaddr15);
}

static void counters(void) {
  COUNTS("mcycle", mcycle);
  COUNTS("minstret", minstret);
  COUNTS("cycle", cycle);
  COUNTS("time", time);
  COUNTS("instret", instret);
  csr_write(mcycle, 0x123400000000);
  csr_write(minstret, 0x567800000000);
  print("written       mcycle %lx, minstret %lx\n", csr_read(mcycle) >> 32, csr_read(minstret) >> 32);
  csr_write(minstret, 0);
  asm volatile("nop\n nop\n nop");
  uint64_t first = csr_read(minstret);
  asm volatile("nop\n nop\n nop");
  print("instructions  3 and a csrr are %lu\n", csr_read(minstret) - first);
}

// csrrs and csrrc with x0 or 0 do not write; csrrw with rd = x0 writes.
static void access_forms(void) {
  uint64_t a, b, c, d;
  csr_write(mscratch, 0xf0);
  asm volatile("csrrw %0, mscratch, %1" : "=&r"(a) : "r"(0xaaUL) : "memory");
  asm volatile("csrrs %0, mscratch, %1" : "=&r"(b) : "r"(0x55UL) : "memory");
  asm volatile("csrrc %0, mscratch, %1" : "=&r"(c) : "r"(0x0fUL) : "memory");
  asm volatile("csrrwi %0, mscratch, 31" : "=&r"(d) : : "memory");
  print("csrrw %lx, csrrs %lx, csrrc %lx, csrrwi %lx", a, b, c, d);
  asm volatile("csrrsi %0, mscratch, 0" : "=&r"(a) : : "memory");
  asm volatile("csrrci %0, mscratch, 5" : "=&r"(b) : : "memory");
  asm volatile("csrr %0, mscratch" : "=&r"(c) : : "memory");
  print(", csrrsi %lx, csrrci %lx, then %lx\n", a, b, c);
}

int main(void) {
  clint_set_timer(~0UL);
  csr_write(mie, 0);
  print("CSR                      first       after ones      after zeros\n");
  machine_information();
  machine_traps();
  supervisor();
  sstc();
  memory_protection();
  counters();
  access_forms();
  return 0;
}
