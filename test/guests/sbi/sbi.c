// Makes the requests that a supervisor-mode kernel sends to its firmware: every SBI extension that Linux uses, invalid
// calls, and the delegated traps. Prints the results that must be the same with any firmware.
#include "../lib/lib.h"

enum { BASE = 0x10, TIME = 0x54494d45, IPI = 0x735049, RFENCE = 0x52464e43, HSM = 0x48534d, RESET = 0x53525354 };
enum { CONSOLE = 0x4442434e };

struct result {
  int64_t error;
  int64_t value;
};

static struct result sbi(uint64_t extension, uint64_t function, uint64_t x, uint64_t y, uint64_t z) {
  register uint64_t a0 asm("a0") = x;
  register uint64_t a1 asm("a1") = y;
  register uint64_t a2 asm("a2") = z;
  register uint64_t a6 asm("a6") = function;
  register uint64_t a7 asm("a7") = extension;
  asm volatile("ecall" : "+r"(a0), "+r"(a1) : "r"(a2), "r"(a6), "r"(a7) : "memory");
  return (struct result){a0, a1};
}

int64_t suspend_and_forget(void);
void second_start(void);

static uint64_t now(void) {
  uint64_t time;
  asm volatile("rdtime %0" : "=r"(time));
  return time;
}

// --- traps -------------------------------------------------------------------------------------------------------------

static volatile uint32_t timer_interrupts;
static volatile uint32_t software_interrupts[8];
static struct {
  uint64_t cause;
  uint64_t value;
  uint64_t epc;
} seen;

static uint64_t hart_of_stack(uint64_t sp) {
  extern char stacks[];
  return (sp - (uint64_t)stacks) >> 12;
}

void supervisor_trap(uint64_t *epc) {
  uint64_t cause = csr_read(scause);
  if (cause == (CAUSE_INTERRUPT | 5)) {
    timer_interrupts++;
    sbi(TIME, 0, ~0UL, 0, 0);
  } else if (cause == (CAUSE_INTERRUPT | 1)) {
    csr_clear(sip, INTERRUPT_SSI);
    software_interrupts[hart_of_stack((uint64_t)epc)]++;
  } else {
    seen.cause = cause;
    seen.value = csr_read(stval);
    seen.epc = *epc;
    *epc += 4;
  }
}

// --- the extensions ----------------------------------------------------------------------------------------------------

static void show(const char *what, struct result result) { print("%s: %ld %ld\n", what, result.error, result.value); }

static void show_error(const char *what, struct result result) { print("%s: %ld\n", what, result.error); }

static const char *yes_or_no(bool is) { return is ? "yes" : "no"; }

static void base(void) {
  struct result version = sbi(BASE, 0, 0, 0, 0);
  print("base: error %ld, version 1.0 or later: %s\n", version.error, yes_or_no(version.value >= 1 << 24));
  const uint64_t extensions[] = {0, 1, 2, 8, BASE, TIME, IPI, RFENCE, HSM, RESET, 0x0a000000};
  for (unsigned i = 0; i < sizeof extensions / sizeof *extensions; i++) {
    print("  extension %lx ", extensions[i]);
    show("is there", sbi(BASE, 3, extensions[i], 0, 0));
  }
  show("  mvendorid", sbi(BASE, 4, 0, 0, 0));
  show_error("  function 99", sbi(BASE, 99, 0, 0, 0));
  show_error("extension a000000, function 0", sbi(0x0a000000, 0, 0, 0, 0));
}

static void time(void) {
  uint64_t due = now() + TICKS_PER_MILLISECOND;
  show_error("set_timer", sbi(TIME, 0, due, 0, 0));
  while (!(csr_read(sip) & INTERRUPT_STI)) {
  }
  print("  rang in time: %s", yes_or_no(now() >= due));
  csr_set(sie, INTERRUPT_STI);
  csr_set(sstatus, STATUS_SIE);
  while (timer_interrupts == 0) {
  }
  csr_clear(sstatus, STATUS_SIE);
  print(", interrupts: %u, pending after: %s\n", timer_interrupts, yes_or_no(csr_read(sip) & INTERRUPT_STI));
  show_error("  function 1", sbi(TIME, 1, 0, 0, 0));
}

