// Tests Sv39: the permissions of each kind of page, accessed and dirty bits, superpages, invalid tables, sfence.vma,
// and what a page fault reports.
//
// Loads and stores are made from machine mode with MPRV, fetches by a jump at the lower privilege level. The table
// below maps the guest itself with one gigapage for supervisor mode; test pages are at 1 GiB.
#include "small.h"

#define V 1UL
#define R 2UL
#define W 4UL
#define X 8UL
#define U 16UL
#define G 32UL
#define A 64UL
#define D 128UL

#define TEST_PAGE 0x40000000UL
#define TEST_MEGAPAGE 0x40200000UL
#define TEST_GIGAPAGE 0xc0000000UL
#define PAGE_BYTES 4096UL

typedef uint64_t pte_t;

static _Alignas(4096) pte_t root[512], middle[512], leaves[512];
static _Alignas(4096) uint8_t page[2 * 4096], other_page[4096];

static pte_t entry_for(const volatile void *physical, uint64_t flags) { return (uint64_t)physical >> 12 << 10 | flags; }

static void flush(void) { asm volatile("sfence.vma" : : : "memory"); }

static void set_test_page(pte_t entry) {
  leaves[0] = entry;
  flush();
}

// Loads a word with the privilege and options in `status`. Returns the cause if the load traps, or else NO_TRAP.
static uint64_t try_load(uint64_t address, uint64_t status, uint64_t *value) {
  begin_trap_watch();
  csr_clear(mstatus, STATUS_MPP_MASK);
  asm volatile(
      "csrs mstatus, %[status]\n"
      "ld %[value], 0(%[address])\n"
      "csrc mstatus, %[status]\n"
      : [value] "+&r"(*value)
      : [status] "r"(STATUS_MPRV | status), [address] "r"(address)
      : "memory");
  return seen.cause;
}

static uint64_t try_store(uint64_t address, uint64_t status, uint64_t value) {
  begin_trap_watch();
  csr_clear(mstatus, STATUS_MPP_MASK);
  asm volatile(
      "csrs mstatus, %[status]\n"
      "sd %[value], 0(%[address])\n"
      "csrc mstatus, %[status]\n"
      :
      : [status] "r"(STATUS_MPRV | status), [address] "r"(address), [value] "r"(value)
      : "memory");
  return seen.cause;
}

// Fetches from the test page, which contains code that calls leave(). A successful fetch ends with that ecall.
static uint64_t try_fetch(uint64_t address, uint64_t privilege) {
  leave_on_trap = true;
  run_below(privilege, (void (*)(void))address);
  leave_on_trap = false;
  return seen.cause == CAUSE_ECALL_U || seen.cause == CAUSE_ECALL_S ? NO_TRAP : seen.cause;
}

static void put_code(volatile uint8_t *at) {
  ((volatile uint32_t *)at)[0] = 0x06300893;  // li a7, 99
  ((volatile uint32_t *)at)[1] = 0x00000073;  // ecall
  asm volatile("fence.i" : : : "memory");
}

static const char *text_of(uint64_t cause) {
  switch (cause) {
    case NO_TRAP: return "ok";
    case 1: case 5: case 7: return "access";
    case 12: case 13: case 15: return "page";
    default: return "?";
  }
}

static const char *flags_text(uint64_t flags) {
  static char text[9];
  for (int i = 0; i < 8; i++) {
    text[7 - i] = flags >> i & 1 ? "VRWXUGAD"[i] : '-';
  }
  return text;
}

static void permissions(void) {
  static const uint64_t KINDS[] = {V | R, V | R | W, V | X, V | R | X, V | R | W | X, V | W, V | W | X, R | W | X, 0};
  static const struct {
    const char *name;
    uint64_t status;
  } MODES[] = {
      {"S", STATUS_MPP_S},
      {"S+SUM", STATUS_MPP_S | STATUS_SUM},
      {"S+MXR", STATUS_MPP_S | STATUS_MXR},
      {"U", STATUS_MPP_U},
      {"U+MXR", STATUS_MPP_U | STATUS_MXR},
  };

  put_code(page);
  for (size_t i = 0; i < 2 * sizeof KINDS / sizeof KINDS[0]; i++) {
    uint64_t flags = KINDS[i / 2] | (i % 2 ? U : 0);
    for (size_t mode = 0; mode < sizeof MODES / sizeof MODES[0]; mode++) {
      uint64_t value = 0;
      set_test_page(entry_for(page, flags | A | D));
      print("%s %-6s load %-6s ", flags_text(flags), MODES[mode].name,
            text_of(try_load(TEST_PAGE, MODES[mode].status, &value)));
      print("store %-6s", text_of(try_store(TEST_PAGE + 64, MODES[mode].status, 1)));
      if (MODES[mode].status == STATUS_MPP_S || MODES[mode].status == STATUS_MPP_U) {
        print(" fetch %-6s", text_of(try_fetch(TEST_PAGE, MODES[mode].status)));
      }
      print("\n");
    }
  }
}

