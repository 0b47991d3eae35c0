// A deadlock: two harts take two locks in opposite order. A lock that is not free after a million tries is a panic.
#include "../lib/lib.h"

#define ROUNDS 100000
#define TRIES_MAX 1000000

static uint32_t tree_lock, log_lock;

__attribute__((interrupt("machine"), used, aligned(4))) void trap(void) { panic("unexpected trap"); }

static void acquire(uint32_t *lock) {
  for (uint32_t tries = 0; __atomic_exchange_n(lock, 1, __ATOMIC_ACQUIRE) != 0; tries++) {
    if (tries == TRIES_MAX) {
      panic("a lock is not released");
    }
  }
}

static void release(uint32_t *lock) { __atomic_store_n(lock, 0, __ATOMIC_RELEASE); }

static void insert(void) {
  acquire(&tree_lock);
  acquire(&log_lock);
  release(&log_lock);
  release(&tree_lock);
}

static void write_back(void) {
  acquire(&log_lock);
  acquire(&tree_lock);
  release(&tree_lock);
  release(&log_lock);
}

_Noreturn void other_hart(uint64_t id) {
  for (;;) {
    write_back();
  }
}

int main(void) {
  for (int i = 0; i < ROUNDS; i++) {
    insert();
  }
  return 0;
}