static void ipi(void) {
  csr_set(sie, INTERRUPT_SSI);
  show_error("send_ipi to hart 0", sbi(IPI, 0, 1, 0, 0));
  while (!(csr_read(sip) & INTERRUPT_SSI)) {
  }
  csr_set(sstatus, STATUS_SIE);
  csr_clear(sstatus, STATUS_SIE);
  print("  interrupts: %u\n", software_interrupts[0]);
  show_error("send_ipi to nobody", sbi(IPI, 0, 0, 0, 0));
  show_error("send_ipi to hart 64", sbi(IPI, 0, 1, 64, 0));
  show_error("  function 1", sbi(IPI, 1, 0, 0, 0));
  print("  pending after: %s\n", yes_or_no(csr_read(sip) & INTERRUPT_SSI));
}

// The code `li a0, 1; ret` is changed to `li a0, 2; ret`.
static uint16_t code[2] __attribute__((aligned(4))) = {0x4505, 0x8082};

static void fences(void) {
  int (*run)(void) = (int (*)(void))(uint64_t)code;
  sbi(RFENCE, 0, 1, 0, 0);
  int before = run();
  code[0] = 0x4509;
  show_error("remote fence.i", sbi(RFENCE, 0, 1, 0, 0));
  print("  code was %d, is %d\n", before, run());
  show_error("remote sfence.vma", sbi(RFENCE, 1, 1, 0, 0));
  show_error("remote sfence.vma, all harts", sbi(RFENCE, 1, 0, ~0UL, 0));
  show_error("remote sfence.vma with asid", sbi(RFENCE, 2, 1, 0, 0));
  show_error("  to hart 64", sbi(RFENCE, 1, 1, 64, 0));
  show_error("  function 99", sbi(RFENCE, 99, 1, 0, 0));
}

static void suspend(void) {
  sbi(TIME, 0, now() + TICKS_PER_MILLISECOND, 0, 0);
  show_error("suspend until the timer", sbi(HSM, 3, 0, 0, 0));
  sbi(TIME, 0, now() + TICKS_PER_MILLISECOND, 0, 0);
  print("suspend and forget until the timer: back on hart %ld\n", suspend_and_forget());
  print("  interrupts off: %s, translation off: %s\n", yes_or_no(!(csr_read(sstatus) & STATUS_SIE)),
        yes_or_no(csr_read(satp) == 0));
  sbi(TIME, 0, ~0UL, 0, 0);
  print("  a reserved type is refused: %s\n", yes_or_no(sbi(HSM, 3, 5, 0, 0).error < 0));
}

static volatile uint64_t said[8];
static volatile bool may_stop;

void second_main(uint64_t hart, uint64_t argument) {
  csr_set(sie, INTERRUPT_SSI);
  csr_set(sstatus, STATUS_SIE);
  said[hart] = argument;
  while (!may_stop || software_interrupts[hart] == 0) {
  }
  csr_clear(sstatus, STATUS_SIE);
  sbi(HSM, 1, 0, 0, 0);
  said[hart] = 0;  // not reached
}

static void harts(void) {
  show("status of hart 0", sbi(HSM, 2, 0, 0, 0));
  show_error("status of hart 64", sbi(HSM, 2, 64, 0, 0));
  show_error("start of hart 0", sbi(HSM, 0, 0, (uint64_t)second_start, 0));
  show_error("start of hart 64", sbi(HSM, 0, 64, (uint64_t)second_start, 0));
  int others = 0;
  for (int hart = 1; hart < 8 && sbi(HSM, 2, hart, 0, 0).error == 0; hart++) {
    print("hart %d ", hart);
    show("is", sbi(HSM, 2, hart, 0, 0));
    show_error("  start", sbi(HSM, 0, hart, (uint64_t)second_start, 0x1000 + hart));
    while (said[hart] == 0) {
    }
    print("  said %lx\n", said[hart]);
    show("  is", sbi(HSM, 2, hart, 0, 0));
    others++;
  }
  if (others == 0) {
    return;
  }
  show_error("fences on all", sbi(RFENCE, 1, 0, ~0UL, 0));
  show_error("  fence.i", sbi(RFENCE, 0, 0, ~0UL, 0));
  may_stop = true;
  show_error("send_ipi to the others", sbi(IPI, 0, (1 << others) - 1, 1, 0));
  for (int hart = 1; hart <= others; hart++) {
    while (sbi(HSM, 2, hart, 0, 0).value != 1) {
    }
    print("  hart %d stopped after %u interrupts and said %lx\n", hart, software_interrupts[hart], said[hart]);
  }
}

