// Statistics of the running store, sampled by the timer interrupt: is the processor busy, and how full is the journal?
//
// The backlog of the journal is divided into levels. For each level, the time when it was last seen is stored.
#include "store.h"

#define RECORDS_PER_LEVEL (JOURNAL_RECORDS / BACKLOG_LEVELS)

void statistics_sample(struct statistics *statistics) {
  uint32_t now_us = clint_now() / TICKS_PER_MICROSECOND;
  uint32_t level = store.journal.pending / RECORDS_PER_LEVEL;

  statistics->ticks++;
  if (blocks_waiting) {
    statistics->idle_ticks++;
  } else {
    statistics->busy_ticks++;
  }
  statistics->last_seen_us[level] = now_us;
}

void statistics_report(const struct statistics *statistics) {
  uint32_t highest = 0;
  for (uint32_t level = 0; level < BACKLOG_LEVELS; level++) {
    if (statistics->last_seen_us[level] != 0) {
      highest = level;
    }
  }
  print("statistics: %u requests, %u checkpoints, backlog level up to %u of %u\n", blocks_request_count(),
        store.journal.checkpoints, highest, BACKLOG_LEVELS - 1);
}
