// Tests several harts: a lock, LR and SC, software interrupts between harts, and timers and page tables of each hart.
// The output depends only on the number of harts, not on how they are scheduled.
#include "../lib/lib.h"

#define HARTS_MAX 8
#define ROUNDS 1000
#define LAPS 50
#define RINGS 10
#define INTERVAL 500  // 50 microseconds

static uint32_t present;   // the number of harts that have started
static uint32_t count;     // the number of harts to use; 0 until hart 0 sets it
static uint32_t arrivals;  // the number of times a hart has arrived at a barrier

static struct hart {
  uint64_t id;
  volatile uint32_t software_interrupts;
  volatile uint32_t timer_interrupts;
  volatile uint32_t early;
  volatile uint64_t deadline;
  uint32_t foreign;  // how often this hart read a value in its own page that another hart wrote
  uint64_t retired;
} harts[HARTS_MAX];

__attribute__((interrupt("machine"), used, aligned(4))) void trap(void) {
  struct hart *hart = &harts[csr_read(mhartid)];
  uint64_t cause = csr_read(mcause);
  if (cause == (CAUSE_INTERRUPT | 3)) {
    write32(CLINT + 4 * hart->id, 0);
    hart->software_interrupts++;
  } else if (cause == (CAUSE_INTERRUPT | 7)) {
    hart->early += clint_now() < hart->deadline;
    hart->timer_interrupts++;
    write64(CLINT + 0x4000 + 8 * hart->id, ~0UL);
  } else {
    panic("unexpected trap");
  }
}

// Sleeps until an interrupt handler has made *counter equal to `wanted`.
static void sleep_until(volatile uint32_t *counter, uint32_t wanted) {
  while (*counter < wanted) {
    wait_for_interrupt();
    csr_set(mstatus, STATUS_MIE);
    csr_clear(mstatus, STATUS_MIE);
  }
}

static uint32_t harts_here(void) { return *(volatile uint32_t *)&count; }

// A barrier: every hart spins here until all harts have arrived.
static void barrier(uint32_t number) {
  __atomic_fetch_add(&arrivals, 1, __ATOMIC_SEQ_CST);
  while (__atomic_load_n(&arrivals, __ATOMIC_SEQ_CST) < number * harts_here()) {
  }
}

// --- a lock, and LR with SC -------------------------------------------------------------------------------------------

static uint32_t lock;
static volatile uint64_t under_lock;
static uint64_t by_reservation;

static void take_turns(void) {
  for (int i = 0; i < ROUNDS; i++) {
    while (__atomic_exchange_n(&lock, 1, __ATOMIC_ACQUIRE)) {
    }
    uint64_t value = under_lock;
    for (volatile int pause = 0; pause < 5; pause++) {
    }
    under_lock = value + 1;
    __atomic_store_n(&lock, 0, __ATOMIC_RELEASE);
    uint64_t seen, failed;
    do {
      asm volatile("lr.d.aq %0, (%2)\n addi %0, %0, 1\n sc.d.rl %1, %0, (%2)"
                   : "=&r"(seen), "=&r"(failed)
                   : "r"(&by_reservation)
                   : "memory");
    } while (failed);
  }
}

// --- software interrupts ----------------------------------------------------------------------------------------------

// One interrupt is passed around: each hart that receives it interrupts the next hart.
static void go_round(struct hart *hart) {
  uint64_t next = (hart->id + 1) % harts_here();
  for (uint32_t lap = 1; lap <= LAPS; lap++) {
    if (hart->id == 0) {
      write32(CLINT + 4 * next, 1);
    }
    sleep_until(&hart->software_interrupts, lap);
    if (hart->id != 0) {
      write32(CLINT + 4 * next, 1);
    }
  }
}

// --- timers -----------------------------------------------------------------------------------------------------------

static void ring(struct hart *hart) {
  for (uint32_t i = 1; i <= RINGS; i++) {
    hart->deadline = clint_now() + INTERVAL * (hart->id + 1);
    write64(CLINT + 0x4000 + 8 * hart->id, hart->deadline);
    sleep_until(&hart->timer_interrupts, i);
  }
}

// --- page tables ------------------------------------------------------------------------------------------------------

