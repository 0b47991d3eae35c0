// A kernel with the layout of Linux: firmware starts the image at its load address, and the kernel runs at its link
// address once it has turned the MMU on. For tests of what debuggers show at both addresses.
#include "../lib/lib.h"

enum { VALID = 1, RWX = 7 << 1, ACCESSED_AND_DIRTY = 3 << 6, GIB_TO_PTE = 28 };

uint64_t page_table[512] __attribute__((aligned(4096)));
char stack[8192] __attribute__((aligned(16)));

struct tally {
  int rounds;
  int sum;
};

struct tally tally;

// Runs before the MMU is on. Returns the value for satp.
uint64_t early_setup(uint64_t *table) {
  uint64_t bits = VALID | RWX | ACCESSED_AND_DIRTY;
  table[0] = 0ull << GIB_TO_PTE | bits;
  table[2] = 2ull << GIB_TO_PTE | bits;
  table[510] = 2ull << GIB_TO_PTE | bits;
  return 8ull << 60 | (uint64_t)table >> 12;
}

int add(struct tally *to, int number) {
  to->rounds++;
  to->sum += number;
  return to->sum;
}

void image_main(void) {
  for (int i = 1; i <= 4; i++) {
    print("sum %d\n", add(&tally, i));
  }
  power_off(0);
}
