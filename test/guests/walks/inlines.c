// Contains functions that are inlined at -Og, nested and in conditions, and a line with code at several addresses. For
// stepping tests; what the program computes does not matter.
#include "../lib/lib.h"

#define RING_BYTES 16

static struct {
  uint8_t bytes[RING_BYTES];
  uint32_t first, count;
} ring;

static inline __attribute__((always_inline)) bool is_full(void) { return ring.count == RING_BYTES; }
static inline __attribute__((always_inline)) uint32_t place(uint32_t offset) {
  return (ring.first + offset) % RING_BYTES;
}

static inline __attribute__((always_inline)) bool put(uint8_t byte) {
  if (is_full()) {
    return false;
  }
  ring.bytes[place(ring.count)] = byte;
  ring.count++;
  return true;
}

static inline __attribute__((always_inline)) int take(void) {
  if (ring.count == 0) {
    return -1;
  }
  int byte = ring.bytes[ring.first];
  ring.first = place(1);
  ring.count--;
  return byte;
}

static __attribute__((noinline)) uint32_t checksum(uint32_t sum, const uint8_t *bytes, size_t count) {
  for (size_t i = 0; i < count; i++) {
    sum = sum * 31 + bytes[i];
  }
  return sum;
}

static __attribute__((noinline)) int fill(uint32_t seed) {
  int refused = 0;
  for (uint32_t i = 0; i < seed % 24; i++) {
    if (!put((seed >> (i % 8)) + i)) {
      refused++;
    }
  }
  return refused;
}

static __attribute__((noinline)) uint32_t drain(uint32_t sum) {
  int byte;
  while ((byte = take()) >= 0) {
    if (byte == 13) continue;
    sum = checksum(sum, ring.bytes, 1 + byte % 4) ^ byte;
  }
  return sum;
}

static __attribute__((noinline)) uint32_t round_of(uint32_t seed) {
  int refused = fill(seed);
  uint32_t sum = seed;
  if (refused > 3 || is_full()) {
    take(), take();
    sum += refused;
  }
  sum = drain(sum);
  return sum % 2 ? checksum(sum, ring.bytes, sizeof ring.bytes) : sum;
}

int main(void) {
  uint32_t sum = 7;
  for (uint32_t round = 0; round < 60; round++) {
    sum += round_of(sum % 1000 + round);
  }
  print("inlines: %x\n", sum);
  return 0;
}
