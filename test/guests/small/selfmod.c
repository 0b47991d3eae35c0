// Tests self-modifying code. An engine that caches decoded or translated code must handle these stores correctly:
//
// - code written to new memory, repeatedly
// - an instruction changed a few bytes ahead of the store, and one in the loop that is running
// - data stored into the page that is executing, where no instruction changes
// - an instruction that straddles a page boundary, changed in either half
#include "small.h"

#define ADDI_A0_A0(n) (0x00050513u | (uint32_t)(n) << 20)  // addi a0, a0, n
#define LI_A0(n) (0x00000513u | (uint32_t)(n) << 20)       // addi a0, zero, n
#define RET 0x00008067u

typedef uint64_t (*function)(uint64_t a0);

static _Alignas(4096) uint8_t pages[3 * 4096];

static void flush_instructions(void) { asm volatile("fence.i" : : : "memory"); }

static void put_instruction(uint8_t *at, uint32_t instruction) {
  ((volatile uint16_t *)at)[0] = instruction;
  ((volatile uint16_t *)at)[1] = instruction >> 16;
}

static void fresh_code(void) {
  uint64_t sum = 0;
  for (int i = 0; i < 200; i++) {
    put_instruction(pages, LI_A0(i));
    put_instruction(pages + 4, RET);
    flush_instructions();
    sum += ((function)pages)(0);
  }
  print("fresh code, 200 times: %lu\n", sum);
}

// The store, the fence and the changed instruction are consecutive.
static void change_ahead(void) {
  uint64_t result;
  asm volatile(
      "la t0, 1f\n"
      "li t1, %[instruction]\n"
      "li a0, 1\n"
      "sw t1, 0(t0)\n"
      "fence.i\n"
      ".balign 4\n"
      ".option push\n .option norvc\n"
      "1: addi a0, a0, 1\n"
      ".option pop\n"
      "mv %[result], a0\n"
      : [result] "=r"(result)
      : [instruction] "i"(ADDI_A0_A0(100))
      : "a0", "t0", "t1", "memory");
  print("an instruction just ahead: %lu\n", result);
}

// Each round adds the number that the previous round has written into the instruction.
static void change_in_the_loop(void) {
  uint64_t result;
  asm volatile(
      "la t0, 1f\n"
      "li t1, %[instruction]\n"
      "li t2, 0\n"
      "li t3, 50\n"
      "li t5, 1 << 20\n"
      "li a0, 0\n"
      "2:\n"
      ".balign 4\n"
      ".option push\n .option norvc\n"
      "1: addi a0, a0, 0\n"
      ".option pop\n"
      "addi t2, t2, 1\n"
      "add t1, t1, t5\n"
      "sw t1, 0(t0)\n"
      "fence.i\n"
      "blt t2, t3, 2b\n"
      "mv %[result], a0\n"
      : [result] "=r"(result)
      : [instruction] "i"(ADDI_A0_A0(0))
      : "a0", "t0", "t1", "t2", "t3", "t5", "memory");
  print("an instruction of the loop, 50 rounds: %lu\n", result);
}

// The counter is next to the code that increments it.
static void data_in_the_page(void) {
  uint64_t result;
  asm volatile(
      "la t0, 3f\n"
      "sd zero, 0(t0)\n"
      "li t1, 1000\n"
      "1: ld t2, 0(t0)\n"
      "add t2, t2, t1\n"
      "sd t2, 0(t0)\n"
      "addi t1, t1, -1\n"
      "bnez t1, 1b\n"
      "ld %[result], 0(t0)\n"
      "j 2f\n"
      ".balign 8\n"
      "3: .dword 0\n"
      "2:\n"
      : [result] "=&r"(result)
      :
      : "t0", "t1", "t2", "memory");
  print("data in the executing page: %lu\n", result);
}

// At 4094: the first half of an instruction. At 4096: its other half, followed by ret.
static void straddling(void) {
  uint8_t *at = pages + 4094;
  put_instruction(at, LI_A0(1));
  put_instruction(at + 4, RET);
  flush_instructions();
  uint64_t first = ((function)at)(1000);

  put_instruction(at, LI_A0(2));  // differs in the upper half, on the second page
  flush_instructions();
  uint64_t second = ((function)at)(1000);

  put_instruction(at, ADDI_A0_A0(2));
  flush_instructions();
  uint64_t third = ((function)at)(1000);

  *(volatile uint16_t *)at = (uint16_t)(ADDI_A0_A0(2) | 4u << 12);  // addi becomes xori: only the lower half changes
  flush_instructions();
  uint64_t fourth = ((function)at)(1003);
  print("straddling a page: %lu %lu %lu %lu\n", first, second, third, fourth);
}

// Runs code that covers a whole page and part of the next one, then changes an instruction in the middle of it.
static void long_run(void) {
  for (int i = 0; i < 1500; i++) {
    put_instruction(pages + 4 * i, ADDI_A0_A0(1));
  }
  put_instruction(pages + 4 * 1500, RET);
  flush_instructions();
  uint64_t before = ((function)pages)(0);
  put_instruction(pages + 4 * 1100, ADDI_A0_A0(501));
  flush_instructions();
  print("1500 instructions: %lu, with one changed: %lu\n", before, ((function)pages)(0));
}

int main(void) {
  fresh_code();
  change_ahead();
  change_in_the_loop();
  data_in_the_page();
  straddling();
  long_run();
  return 0;
}
