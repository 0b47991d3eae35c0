// Uses two drives with interrupts, in slots 0 and 1: fills the first, copies a part to the second, and checks both.
#include "small.h"

#include "../lib/virtio_blk.h"

#define BLOCK_BYTES 4096
#define BLOCKS 16

static struct disk disks[2];
static uint32_t interrupts[2];
static _Alignas(4096) uint8_t buffer[BLOCK_BYTES];

void machine_trap(struct trap_frame *frame) {
  if (csr_read(mcause) != (CAUSE_INTERRUPT | 11)) {
    panic("unexpected trap");
  }
  for (int irq = plic_claim(0); irq != 0; irq = plic_claim(0)) {
    for (int i = 0; i < 2; i++) {
      if (irq == VIRTIO_IRQ(i)) {
        disk_collect(&disks[i]);
        interrupts[i]++;
      }
    }
    plic_complete(0, irq);
  }
}

static void transfer(int which, enum disk_operation operation, uint64_t block) {
  struct disk_request request = {
      .header = {.operation = operation, .sector = block * (BLOCK_BYTES / SECTOR_BYTES)},
      .segments = {{buffer, BLOCK_BYTES}},
      .segment_count = 1,
  };
  csr_clear(mstatus, STATUS_MIE);
  disk_submit(&disks[which], &request);
  while (!request.done) {
    wait_for_interrupt();
    csr_set(mstatus, STATUS_MIE);
    csr_clear(mstatus, STATUS_MIE);
  }
  if (request.status != DISK_OK) {
    panic("a transfer failed");
  }
}

static uint32_t sum_of(int which) {
  uint32_t sum = 0;
  for (int block = 0; block < BLOCKS; block++) {
    transfer(which, DISK_READ, block);
    sum = crc32(sum, buffer, BLOCK_BYTES);
  }
  return sum;
}

int main(void) {
  for (int i = 0; i < 2; i++) {
    if (!disk_start(&disks[i], i)) {
      print("twodisk: needs a disk in slot %d\n", i);
      return 1;
    }
    plic_enable(0, VIRTIO_IRQ(i));
    print("disk %d: %lu sectors\n", i, disks[i].sector_count);
  }
  csr_set(mie, INTERRUPT_MEI);

  for (int block = 0; block < BLOCKS; block++) {
    for (int i = 0; i < BLOCK_BYTES; i++) {
      buffer[i] = block * 31 + i % 253;
    }
    transfer(0, DISK_WRITE, block);
  }
  print("disk 0 %08x, disk 1 %08x\n", sum_of(0), sum_of(1));
  for (int block = 0; block < BLOCKS; block += 2) {
    transfer(0, DISK_READ, block);
    transfer(1, DISK_WRITE, BLOCKS - 1 - block);
  }
  print("disk 0 %08x, disk 1 %08x\n", sum_of(0), sum_of(1));
  print("interrupts: %u and %u\n", interrupts[0], interrupts[1]);
  return 0;
}
