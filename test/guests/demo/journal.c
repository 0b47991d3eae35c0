// The journal: changes are written here before they are applied to the table.
//
// The records are stored from block JOURNAL_AT on, oldest first. Record i has the sequence number
// superblock.journal_sequence + i, which lets a replay distinguish current records from those of an earlier round.
#include "store.h"

uint32_t entry_checksum(const struct entry *entry) {
  return crc32(0, entry, offsetof(struct entry, checksum));
}

void journal_append(struct entry *record) {
  struct journal *journal = &store.journal;

  record->sequence = store.superblock.journal_sequence + journal->pending;
  record->checksum = entry_checksum(record);
  blocks_write(JOURNAL_AT + journal->pending, record, BLOCK_BYTES);
  if (record->commits) {
    blocks_flush();
  }

  store.directory[record->slot].journal_record = journal->pending;
  journal->slot_of[journal->pending] = record->slot;
  journal->pending++;
}

// Makes room for a transaction with this many records. A journal that is three quarters full is always emptied.
void journal_make_room(uint32_t records) {
  if (store.journal.pending >= JOURNAL_RECORDS * 3 / 4 || store.journal.pending + records > JOURNAL_RECORDS) {
    journal_checkpoint();
  }
}

static void move_to_table(uint32_t record) {
  struct entry entry;

  blocks_read(JOURNAL_AT + record, &entry, BLOCK_BYTES);
  if (entry.checksum != entry_checksum(&entry)) {
    panic("journal: a record has changed on the disk");
  }
  blocks_write(TABLE_AT + entry.slot, &entry, BLOCK_BYTES);
}

void journal_checkpoint(void) {
  struct journal *journal = &store.journal;

  for (uint32_t record = 0; record < journal->pending; record++) {
    move_to_table(record);
  }
  blocks_flush();

  for (uint32_t record = 0; record < journal->pending; record++) {
    store.directory[journal->slot_of[record]].journal_record = NOT_IN_JOURNAL;
  }
  store.superblock.journal_sequence += journal->pending;
  journal->pending = 0;
  journal->checkpoints++;
  store_write_superblock();
}

// Returns the number of records that belong to complete transactions.
static uint32_t committed_records(void) {
  struct entry entry;
  uint32_t committed = 0;

  for (uint32_t record = 0; record < JOURNAL_RECORDS; record++) {
    blocks_read(JOURNAL_AT + record, &entry, BLOCK_BYTES);
    if (entry.sequence != store.superblock.journal_sequence + record || entry.checksum != entry_checksum(&entry)) {
      break;
    }
    if (entry.commits) {
      committed = record + 1;
    }
  }
  return committed;
}

uint32_t journal_replay(void) {
  uint32_t records = committed_records();

  for (uint32_t record = 0; record < records; record++) {
    move_to_table(record);
  }
  blocks_flush();
  store.superblock.journal_sequence += records;
  return records;
}
