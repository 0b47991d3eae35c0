// Checks the store, as fsck checks a file system: reads live entries, verifies checksums, and compares the counts with
// those in the superblock.
#include "store.h"

static int verify_entry(int slot) {
  struct entry entry;

  store_read_slot(slot, &entry);
  if (entry.checksum != entry_checksum(&entry)) {
    print("kv: slot %d: the checksum is wrong\n", slot);
    return 1;
  }
  if (entry.slot != (uint32_t)slot || strcmp(entry.key, store.directory[slot].key) != 0) {
    print("kv: slot %d holds the entry of another\n", slot);
    return 1;
  }
  return 0;
}

int verify_store(void) {
  uint32_t live = 0;
  int complaints = 0;

  for (int slot = 0; slot < TABLE_SLOTS; slot++) {
    if (store.directory[slot].state == ENTRY_LIVE) {
      complaints += verify_entry(slot);
      live++;
    }
  }
  if (store.superblock.entry_count != live) {
    print("kv: superblock is damaged: entry_count is %u but %u entries are live\n", store.superblock.entry_count, live);
    complaints++;
  }
  return complaints;
}