static void accessed_and_dirty(void) {
  uint64_t value;
  set_test_page(entry_for(page, V | R | W | X));
  try_load(TEST_PAGE, STATUS_MPP_S, &value);
  print("after a load:  %s\n", flags_text(leaves[0] & 0xff));
  try_store(TEST_PAGE + 64, STATUS_MPP_S, 1);
  print("after a store: %s\n", flags_text(leaves[0] & 0xff));

  set_test_page(entry_for(page, V | R | W | X));
  try_store(TEST_PAGE + 64, STATUS_MPP_S, 1);
  print("a store alone: %s\n", flags_text(leaves[0] & 0xff));
  set_test_page(entry_for(page, V | R | X));
  try_fetch(TEST_PAGE, STATUS_MPP_S);
  print("after a fetch: %s\n", flags_text(leaves[0] & 0xff));
  set_test_page(entry_for(page, V | R));
  try_store(TEST_PAGE + 64, STATUS_MPP_S, 1);
  print("after a store that failed: %s\n", flags_text(leaves[0] & 0xff));
}

static void superpages(void) {
  uint64_t value = 0;
  *(volatile uint64_t *)(SCRATCH + 0x123458) = 0x1122334455667788;

  middle[1] = entry_for((void *)SCRATCH, V | R | W | A | D);
  flush();
  uint64_t cause = try_load(TEST_MEGAPAGE + 0x123458, STATUS_MPP_S, &value);
  print("2 MiB page: %s, %lx\n", text_of(cause), value);
  middle[1] = entry_for((void *)(SCRATCH + 4096), V | R | W | A | D);
  flush();
  print("2 MiB page, misaligned: %s\n", text_of(try_load(TEST_MEGAPAGE, STATUS_MPP_S, &value)));
  middle[1] = 0;

  value = 0;
  root[3] = entry_for((void *)RAM, V | R | W | A | D);
  flush();
  cause = try_load(TEST_GIGAPAGE + 0x200000 + 0x123458, STATUS_MPP_S, &value);
  print("1 GiB page: %s, %lx\n", text_of(cause), value);
  root[3] = entry_for((void *)(RAM + 0x200000), V | R | W | A | D);
  flush();
  print("1 GiB page, misaligned: %s\n", text_of(try_load(TEST_GIGAPAGE, STATUS_MPP_S, &value)));
  root[3] = 0;
  flush();
}

static void broken_tables(void) {
  uint64_t value = 0;
  set_test_page(entry_for(page, V | R | W | A | D));
  print("bit 39 of the address set: %s\n", text_of(try_load(TEST_PAGE | 1UL << 39, STATUS_MPP_S, &value)));
  print("bits 63-39 not like bit 38: %s\n", text_of(try_load(TEST_PAGE | 1UL << 38, STATUS_MPP_S, &value)));
  set_test_page(entry_for(page, V | A | D));
  print("no leaf at the last level: %s\n", text_of(try_load(TEST_PAGE, STATUS_MPP_S, &value)));
  set_test_page(entry_for(page, V | R | W | A | D) | 1UL << 54);
  print("a reserved bit: %s\n", text_of(try_load(TEST_PAGE, STATUS_MPP_S, &value)));
  set_test_page(entry_for(page, V | R | W | A | D) | 3UL << 8);
  print("the bits for software: %s\n", text_of(try_load(TEST_PAGE, STATUS_MPP_S, &value)));

  middle[2] = entry_for((void *)0x1000000000, V);
  flush();
  print("a table outside memory: %s, %s, %s\n", text_of(try_load(TEST_PAGE + 0x400000, STATUS_MPP_S, &value)),
        text_of(try_store(TEST_PAGE + 0x400000, STATUS_MPP_S, 1)),
        text_of(try_fetch(TEST_PAGE + 0x400000, STATUS_MPP_S)));
  set_test_page(entry_for((void *)0x1000000000, V | R | W | X | A | D));
  print("a page outside memory: %s, %s, %s\n", text_of(try_load(TEST_PAGE, STATUS_MPP_S, &value)),
        text_of(try_store(TEST_PAGE, STATUS_MPP_S, 1)), text_of(try_fetch(TEST_PAGE, STATUS_MPP_S)));
  middle[2] = 0;
  flush();
}

