// The disk. A process submits a request and sleeps until the disk's interrupt wakes it up. If the queue is full, the
// process first sleeps until another request has completed.
#include "kernel.h"

#include "../lib/virtio_blk.h"

static struct disk disk;
static bool present;

void disk_open(void) {
  present = disk_start(&disk, 0);
  if (present) {
    plic_enable(1, VIRTIO_IRQ(0));
    print("disk: %lu blocks\n", disk.sector_count);
  } else {
    print("disk: none\n");
  }
}

void disk_interrupt(void) {
  disk_collect(&disk);
  process_wake(&disk);
}

bool disk_block(bool write, uint64_t block, void *data) {
  struct disk_request request = {
      .header = {.operation = write ? DISK_WRITE : DISK_READ, .sector = block},
      .segments = {{data, BLOCK_BYTES}},
      .segment_count = 1,
  };
  if (!present) {
    return false;
  }
  while (!disk_submit(&disk, &request)) {
    process_sleep(&disk);
  }
  while (!request.done) {
    process_sleep(&disk);
  }
  return request.status == DISK_OK;
}
