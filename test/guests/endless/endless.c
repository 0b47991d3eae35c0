// Computes forever without waiting, and prints each round. For tests that act while a machine is computing.
#include "../lib/lib.h"

#define WORDS 4096

static uint32_t words[WORDS];

// Executes one or two million instructions.
static uint32_t work(uint32_t seed) {
  for (int pass = 0; pass < 20; pass++) {
    for (int i = 0; i < WORDS; i++) {
      seed = seed * 1664525 + 1013904223;
      words[i] ^= seed;
    }
  }
  return seed;
}

void machine_trap(struct trap_frame *frame) {
  panic("a trap where none was expected");
}

int main(void) {
  uint32_t seed = 1;
  for (int round = 1;; round++) {
    seed = work(seed);
    print("round %d: %x\n", round, seed);
  }
}
