// A small journaled key-value store on a disk: the layout on the disk and the parts that work on it.
//
//   block 0          superblock
//   blocks 1..64     journal: the newest changes, in order, one block each
//   blocks 128..383  table: one entry a block
//
// A change goes to the journal first. When the journal has filled up, a checkpoint copies its records to their places in
// the table and moves the superblock's journal_sequence past them. After a crash the records from there on are replayed.
#pragma once

#include "../lib/lib.h"

#define BLOCK_BYTES 1024
#define KEY_BYTES 32
#define VALUE_BYTES (BLOCK_BYTES - KEY_BYTES - 6 * sizeof(uint32_t))

#define SUPERBLOCK_AT 0
#define JOURNAL_AT 1
#define JOURNAL_RECORDS 64
#define TABLE_AT 128
#define TABLE_SLOTS 256

#define BACKLOG_LEVELS 8

// Block 0, and its copy in memory.
struct superblock {
  uint32_t entry_count;       // live entries, those in the journal included
  uint32_t journal_sequence;  // of the first record that is not in the table yet
  uint32_t boots;
  uint32_t clean;  // 1: closed in order, nothing to replay
  char label[16];
  uint32_t magic;     // this and the checksum come last: they tell a half-written superblock
  uint32_t checksum;  // of all before it
};

#define SUPERBLOCK_MAGIC 0x31766b62  // "bkv1"

enum entry_state { ENTRY_FREE, ENTRY_LIVE, ENTRY_DELETED };

// One entry of the table, and one record of the journal: a record is the entry as it shall become.
struct entry {
  uint32_t state;
  uint32_t slot;
  uint32_t sequence;  // counts changes from the store's first day
  uint32_t commits;   // 1: ends its transaction; a replay stops after the last record that has it
  uint32_t length;
  char key[KEY_BYTES];
  uint8_t value[VALUE_BYTES];
  uint32_t checksum;  // of all before it
};

// What memory knows of a slot, so that keys are found without reading the disk.
struct slot {
  uint32_t state;
  char key[KEY_BYTES];
  int journal_record;  // where its newest contents are; NOT_IN_JOURNAL: in the table
};

#define NOT_IN_JOURNAL (-1)

struct journal {
  uint32_t pending;  // records written since the last checkpoint
  uint32_t checkpoints;
  uint32_t slot_of[JOURNAL_RECORDS];
};

// Sampled by the timer interrupt.
struct statistics {
  uint64_t ticks;
  uint32_t idle_ticks;                    // the processor waited for the disk
  uint32_t busy_ticks;
  uint32_t last_seen_us[BACKLOG_LEVELS];  // when the journal was last seen this full, in microseconds
};

struct store {
  struct slot directory[TABLE_SLOTS];
  struct journal journal;
  struct statistics statistics;
  struct superblock superblock;
};

extern struct store store;

// store.c: the operations. They return false for "no such key" or "no room".
void store_open(void);
bool store_put(const char *key, const void *value, uint32_t length);
bool store_get(const char *key, struct entry *found);
bool store_delete(const char *key);
void store_begin_batch(uint32_t changes);  // the next `changes` puts become one transaction
void store_read_slot(int slot, struct entry *into);
void store_write_superblock(void);

// journal.c
void journal_append(struct entry *record);
void journal_make_room(uint32_t records);
void journal_checkpoint(void);
uint32_t journal_replay(void);  // how many records
uint32_t entry_checksum(const struct entry *entry);

// verify.c: compares everything with everything; the number of complaints.
int verify_store(void);

// statistics.c: called a thousand times a second.
void statistics_sample(struct statistics *statistics);
void statistics_report(const struct statistics *statistics);

// blocks.c: whole blocks, and sleep until they are there.
void blocks_start(void);
void blocks_read(uint32_t block, void *into, uint32_t bytes);
void blocks_write(uint32_t block, const void *from, uint32_t bytes);
void blocks_flush(void);
void blocks_interrupt(void);
uint32_t blocks_request_count(void);
extern volatile bool blocks_waiting;

// workload.c
void workload_run(void);
