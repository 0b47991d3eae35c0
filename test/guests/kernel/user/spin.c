// spin N: starts N children that compute for several time slices each, so that the timer preempts them in turn.
#include "user.h"

#define ROUNDS 400000

static uint32_t compute(uint32_t seed) {
  uint32_t value = seed;
  for (int i = 0; i < ROUNDS; i++) {
    value = value * 1664525 + 1013904223;
  }
  return value;
}

int main(int argc, char **argv) {
  int children = argc > 1 ? parse_number(argv[1]) : 2;
  int started = 0;
  uint32_t sum = 0;
  int code;

  for (int i = 0; i < children; i++) {
    int pid = sys_fork();
    if (pid == 0) {
      sys_exit(compute(i + 1) >> 8 & 0xffff);
    }
    if (pid > 0) {
      started++;
    }
  }
  while (sys_wait(&code) > 0) {
    sum += code;
  }
  print("%d children have computed %u\n", started, sum);
  return 0;
}
