// The demo's workload: it loads customers, imports a batch, serves a mix of reads and updates, and audits the store.
//
// All numbers come from a single generator with a fixed seed, so every run does the same work.
#include "store.h"

#define CUSTOMERS 96
#define VISITORS 16
#define SERVED 240
#define AUDITS 8

static uint32_t random_state;
static uint32_t version;  // increases with every value written, so that no two values are equal

static uint32_t random_number(void) {
  random_state ^= random_state << 13;
  random_state ^= random_state >> 17;
  random_state ^= random_state << 5;
  return random_state;
}

static void make_key(char *key, const char *kind, int number) {
  size_t length = strlen(kind);
  memcpy(key, kind, length);
  key[length] = ':';
  key[length + 1] = '0' + number / 100;
  key[length + 2] = '0' + number / 10 % 10;
  key[length + 3] = '0' + number % 10;
  key[length + 4] = 0;
}

static void put(const char *kind, int number) {
  char key[KEY_BYTES];
  uint32_t value[200];

  make_key(key, kind, number);
  value[0] = ++version;
  for (int i = 1; i < 200; i++) {
    value[i] = random_number();
  }
  if (!store_put(key, value, sizeof value)) {
    panic("workload: no room in the store");
  }
}

static void check(const char *kind, int number) {
  char key[KEY_BYTES];
  struct entry entry;

  make_key(key, kind, number);
  if (!store_get(key, &entry) || entry.checksum != entry_checksum(&entry)) {
    panic("workload: an entry is lost");
  }
}

static void load(void) {
  char key[KEY_BYTES];

  for (int i = 0; i < CUSTOMERS; i++) {
    put("customer", i);
    if (i % (CUSTOMERS / VISITORS) == 0) {
      put("visitor", i);
    }
  }
  for (int i = 0; i < CUSTOMERS; i += CUSTOMERS / VISITORS) {
    make_key(key, "visitor", i);
    store_delete(key);
  }
  print("load: %d customers came, %d visitors came and went, %u checkpoints\n", CUSTOMERS, VISITORS,
        store.journal.checkpoints);
}

static void import(void) {
  store_begin_batch(JOURNAL_RECORDS);
  for (int i = 0; i < JOURNAL_RECORDS; i++) {
    put("customer", i);
  }
  print("import: %d customers changed in one transaction\n", JOURNAL_RECORDS);
}

static void serve(void) {
  int reads = 0;
  for (int i = 0; i < SERVED; i++) {
    int customer = random_number() % CUSTOMERS;
    if (random_number() % 4 == 0) {
      put("customer", customer);
    } else {
      check("customer", customer);
      reads++;
    }
  }
  print("serve: %d reads, %d updates, %u checkpoints\n", reads, SERVED - reads, store.journal.checkpoints);
}

static void audit(int round) {
  for (int i = 0; i < CUSTOMERS; i++) {
    check("customer", i);
  }
  print("audit: round %d of %d, %d customers are as they should be\n", round, AUDITS, CUSTOMERS);
}

void workload_run(void) {
  random_state = 20250117;
  version = store.superblock.boots * 1000;
  load();
  import();
  serve();
  for (int round = 1; round <= AUDITS; round++) {
    audit(round);
  }
}
