// The store's operations: open, put, get, delete.
//
// A key's slot is the first one, starting at the key's hash, that already belongs to the key or is free. Deleted slots
// stay in the chain and are reused only for the same key.
#include "store.h"

// The number of puts that still belong to the transaction started by store_begin_batch().
static uint32_t batch_left;

void store_write_superblock(void) {
  static uint8_t block[BLOCK_BYTES];

  store.superblock.checksum = crc32(0, &store.superblock, offsetof(struct superblock, checksum));
  memcpy(block, &store.superblock, sizeof store.superblock);
  blocks_write(SUPERBLOCK_AT, block, BLOCK_BYTES);
  blocks_flush();
}

static bool read_superblock(void) {
  static uint8_t block[BLOCK_BYTES];
  struct superblock found;

  blocks_read(SUPERBLOCK_AT, block, BLOCK_BYTES);
  memcpy(&found, block, sizeof found);
  if (found.magic != SUPERBLOCK_MAGIC || found.checksum != crc32(0, &found, offsetof(struct superblock, checksum))) {
    return false;
  }
  store.superblock = found;
  return true;
}

static void format(void) {
  static uint8_t zeros[16 * BLOCK_BYTES];

  for (uint32_t block = 0; block < TABLE_AT + TABLE_SLOTS; block += 16) {
    blocks_write(block, zeros, sizeof zeros);
  }
  store.superblock.entry_count = 0;
  store.superblock.journal_sequence = 1;
  store.superblock.boots = 0;
  store.superblock.magic = SUPERBLOCK_MAGIC;
  memcpy(store.superblock.label, "demo", 5);
  store_write_superblock();
}

// Reads the whole table into the directory and counts the live entries.
static void load_directory(void) {
  struct entry entry;
  uint32_t live = 0;

  for (int slot = 0; slot < TABLE_SLOTS; slot++) {
    blocks_read(TABLE_AT + slot, &entry, BLOCK_BYTES);
    store.directory[slot].state = entry.state;
    store.directory[slot].journal_record = NOT_IN_JOURNAL;
    memcpy(store.directory[slot].key, entry.key, KEY_BYTES);
    if (entry.state == ENTRY_LIVE) {
      live++;
    }
  }
  store.superblock.entry_count = live;
}

void store_open(void) {
  if (!read_superblock()) {
    print("kv: no superblock, formatting\n");
    format();
  } else {
    print("kv: found store \"%s\", boot %u, %s\n", store.superblock.label, store.superblock.boots + 1,
          store.superblock.clean ? "closed in order" : "not closed in order");
    print("journal: %u records replayed\n", journal_replay());
  }
  load_directory();
  store.superblock.boots++;
  store.superblock.clean = 0;
  store_write_superblock();
  print("kv: open, %u entries\n", store.superblock.entry_count);
}

static uint32_t hash(const char *key) {
  uint32_t value = 2166136261u;
  for (; *key; key++) {
    value = (value ^ (uint8_t)*key) * 16777619u;
  }
  return value % TABLE_SLOTS;
}

// Returns the slot that contains the key or, if there is none, the free slot it would get; -1 if the table is full.
static int find_slot(const char *key) {
  for (uint32_t step = 0; step < TABLE_SLOTS; step++) {
    int slot = (hash(key) + step) % TABLE_SLOTS;
    if (store.directory[slot].state == ENTRY_FREE || strcmp(store.directory[slot].key, key) == 0) {
      return slot;
    }
  }
  return -1;
}

void store_read_slot(int slot, struct entry *into) {
  int record = store.directory[slot].journal_record;
  blocks_read(record == NOT_IN_JOURNAL ? TABLE_AT + slot : JOURNAL_AT + record, into, BLOCK_BYTES);
}

void store_begin_batch(uint32_t changes) {
  journal_make_room(changes);
  batch_left = changes;
}

// Writes one change to the journal. A single change is a transaction by itself; in a batch, the last change commits.
static void change(struct entry *entry) {
  if (batch_left == 0) {
    journal_make_room(1);
    entry->commits = 1;
  } else {
    batch_left--;
    entry->commits = batch_left == 0;
  }
  journal_append(entry);
}

bool store_put(const char *key, const void *value, uint32_t length) {
  static struct entry entry;
  int slot = find_slot(key);
  if (slot < 0 || length > VALUE_BYTES) {
    return false;
  }

  memset(&entry, 0, sizeof entry);
  entry.state = ENTRY_LIVE;
  entry.slot = slot;
  entry.length = length;
  memcpy(entry.key, key, strlen(key));
  memcpy(entry.value, value, length);
  change(&entry);

  if (store.directory[slot].state != ENTRY_LIVE) {
    store.directory[slot].state = ENTRY_LIVE;
    memcpy(store.directory[slot].key, entry.key, KEY_BYTES);
    store.superblock.entry_count++;
  }
  return true;
}

bool store_get(const char *key, struct entry *found) {
  int slot = find_slot(key);
  if (slot < 0 || store.directory[slot].state != ENTRY_LIVE) {
    return false;
  }
  store_read_slot(slot, found);
  return true;
}

bool store_delete(const char *key) {
  static struct entry entry;
  int slot = find_slot(key);
  if (slot < 0 || store.directory[slot].state != ENTRY_LIVE) {
    return false;
  }

  store_read_slot(slot, &entry);
  entry.state = ENTRY_DELETED;
  change(&entry);
  store.directory[slot].state = ENTRY_DELETED;
  store.superblock.entry_count--;
  return true;
}
