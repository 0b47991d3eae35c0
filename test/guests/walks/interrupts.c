// A timer interrupts the program every few hundred instructions, in the middle of lines, calls and prologues. The
// handler calls functions. For stepping tests; what the program computes does not matter.
#include "../lib/lib.h"

#define INTERVAL 6  // 600 ns, which are 600 steps

static volatile uint32_t ticks;
static uint32_t history[16];

static __attribute__((noinline)) void note(uint32_t tick, uint32_t value) {
  history[tick % 16] = history[(tick + 1) % 16] ^ value;
}

void machine_trap(struct trap_frame *frame) {
  ticks++;
  note(ticks, frame->epc);
  if (ticks % 4 == 0) {
    note(ticks / 4, ticks);
  }
  clint_set_timer(clint_now() + INTERVAL + ticks % 5);
}

static __attribute__((noinline)) uint32_t step(uint32_t value) { return value * 1103515245 + 12345; }

static __attribute__((noinline)) uint32_t climb(uint32_t value, uint32_t depth) {
  if (depth == 0) {
    return step(value);
  }
  uint32_t inner = climb(value ^ depth, depth - 1);
  for (uint32_t i = 0; i < 3; i++) inner = step(inner) + i;
  return inner;
}

static __attribute__((noinline)) uint32_t wait_for_ticks(uint32_t count) {
  uint32_t until = ticks + count, rounds = 0;
  while (ticks < until) rounds++;
  return rounds;
}

static __attribute__((noinline)) uint32_t round_of(uint32_t round) {
  uint32_t sum = climb(round, 1 + round % 6);
  sum += wait_for_ticks(2);
  sum ^= step(sum) + step(round);
  wait_for_interrupt();
  return sum;
}

int main(void) {
  clint_set_timer(clint_now() + INTERVAL);
  csr_set(mie, INTERRUPT_MTI);
  csr_set(mstatus, STATUS_MIE);
  uint32_t sum = 0;
  for (uint32_t round = 0; round < 100; round++) {
    sum += round_of(round);
  }
  csr_clear(mstatus, STATUS_MIE);
  print("interrupts: %s\n", ticks > 100 && sum != 0 ? "many" : "too few");
  return 0;
}
