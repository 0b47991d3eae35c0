// primes N: counts the primes below N with a sieve in new memory. Each of its pages is allocated on a page fault.
#include "user.h"

int main(int argc, char **argv) {
  uint64_t limit = argc > 1 ? parse_number(argv[1]) : 1000;
  uint8_t *composite = sys_sbrk(limit + 1);
  uint64_t count = 0;
  uint64_t last = 0;

  for (uint64_t n = 2; n < limit; n++) {
    if (composite[n]) {
      continue;
    }
    count++;
    last = n;
    for (uint64_t multiple = n * n; multiple < limit; multiple += n) {
      composite[multiple] = 1;
    }
  }
  print("%lu primes below %lu, the last is %lu\n", count, limit, last);
  return 0;
}