static void faults(void) {
  uint64_t value = 0;
  set_test_page(0);
  try_load(TEST_PAGE + 0x128, STATUS_MPP_S, &value);
  print("load:  cause %lu, mtval %lx\n", seen.cause, seen.value);
  try_store(TEST_PAGE + 0x128, STATUS_MPP_U, 1);
  print("store: cause %lu, mtval %lx\n", seen.cause, seen.value);
  try_fetch(TEST_PAGE + 0x128, STATUS_MPP_U);
  print("fetch: cause %lu, mtval %lx, mepc %lx\n", seen.cause, seen.value, seen.epc);

  // An instruction and an access that start on a mapped page and end on an unmapped one.
  *(volatile uint16_t *)(page + 4094) = 0x0513;
  asm volatile("fence.i" : : : "memory");
  set_test_page(entry_for(page, V | R | W | X | A | D));
  leaves[1] = 0;
  flush();
  try_fetch(TEST_PAGE + 4094, STATUS_MPP_S);
  print("fetch across: cause %lu, mtval %lx, mepc %lx\n", seen.cause, seen.value, seen.epc);
  try_load(TEST_PAGE + 4092, STATUS_MPP_S, &value);
  print("load across:  cause %lu, mtval %lx\n", seen.cause, seen.value);
  *(volatile uint64_t *)(page + 4088) = 0x5555555555555555;
  try_store(TEST_PAGE + 4092, STATUS_MPP_S, 0);
  print("store across: cause %lu, mtval %lx, memory %lx\n", seen.cause, seen.value, *(volatile uint64_t *)(page + 4088));

  // Both pages are mapped, but they are not adjacent in physical memory.
  leaves[1] = entry_for(other_page, V | R | W | A | D);
  flush();
  try_store(TEST_PAGE + 4092, STATUS_MPP_S, 0x0123456789abcdef);
  try_load(TEST_PAGE + 4092, STATUS_MPP_S, &value);
  print("across two pages: %lx, %x and %x\n", value, *(volatile uint32_t *)(page + 4092), *(volatile uint32_t *)other_page);
  leaves[1] = 0;
  flush();
}

static uint64_t test_value(void) {
  uint64_t value = 0;
  try_load(TEST_PAGE, STATUS_MPP_S, &value);
  return value;
}

static void fences(void) {
  static _Alignas(4096) pte_t other_root[512];
  *(volatile uint64_t *)page = 1;
  *(volatile uint64_t *)other_page = 2;

  set_test_page(entry_for(page, V | R | A | D));
  uint64_t before = test_value();
  leaves[0] = entry_for(other_page, V | R | A | D);
  flush();
  uint64_t all = test_value();
  leaves[0] = entry_for(page, V | R | A | D);
  asm volatile("sfence.vma %0" : : "r"(TEST_PAGE) : "memory");
  uint64_t by_address = test_value();
  leaves[0] = entry_for(other_page, V | R | A | D);
  asm volatile("sfence.vma zero, %0" : : "r"(0) : "memory");
  uint64_t by_space = test_value();
  print("sfence.vma: %lu, all %lu, one address %lu, one space %lu\n", before, all, by_address, by_space);

  // A different page table, for another address space, does not map the test page.
  other_root[2] = root[2];
  uint64_t satp = csr_read(satp);
  csr_write(satp, 8UL << 60 | 1UL << 44 | (uint64_t)other_root >> 12);
  uint64_t value = 0;
  uint64_t cause = try_load(TEST_PAGE, STATUS_MPP_S, &value);
  csr_write(satp, satp);
  print("another space: %s, and back: %lu\n", text_of(cause), test_value());
}

// MPRV applies only while MPP is below machine mode, and not to fetches.
static void mprv(void) {
  uint64_t value = 0;
  set_test_page(0);
  *(volatile uint64_t *)page = 77;
  print("MPRV with MPP M: %s, %lu\n", text_of(try_load((uint64_t)page, STATUS_MPP_MASK, &value)), value);

  // An mret to machine mode keeps MPRV, any other mret clears it. No memory may be accessed while it is set.
  uint64_t status;
  asm volatile(
      "la t0, 1f\n"
      "csrw mepc, t0\n"
      "csrs mstatus, %[to_machine]\n"
      "mret\n"
      ".balign 4\n"
      "1: csrr %[status], mstatus\n"
      "csrc mstatus, %[mprv]\n"
      : [status] "=&r"(status)
      : [to_machine] "r"(STATUS_MPRV | STATUS_MPP_MASK), [mprv] "r"(STATUS_MPRV)
      : "t0", "memory");
  print("MPRV after mret to M: %lu\n", status >> 17 & 1);

  // Enters supervisor mode at label 1, whose ecall jumps to the trap vector at label 2.
  asm volatile(
      "la t0, 2f\n"
      "csrrw t1, mtvec, t0\n"
      "la t0, 1f\n"
      "csrw mepc, t0\n"
      "csrc mstatus, %[machine]\n"
      "csrs mstatus, %[to_supervisor]\n"
      "mret\n"
      ".balign 4\n"
      "1: ecall\n"
      ".balign 4\n"
      "2: csrr %[status], mstatus\n"
      "csrc mstatus, %[mprv]\n"
      "csrw mtvec, t1\n"
      : [status] "=&r"(status)
      : [machine] "r"(STATUS_MPP_MASK), [to_supervisor] "r"(STATUS_MPRV | STATUS_MPP_S), [mprv] "r"(STATUS_MPRV)
      : "t0", "t1", "memory");
  print("MPRV after mret to S: %lu\n", status >> 17 & 1);
}

int main(void) {
  csr_write(pmpaddr0, ~0UL >> 10);
  csr_write(pmpcfg0, 0x1f);
  root[1] = entry_for(middle, V);
  root[2] = entry_for((void *)RAM, V | R | W | X | A | D);
  middle[0] = entry_for(leaves, V);
  csr_write(satp, 8UL << 60 | (uint64_t)root >> 12);
  flush();

  permissions();
  accessed_and_dirty();
  superpages();
  broken_tables();
  faults();
  fences();
  mprv();
  return 0;
}
