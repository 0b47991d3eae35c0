// A race: two harts increment a counter without a lock, and increments are lost.
#include "../lib/lib.h"

#define ROUNDS 10000

static volatile uint32_t counter;
static volatile uint32_t finished;

__attribute__((interrupt("machine"), used, aligned(4))) void trap(void) { panic("unexpected trap"); }

static void count(void) {
  for (int i = 0; i < ROUNDS; i++) {
    uint32_t value = counter;
    counter = value + 1;
  }
  __atomic_fetch_add(&finished, 1, __ATOMIC_SEQ_CST);
}

_Noreturn void other_hart(uint64_t id) {
  count();
  for (;;) {
    wait_for_interrupt();
  }
}

int main(void) {
  count();
  while (finished < 2) {
  }
  if (counter != 2 * ROUNDS) {
    print("counted %u instead of %d\n", counter, 2 * ROUNDS);
    return 1;
  }
  return 0;
}
