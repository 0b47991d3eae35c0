// Writes at the start, in the middle and at the very end of a disk of any size, discards the whole disk in the largest
// possible requests, and writes again. The output depends only on the disk's size.
#include "../small/small.h"

#include "../lib/virtio_blk.h"

#define BLOCK_BYTES 4096
#define BLOCK_SECTORS (BLOCK_BYTES / SECTOR_BYTES)
#define RANGE_SECTORS_MAX 0x3fffffUL  // the limit in the device's configuration

// Operations that the library does not support (virtio 1.2, 5.2.6), and the range that their requests contain.
enum { DISK_DISCARD = 11, DISK_WRITE_ZEROES = 13 };
struct range {
  uint64_t sector;
  uint32_t sectors;
  uint32_t flags;
};

static struct disk disk;
static _Alignas(4096) uint8_t buffer[BLOCK_BYTES];

// Sleeps while it waits, because a discard takes as long as a write of the same size. With interrupts off, wfi still
// wakes up when an interrupt is pending.
static void transfer(int operation, uint64_t sector, void *data, uint32_t bytes) {
  struct disk_request request = {
      .header = {.operation = operation, .sector = sector},
      .segments = {{data, bytes}},
      .segment_count = data ? 1 : 0,
  };
  if (!disk_submit(&disk, &request)) {
    panic("the queue is full");
  }
  while (!request.done) {
    wait_for_interrupt();
    int irq = plic_claim(0);
    disk_collect(&disk);
    if (irq != 0) {
      plic_complete(0, irq);
    }
  }
  if (request.status != DISK_OK) {
    panic("a request failed");
  }
}

static void write_block(uint64_t sector, uint8_t value) {
  memset(buffer, value, BLOCK_BYTES);
  transfer(DISK_WRITE, sector, buffer, BLOCK_BYTES);
}

static void expect_block(uint64_t sector, uint8_t value) {
  memset(buffer, ~value, BLOCK_BYTES);
  transfer(DISK_READ, sector, buffer, BLOCK_BYTES);
  for (int i = 0; i < BLOCK_BYTES; i++) {
    if (buffer[i] != value) {
      panic("a block is not what was written");
    }
  }
}

static void whole_disk(int operation) {
  for (uint64_t sector = 0; sector < disk.sector_count;) {
    uint64_t rest = disk.sector_count - sector;
    struct range range = {sector, rest < RANGE_SECTORS_MAX ? rest : RANGE_SECTORS_MAX, 0};
    transfer(operation, 0, &range, sizeof range);
    sector += range.sectors;
  }
}

int main(void) {
  if (!disk_start(&disk, 0) || disk.sector_count < 4 * BLOCK_SECTORS) {
    print("far: needs a disk in slot 0\n");
    return 1;
  }
  csr_write(mie, INTERRUPT_MEI);
  plic_enable(0, VIRTIO_IRQ(0));
  uint64_t places[] = {0, disk.sector_count / 2 / BLOCK_SECTORS * BLOCK_SECTORS, disk.sector_count - BLOCK_SECTORS};
  for (int operation = DISK_DISCARD; operation <= DISK_WRITE_ZEROES; operation += DISK_WRITE_ZEROES - DISK_DISCARD) {
    for (int i = 0; i < 3; i++) {
      write_block(places[i], 0x10 + i);
    }
    for (int i = 0; i < 3; i++) {
      expect_block(places[i], 0x10 + i);
    }
    whole_disk(operation);
    for (int i = 0; i < 3; i++) {
      expect_block(places[i], 0);
    }
  }
  for (int i = 0; i < 3; i++) {
    write_block(places[i], 0x20 + i);
  }
  transfer(DISK_FLUSH, 0, NULL, 0);
  print("%lu sectors written at both ends and discarded\n", disk.sector_count);
  return 0;
}
