// sleep MS: sleeps for MS milliseconds.
#include "user.h"

int main(int argc, char **argv) {
  int milliseconds = argc > 1 ? parse_number(argv[1]) : 10;
  uint64_t start = sys_uptime();

  sys_sleep(milliseconds);
  print("slept %s\n", sys_uptime() - start >= (uint64_t)milliseconds ? "well" : "badly");
  return 0;
}
