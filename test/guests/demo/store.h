// A small journaled key-value store on a disk: the disk layout and the functions that work on it.
//
//   block 0          superblock
//   blocks 1..64     journal: the newest changes, in order, one block each
//   blocks 128..383  table: one entry per block
//
// A change goes to the journal first. When the journal is full, a checkpoint copies its records to their blocks in the
// table and moves the superblock's journal_sequence past them. After a crash, all later records are replayed.
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
  uint32_t entry_count;       // live entries, including those in the journal
  uint32_t journal_sequence;  // number of the first record that is not in the table yet
  uint32_t boots;
  uint32_t clean;  // 1: closed cleanly, nothing to replay
  char label[16];
  uint32_t magic;     // this and the checksum come last, so that a half-written superblock is detected
  uint32_t checksum;  // covers everything before it
};

#define SUPERBLOCK_MAGIC 0x31766b62  // "bkv1"

enum entry_state { ENTRY_FREE, ENTRY_LIVE, ENTRY_DELETED };

// An entry of the table, or a record of the journal, which contains an entry's new contents.
struct entry {
  uint32_t state;
  uint32_t slot;
  uint32_t sequence;  // counts changes since the store was created
  uint32_t commits;   // 1: the record ends its transaction; a replay stops after the last such record
  uint32_t length;
  char key[KEY_BYTES];
  uint8_t value[VALUE_BYTES];
  uint32_t checksum;  // covers everything before it
};

// In-memory information about a slot, so that keys are found without reading the disk.
struct slot {
  uint32_t state;
  char key[KEY_BYTES];
  int journal_record;  // the record with the newest contents, or NOT_IN_JOURNAL if they are in the table
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
  uint32_t idle_ticks;                    // timer ticks during which the processor waited for the disk
  uint32_t busy_ticks;
  uint32_t last_seen_us[BACKLOG_LEVELS];  // when the journal was last this full, in microseconds
};

struct store {
  struct slot directory[TABLE_SLOTS];
  struct journal journal;
  struct statistics statistics;
  struct superblock superblock;
};

extern struct store store;

// store.c: the operations. They return false if there is no such key or no space.
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
uint32_t journal_replay(void);  // returns the number of replayed records
uint32_t entry_checksum(const struct entry *entry);

// verify.c: checks the whole store and returns the number of errors.
int verify_store(void);

// statistics.c: called a thousand times per second.
void statistics_sample(struct statistics *statistics);
void statistics_report(const struct statistics *statistics);

// blocks.c: reads and writes whole blocks, and sleeps until they have been transferred.
void blocks_start(void);
void blocks_read(uint32_t block, void *into, uint32_t bytes);
void blocks_write(uint32_t block, const void *from, uint32_t bytes);
void blocks_flush(void);
void blocks_interrupt(void);
uint32_t blocks_request_count(void);
extern volatile bool blocks_waiting;

// workload.c
void workload_run(void);
