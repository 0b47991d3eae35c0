// Tests misaligned loads and stores of every width at every offset, in a page and across its end. QEMU's hart performs
// all of them without a trap, and so must a compatible machine.
#include "small.h"

#define PAGE_END (SCRATCH + 4096)

static uint64_t load(int width, bool is_signed, uint64_t address) {
  uint64_t value;
  switch (width * 2 + is_signed) {
    case 4: asm volatile("lhu %0, 0(%1)" : "=r"(value) : "r"(address) : "memory"); break;
    case 5: asm volatile("lh %0, 0(%1)" : "=r"(value) : "r"(address) : "memory"); break;
    case 8: asm volatile("lwu %0, 0(%1)" : "=r"(value) : "r"(address) : "memory"); break;
    case 9: asm volatile("lw %0, 0(%1)" : "=r"(value) : "r"(address) : "memory"); break;
    default: asm volatile("ld %0, 0(%1)" : "=r"(value) : "r"(address) : "memory");
  }
  return value;
}

static void store(int width, uint64_t address, uint64_t value) {
  switch (width) {
    case 2: asm volatile("sh %0, 0(%1)" : : "r"(value), "r"(address) : "memory"); break;
    case 4: asm volatile("sw %0, 0(%1)" : : "r"(value), "r"(address) : "memory"); break;
    default: asm volatile("sd %0, 0(%1)" : : "r"(value), "r"(address) : "memory");
  }
}

static void fill(void) {
  for (int i = 0; i < 64; i++) {
    ((uint8_t *)PAGE_END - 32)[i] = i * 37 + 129;
  }
}

static void loads(int width) {
  uint32_t sum = 0;
  fill();
  for (uint64_t address = PAGE_END - 16; address < PAGE_END + 8; address++) {
    uint64_t values[2] = {load(width, false, address), load(width, true, address)};
    sum = crc32(sum, values, sizeof values);
  }
  print("loads of %d bytes:  %08x, across the page's end %016lx\n", width, sum, load(width, true, PAGE_END - width / 2));
}

static void stores(int width) {
  uint32_t sum = 0;
  for (uint64_t address = PAGE_END - 16; address < PAGE_END + 8; address++) {
    fill();
    store(width, address, 0xfedcba9876543210 ^ address);
    sum = crc32(sum, (void *)(PAGE_END - 32), 64);
  }
  print("stores of %d bytes: %08x\n", width, sum);
}

int main(void) {
  begin_trap_watch();
  for (int width = 2; width <= 8; width *= 2) {
    loads(width);
    stores(width);
  }
  print("traps: %s\n", seen.cause == NO_TRAP ? "none" : "some");
  return 0;
}