// --- invalid calls -----------------------------------------------------------------------------------------------------

static void show_trap(const char *what) {
  print("%s: cause %ld, stval %lx\n", what, seen.cause, seen.value);
  seen.cause = 99;
}

static void traps(void) {
  seen.cause = 99;
  asm volatile(".word 0x0000000b");
  show_trap("an instruction that does not exist");
  asm volatile(".option push\n.option norvc\n csrr t0, mhartid\n.option pop" : : : "t0");
  show_trap("a machine-mode register");
  asm volatile(".option push\n.option norvc\n ebreak\n.option pop");
  show_trap("ebreak");
  asm volatile(".option push\n.option norvc\n lw t0, 0(%0)\n.option pop" : : "r"(0xa0000000UL) : "t0");
  show_trap("a load from nowhere");
  asm volatile(".option push\n.option norvc\n lw t0, 0(%0)\n.option pop" : : "r"(0x80000000UL) : "t0");
  show_trap("a load from the firmware's memory");
  asm volatile(".option push\n.option norvc\n sw t0, 8(%0)\n.option pop" : : "r"(0x80000000UL) : "t0");
  show_trap("a store to it");
  static uint8_t bytes[16] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
  print("misaligned load: %lx\n", *(volatile uint64_t *)(bytes + 1));
}

static void legacy(void) {
  print("legacy putchar: ");
  sbi(1, 0, 'A', 0, 0);
  sbi(1, 0, '\n', 0, 0);
  show_error("legacy getchar", sbi(2, 0, 0, 0, 0));
  uint32_t before = timer_interrupts;
  csr_set(sie, INTERRUPT_STI);
  sbi(0, 0, now() + 1000, 0, 0);
  csr_set(sstatus, STATUS_SIE);
  while (timer_interrupts == before) {
  }
  csr_clear(sstatus, STATUS_SIE);
  print("legacy set_timer: rang\n");
}

static void debug_console(void) {
  if (sbi(BASE, 3, CONSOLE, 0, 0).value == 0) {
    print("debug console: not there\n");
    return;
  }
  static const char text[] = "debug console: written\n";
  show("  write", sbi(CONSOLE, 0, sizeof text - 1, (uint64_t)text, 0));
  show_error("  write byte", sbi(CONSOLE, 2, '+', 0, 0));
  static char input[8];
  show("  read", sbi(CONSOLE, 1, sizeof input, (uint64_t)input, 0));
  show_error("  write from nowhere", sbi(CONSOLE, 0, 1, 0xa0000000UL, 0));
  show_error("  write of the firmware", sbi(CONSOLE, 0, 8, 0x80000000UL, 0));
  show_error("  write into its end", sbi(CONSOLE, 0, 8, 0x80040000UL - 4, 0));
  show_error("  read over it", sbi(CONSOLE, 1, 8, 0x80000000UL - 4, 0));
  show_error("  write beyond 2^64", sbi(CONSOLE, 0, 8, ~0UL - 4, 0));
  show_error("  write from above", sbi(CONSOLE, 0, 1, (uint64_t)text, 1));
  show_error("  function 99", sbi(CONSOLE, 99, 0, 0, 0));
}

int main(uint64_t hart, uint32_t *tree) {
  print("hart %lu, device tree %08x, sie %lx, satp %lx, SIE %lx\n", hart, tree[0], csr_read(sie), csr_read(satp),
        csr_read(sstatus) & STATUS_SIE);
  base();
  time();
  ipi();
  fences();
  harts();
  suspend();
  traps();
  legacy();
  debug_console();
  print("reset of a reserved type is refused: %s\n", yes_or_no(sbi(RESET, 0, 7, 0, 0).error < 0));
  print("power off\n");
  sbi(RESET, 0, 0, 0, 0);
  return 1;
}
