// Optimized code with tail calls, jumps out of nested calls as with longjmp, inlining chosen by the compiler, and lines
// with several address ranges. For stepping tests; what the program computes does not matter.
#include "../lib/lib.h"

#define NOT_INLINED __attribute__((noinline, noclone))

static uint32_t trail;

static NOT_INLINED uint32_t finish(uint32_t value) {
  trail = trail * 33 + value;
  return value ^ trail;
}

static NOT_INLINED uint32_t through(uint32_t value) { return finish(value + 1); }

static NOT_INLINED uint32_t choose(uint32_t value) {
  if (value % 3 == 0) {
    return through(value);
  }
  if (value % 3 == 1) {
    return finish(value);
  }
  return value;
}

static NOT_INLINED uint32_t down(uint32_t count, uint32_t sum) {
  if (count == 0) {
    return finish(sum);
  }
  return down(count - 1, sum + choose(count));
}

// The registers that setjmp saves: ra, sp and s0 to s11.
static uint64_t kept[14];
__attribute__((returns_twice)) int mark(uint64_t *kept);
_Noreturn void jump(uint64_t *kept);
asm(".text\n.globl mark\n.type mark, @function\n"
    "mark:\n"
    " sd ra, 0(a0)\n sd sp, 8(a0)\n sd s0, 16(a0)\n sd s1, 24(a0)\n sd s2, 32(a0)\n sd s3, 40(a0)\n sd s4, 48(a0)\n"
    " sd s5, 56(a0)\n sd s6, 64(a0)\n sd s7, 72(a0)\n sd s8, 80(a0)\n sd s9, 88(a0)\n sd s10, 96(a0)\n"
    " sd s11, 104(a0)\n li a0, 0\n ret\n.size mark, . - mark\n"
    ".globl jump\n.type jump, @function\n"
    "jump:\n"
    " ld ra, 0(a0)\n ld sp, 8(a0)\n ld s0, 16(a0)\n ld s1, 24(a0)\n ld s2, 32(a0)\n ld s3, 40(a0)\n ld s4, 48(a0)\n"
    " ld s5, 56(a0)\n ld s6, 64(a0)\n ld s7, 72(a0)\n ld s8, 80(a0)\n ld s9, 88(a0)\n ld s10, 96(a0)\n"
    " ld s11, 104(a0)\n li a0, 1\n ret\n.size jump, . - jump\n");

static NOT_INLINED uint32_t deep(uint32_t level, uint32_t limit) {
  if (level > limit) {
    jump(kept);
  }
  if (level == 9) {
    return limit;
  }
  uint32_t below = deep(level + 1, limit);
  return below + level;
}

static NOT_INLINED uint32_t guarded(uint32_t limit) {
  if (mark(kept)) {
    trail++;
    return trail;
  }
  return deep(0, limit);
}

static uint32_t square(uint32_t value) { return value * value; }

static NOT_INLINED uint32_t scan(const uint32_t *values, uint32_t count) {
  uint32_t best = 0;
  for (uint32_t i = 0; i < count; i++) {
    uint32_t score = square(values[i] % 100) + (values[i] > 500 ? 7 : square(i));
    if (score > best) {
      best = score;
    }
  }
  return best;
}

static NOT_INLINED uint32_t round_of(uint32_t round) {
  uint32_t values[12];
  for (uint32_t i = 0; i < 12; i++) {
    values[i] = choose(round * i) % 1000;
  }
  uint32_t sum = scan(values, 12);
  sum += down(round % 7, sum);
  sum += guarded(round % 4 * 4);
  return sum;
}

int main(void) {
  uint32_t sum = 0;
  for (uint32_t round = 0; round < 60; round++) {
    sum += round_of(round);
  }
  print("tails: %x\n", sum);
  return 0;
}
