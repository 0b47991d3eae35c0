// Tests atomic instructions: each AMO in both widths with edge values as operands, and SC after LR in cases in which it
// must succeed and in which it must fail.
#include "small.h"

static const uint64_t OPERANDS[] = {0, 1, ~0UL, 0x7fffffff, 0x80000000, 0x7fffffffffffffff, 0x8000000000000000,
                                    0x123456789abcdef0};
#define OPERAND_COUNT (sizeof OPERANDS / sizeof OPERANDS[0])

#define WORD (*(volatile uint64_t *)SCRATCH)

// Prints a line for each instruction: a checksum of the results for all pairs of operands, and the result for one pair.
#define AMO(name)                                                                                          \
  do {                                                                                                     \
    uint32_t sum = 0;                                                                                      \
    uint64_t old = 0;                                                                                      \
    for (size_t i = 0; i < OPERAND_COUNT * OPERAND_COUNT; i++) {                                           \
      WORD = OPERANDS[i / OPERAND_COUNT];                                                                  \
      asm volatile(name " %0, %1, (%2)"                                                                    \
                   : "=&r"(old)                                                                            \
                   : "r"(OPERANDS[i % OPERAND_COUNT]), "r"(SCRATCH)                                        \
                   : "memory");                                                                            \
      uint64_t both[2] = {old, WORD};                                                                      \
      sum = crc32(sum, both, sizeof both);                                                                 \
    }                                                                                                      \
    WORD = 0xfffffffff0f0f0f0;                                                                             \
    asm volatile(name " %0, %1, (%2)" : "=&r"(old) : "r"(0x1122334455667788), "r"(SCRATCH) : "memory");    \
    print("%-10s %08x, old %016lx new %016lx\n", name, sum, old, WORD);                                    \
  } while (0)

static uint64_t load_reserved(uint64_t address) {
  uint64_t value;
  asm volatile("lr.d %0, (%1)" : "=r"(value) : "r"(address) : "memory");
  return value;
}

static uint64_t store_conditional(uint64_t address, uint64_t value) {
  uint64_t failed;
  asm volatile("sc.d %0, %1, (%2)" : "=&r"(failed) : "r"(value), "r"(address) : "memory");
  return failed;
}

static void reservations(void) {
  WORD = 5;
  ((volatile uint64_t *)SCRATCH)[64] = 6;

  uint64_t value = load_reserved(SCRATCH);
  uint64_t failed = store_conditional(SCRATCH, value + 1);
  print("lr, sc:              failed %lu, memory %lu\n", failed, WORD);
  failed = store_conditional(SCRATCH, 100);
  print("sc once more:        failed %lu, memory %lu\n", failed, WORD);
  load_reserved(SCRATCH);
  failed = store_conditional(SCRATCH + 512, 100);
  print("sc to another place: failed %lu, memory %lu\n", failed, ((volatile uint64_t *)SCRATCH)[64]);

  WORD = 0x80000001;
  int64_t word, word_failed;
  asm volatile(
      "lr.w.aq %0, (%2)\n"
      "addi t0, %0, 1\n"
      "sc.w.rl %1, t0, (%2)\n"
      : "=&r"(word), "=&r"(word_failed)
      : "r"(SCRATCH)
      : "t0", "memory");
  print("lr.w, sc.w:          failed %ld, loaded %lx, memory %lx\n", word_failed, word, WORD);
}

// The building blocks of spin locks and counters.
static void counter(void) {
  WORD = 0;
  for (int i = 0; i < 1000; i++) {
    asm volatile(
        "1: lr.d t0, (%0)\n"
        "add t0, t0, %1\n"
        "sc.d t1, t0, (%0)\n"
        "bnez t1, 1b\n"
        :
        : "r"(SCRATCH), "r"(i)
        : "t0", "t1", "memory");
  }
  print("1000 additions by lr/sc: %lu\n", WORD);
}

int main(void) {
  AMO("amoswap.w");
  AMO("amoadd.w");
  AMO("amoxor.w");
  AMO("amoand.w");
  AMO("amoor.w");
  AMO("amomin.w");
  AMO("amomax.w");
  AMO("amominu.w");
  AMO("amomaxu.w");
  AMO("amoswap.d");
  AMO("amoadd.d");
  AMO("amoxor.d");
  AMO("amoand.d");
  AMO("amoor.d");
  AMO("amomin.d");
  AMO("amomax.d");
  AMO("amominu.d");
  AMO("amomaxu.d");
  reservations();
  counter();
  return 0;
}
