// Stack overflow: a task's stack is too small for its recursion, and grows into the variables below it.
#include "../lib/lib.h"

#define BALANCE 1000

static _Alignas(16) struct {
  uint64_t history[32];
  uint64_t balance[2];
  uint64_t stack[128];
} task = {.balance = {BALANCE, BALANCE}};

static uint64_t total;

static uint64_t sum_to(uint64_t number) {
  uint64_t parts[2] = {number, 0};
  if (number > 0) {
    parts[1] = sum_to(number - 1);
  }
  return parts[0] + parts[1];
}

static void run_task(void) { total = sum_to(21); }

// Calls a function on another stack.
static void call_on(uint64_t *stack_top, void (*function)(void)) {
  asm volatile("mv s1, sp\n mv sp, %0\n jalr %1\n mv sp, s1"
               :
               : "r"(stack_top), "r"(function)
               : "memory", "ra", "s1", "t0", "t1", "t2", "t3", "t4", "t5", "t6", "a0", "a1", "a2", "a3", "a4", "a5",
                 "a6", "a7");
}

int main(void) {
  call_on(task.stack + 128, run_task);
  print("the total is %lu\n", total);
  if (task.balance[0] != BALANCE || task.balance[1] != BALANCE) {
    print("the balance is %lu instead of %d\n", task.balance[1], BALANCE);
    return 1;
  }
  return 0;
}
