// Contains lines of every kind: loops on one line, several statements on a line, statements over several lines, switch,
// goto, macros, and short-circuit conditions. For stepping tests; what the program computes does not matter.
#include "../lib/lib.h"

#define SWAP(a, b) do { uint32_t swapped = (a); (a) = (b); (b) = swapped; } while (0)
#define LARGER(a, b) ((a) > (b) ? (a) : (b))

static uint32_t state = 1;

static uint32_t next(void) {
  state ^= state << 13; state ^= state >> 17; state ^= state << 5;
  return state;
}

static uint32_t count_bits(uint32_t value) {
  uint32_t count = 0;
  for (; value != 0; value &= value - 1) count++;
  return count;
}

static uint32_t classify(uint32_t value) {
  switch (value % 8) {
    case 0:
      return 1;
    case 1:
    case 2:
      value += 3;
      break;
    case 3: value *= 5; break;
    case 4: {
      uint32_t half = value / 2;
      value = half + 1;
      // falls through
    }
    __attribute__((fallthrough));
    case 5:
      while (value > 100) value /= 3;
      break;
    case 6:
      do {
        value = value / 2 + 1;
      } while (value > 50);
      break;
    default:
      value = ~value;
  }
  return value;
}

static void sort(uint32_t *values, int count) {
  for (int i = 1; i < count; i++)
    for (int k = i; k > 0 && values[k - 1] > values[k]; k--) SWAP(values[k - 1], values[k]);
}

static uint32_t search(uint32_t limit) {
  for (uint32_t a = 1; a < limit; a++) {
    for (uint32_t b = a; b < limit; b++) {
      if (a * b % 7 == 3) continue;
      if (a * a + b * b == limit) goto found;
      if (b > 12) break;
    }
  }
  return 0;
found:
  return limit;
}

static uint32_t round_of(uint32_t round) {
  uint32_t values[10], largest = 0, i = 0;
  while (i < 10) values[i++] = next() % 1000;
  sort(values, 10);
  for (i = 0; i < 10; i++) { largest = LARGER(largest, values[i]); if (largest > 990) break; }
  uint32_t sum = values[0] +
                 classify(values[1]) * 3 +
                 (values[2] > 100 && values[3] > 200 && next() % 2 == 0
                      ? count_bits(values[4])
                      : classify(values[5]));
  for (uint32_t k = 0; k < 5; k++) sum += k * round;
  if (sum % 2) { sum /= 2; } else if (sum % 3) { sum /= 3; } else sum++;
  return sum ^= search(round % 60), sum + largest;
}

int main(void) {
  uint32_t sum = 0;
  for (uint32_t round = 0; round < 40; round++) {
    sum += round_of(round);
  }
  print("lines: %x\n", sum);
  return 0;
}