// The same address maps to a different page on each hart. It is written and read with supervisor privilege (MPRV).
#define OWN 0x40000000UL
static _Alignas(4096) uint64_t tables[HARTS_MAX][3][512];
static _Alignas(4096) uint64_t own_pages[HARTS_MAX][512];

static uint64_t entry(void *page, uint64_t bits) { return (uint64_t)page >> 12 << 10 | bits; }

static void translate(struct hart *hart) {
  enum { TABLE = 0x01, LEAF = 0xcf };
  uint64_t(*table)[512] = tables[hart->id];
  table[0][RAM >> 30] = entry((void *)RAM, LEAF);
  table[0][OWN >> 30] = entry(table[1], TABLE);
  table[1][0] = entry(table[2], TABLE);
  table[2][0] = entry(own_pages[hart->id], LEAF);
  csr_write(pmpaddr0, ~0UL >> 10);
  csr_write(pmpcfg0, 0x1f);
  csr_write(satp, 8UL << 60 | (uint64_t)table[0] >> 12);
  asm volatile("sfence.vma" : : : "memory");
  csr_set(mstatus, STATUS_MPP_S);
  csr_set(mstatus, STATUS_MPRV);
  uint32_t foreign = 0;
  for (uint64_t i = 1; i <= 20 * ROUNDS; i++) {
    uint64_t value = i << 8 | hart->id;
    write64(OWN + 8 * (i % 512), value);
    foreign += read64(OWN + 8 * (i % 512)) != value || (i > 1 && read64(OWN + 8 * ((i - 1) % 512)) != value - 256);
  }
  csr_clear(mstatus, STATUS_MPRV);
  csr_write(satp, 0);
  hart->foreign = foreign;
}

// --- counters ---------------------------------------------------------------------------------------------------------

#define LOOPS 50000
static void count_own(struct hart *hart) {
  uint64_t loops = LOOPS, before, after;
  asm volatile("csrr %1, minstret\n 1: addi %0, %0, -1\n bnez %0, 1b\n csrr %2, minstret"
               : "+r"(loops), "=&r"(before), "=&r"(after));
  hart->retired = after - before;
}

// --- all of it --------------------------------------------------------------------------------------------------------

static void work(struct hart *hart) {
  csr_set(mie, INTERRUPT_MSI | INTERRUPT_MTI);
  barrier(1);
  take_turns();
  barrier(2);
  go_round(hart);
  barrier(3);
  ring(hart);
  barrier(4);
  translate(hart);
  barrier(5);
  count_own(hart);
  barrier(6);
}

_Noreturn void other_hart(uint64_t id) {
  harts[id].id = id;
  __atomic_fetch_add(&present, 1, __ATOMIC_SEQ_CST);
  while (harts_here() == 0) {
  }
  work(&harts[id]);
  for (;;) {
    wait_for_interrupt();
  }
}

// Returns the number of nodes in the device tree whose names start with cpu@.
static uint32_t harts_in(const uint8_t *tree) {
  uint32_t size = (uint32_t)tree[4] << 24 | tree[5] << 16 | tree[6] << 8 | tree[7], found = 0;
  for (uint32_t i = 0; i + 4 <= size; i++) {
    found += memcmp(tree + i, "cpu@", 4) == 0;
  }
  return found;
}

int main(uint64_t id, const uint8_t *tree) {
  uint32_t expected = harts_in(tree);
  __atomic_fetch_add(&present, 1, __ATOMIC_SEQ_CST);
  while (__atomic_load_n(&present, __ATOMIC_SEQ_CST) < expected) {
  }
  print("%d harts\n", present);
  count = present;
  work(&harts[0]);
  print("under the lock: %lu, by LR and SC: %lu\n", under_lock, by_reservation);
  for (uint32_t i = 0; i < present; i++) {
    struct hart *hart = &harts[i];
    print("hart %lu: %d software interrupts, %d timer interrupts, %d early, %d foreign values\n", hart->id,
          hart->software_interrupts, hart->timer_interrupts, hart->early, hart->foreign);
    print("  it counts its own instructions only: %s\n", hart->retired == 2 * LOOPS + 1 ? "yes" : "no");
  }
  return 0;
}
