// Transfers blocks to and from the disk in slot 0. Submits a request to the device, then sleeps in wfi until the disk's
// interrupt handler has marked it done.
#include "store.h"

#include "../lib/virtio_blk.h"

static struct disk disk;

volatile bool blocks_waiting;

void blocks_start(void) {
  if (!disk_start(&disk, 0)) {
    print("kv: there is no disk in slot 0\n");
    power_off(2);
  }
  print("disk: %lu KiB in virtio slot 0\n", disk.sector_count * SECTOR_BYTES / 1024);
}

void blocks_interrupt(void) { disk_collect(&disk); }

uint32_t blocks_request_count(void) { return disk.request_count; }

// With interrupts off, wfi still wakes up when an interrupt is pending; the interrupt is taken once interrupts are on
// again. So no interrupt is missed between the check of `done` and the sleep.
static void wait_until_done(struct disk_request *request) {
  blocks_waiting = true;
  while (!request->done) {
    wait_for_interrupt();
    csr_set(mstatus, STATUS_MIE);
    csr_clear(mstatus, STATUS_MIE);
  }
  blocks_waiting = false;
}

static void transfer(enum disk_operation operation, uint32_t block, void *data, uint32_t bytes) {
  struct disk_request request = {
      .header = {.operation = operation, .sector = (uint64_t)block * (BLOCK_BYTES / SECTOR_BYTES)},
      .segments = {{data, bytes}},
      .segment_count = data ? 1 : 0,
  };

  csr_clear(mstatus, STATUS_MIE);
  disk_submit(&disk, &request);
  wait_until_done(&request);
  csr_set(mstatus, STATUS_MIE);

  if (request.status != DISK_OK) {
    print("disk: operation %d on block %u failed with %d\n", operation, block, request.status);
    power_off(3);
  }
}

void blocks_read(uint32_t block, void *into, uint32_t bytes) { transfer(DISK_READ, block, into, bytes); }

void blocks_write(uint32_t block, const void *from, uint32_t bytes) {
  transfer(DISK_WRITE, block, (void *)from, bytes);
}

void blocks_flush(void) {
  if (disk.features & DISK_FEATURE_FLUSH) {
    transfer(DISK_FLUSH, 0, NULL, 0);
  }
}
