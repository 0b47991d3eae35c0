/*
 * Every hart takes the same lock twice, so it waits for the second lock forever. Measures what waiting costs with each
 * kind of lock. SPIN_LOAD only reads the lock, which is the cheapest way to wait.
 */
#if defined(SPIN_LOAD)

static volatile unsigned lock;
static void acquire(void) {
  while (lock != 0)
    ;
  lock = 1;
}

#elif defined(SPIN_SWAP)

static unsigned lock;
static void acquire(void) {
  while (__atomic_exchange_n(&lock, 1, __ATOMIC_ACQUIRE) != 0)
    ;
}

#elif defined(SPIN_CAS)

static unsigned lock;
static void acquire(void) {
  unsigned expected = 0;
  while (!__atomic_compare_exchange_n(&lock, &expected, 1, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) expected = 0;
}

#elif defined(SPIN_TICKET)

static unsigned next_ticket, now_serving;
static void acquire(void) {
  unsigned ticket = __atomic_fetch_add(&next_ticket, 1, __ATOMIC_RELAXED);
  while (__atomic_load_n(&now_serving, __ATOMIC_ACQUIRE) != ticket) __asm__ volatile(".insn 0x0100000f # pause");
}

#elif defined(SPIN_COUNTER)

/* Takes no lock: all harts increment a counter with LR and SC. */
static unsigned long count;
static void acquire(void) {
  for (;;) {
    unsigned long old = __atomic_load_n(&count, __ATOMIC_RELAXED);
    __atomic_compare_exchange_n(&count, &old, old + 1, 0, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
  }
}

#endif

void spin(void) {
  acquire();
  acquire();
}
