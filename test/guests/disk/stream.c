// For the benchmark: writes 64 MiB sequentially in 64 KiB requests, then reads the data. Does this twelve times, with
// eight requests in flight.
#include "../small/small.h"

#include "../lib/virtio_blk.h"

#define CHUNK_BYTES 65536
#define CHUNKS 1024
#define UNDER_WAY 8
#define PASSES 12

static struct disk disk;
static _Alignas(4096) uint8_t buffers[UNDER_WAY][CHUNK_BYTES];
static struct disk_request requests[UNDER_WAY];

// With interrupts off, wfi still wakes up when an interrupt is pending.
static void wait_for(struct disk_request *request) {
  while (!request->done) {
    wait_for_interrupt();
    int irq = plic_claim(0);
    disk_collect(&disk);
    if (irq != 0) {
      plic_complete(0, irq);
    }
  }
  if (request->status != DISK_OK) {
    panic("a transfer failed");
  }
}

static void stream(enum disk_operation operation) {
  for (uint64_t i = 0; i < CHUNKS + UNDER_WAY; i++) {
    struct disk_request *request = &requests[i % UNDER_WAY];
    if (i >= UNDER_WAY) {
      wait_for(request);
    }
    if (i < CHUNKS) {
      request->header.operation = operation;
      request->header.sector = i * (CHUNK_BYTES / SECTOR_BYTES);
      if (!disk_submit(&disk, request)) {
        panic("the queue is full");
      }
    }
  }
}

int main(void) {
  if (!disk_start(&disk, 0) || disk.sector_count < CHUNKS * (CHUNK_BYTES / SECTOR_BYTES)) {
    print("stream: needs a disk of 64 MiB in slot 0\n");
    return 1;
  }
  for (int i = 0; i < UNDER_WAY; i++) {
    requests[i].segments[0] = (struct disk_segment){buffers[i], CHUNK_BYTES};
    requests[i].segment_count = 1;
  }
  csr_write(mie, INTERRUPT_MEI);
  plic_enable(0, VIRTIO_IRQ(0));
  for (uint64_t i = 0; i < sizeof buffers / sizeof(uint64_t); i++) {
    ((uint64_t *)buffers)[i] = i * 0x9e3779b97f4a7c15;
  }
  for (int pass = 0; pass < PASSES; pass++) {
    stream(DISK_WRITE);
    stream(DISK_READ);
  }
  print("%u MiB each way\n", PASSES * CHUNKS / 16);
  return 0;
}
