// For the fault tests: writes numbered blocks to two disks, flushes both, and only then prints the number. Whatever
// fails on the host, the blocks of each printed number must be on the disks. Computes in between to allow snapshots.
#include "../small/small.h"

#include "../lib/virtio_blk.h"

#define BLOCK_BYTES 4096
#define ROUNDS 24
#define WORK 150000

static struct disk disks[2];
static _Alignas(4096) uint32_t buffer[4 * BLOCK_BYTES / sizeof(uint32_t)];
static volatile uint8_t churned[1 << 20];

void machine_trap(struct trap_frame *frame) { panic("unexpected trap"); }

static void transfer(int which, enum disk_operation operation, uint64_t block, uint32_t bytes) {
  if (disk_transfer(&disks[which], operation, block * (BLOCK_BYTES / SECTOR_BYTES), bytes ? buffer : NULL, bytes) != DISK_OK) {
    panic("a transfer failed");
  }
}

// Fills block 4 * round of each disk and, in every fifth round, also the next three with the word `round << 1 | disk`.
static void write_round(uint32_t round) {
  for (int which = 0; which < 2; which++) {
    uint32_t bytes = round % 5 == 0 ? sizeof(buffer) : BLOCK_BYTES;
    for (uint32_t i = 0; i < sizeof(buffer) / sizeof(buffer[0]); i++) {
      buffer[i] = round << 1 | which;
    }
    transfer(which, DISK_WRITE, 4 * round, bytes);
  }
  for (int which = 0; which < 2; which++) {
    transfer(which, DISK_FLUSH, 0, 0);
  }
}

int main(void) {
  for (int which = 0; which < 2; which++) {
    if (!disk_start(&disks[which], which)) {
      print("numbered: needs a disk in slot %d\n", which);
      return 1;
    }
  }
  for (uint32_t round = 1; round <= ROUNDS; round++) {
    write_round(round);
    print("flushed %u\n", round);
    for (uint32_t i = 0; i < WORK; i++) {
      churned[(round * 4099 + i * 61) % sizeof(churned)] += round;
    }
  }
  return 0;
}
