// For the benchmark: makes 4096 disk requests of 4 KiB each, one at a time. Half of them are writes, and they are
// scattered over the disk. The processor does little else.
//
// The 100 us timer is of no use to this program, but QEMU needs it: with rr=record and rr=replay, QEMU processes
// completed disk requests only when a guest timer expires. Without a timer, QEMU 7.2 waits forever at the first request
// (with wfi as well as with polling), and with a slower timer, requests take correspondingly longer.
#include "../small/small.h"

#include "../lib/virtio_blk.h"

#define BLOCK_BYTES 4096
#define REQUESTS 4096
#define TIMER_TICKS 1000

static struct disk disk;
static _Alignas(4096) uint8_t buffer[BLOCK_BYTES];

void machine_trap(struct trap_frame *frame) { clint_set_timer(clint_now() + TIMER_TICKS); }

static void start_timer(void) {
  clint_set_timer(clint_now() + TIMER_TICKS);
  csr_set(mie, INTERRUPT_MTI);
  csr_set(mstatus, STATUS_MIE);
}

int main(void) {
  if (!disk_start(&disk, 0)) {
    print("requests: needs a disk in slot 0\n");
    return 1;
  }
  start_timer();
  uint64_t blocks = disk.sector_count / (BLOCK_BYTES / SECTOR_BYTES);
  for (uint64_t i = 0; i < REQUESTS; i++) {
    buffer[i % BLOCK_BYTES] = i;
    enum disk_operation operation = i % 2 == 0 ? DISK_WRITE : DISK_READ;
    uint64_t sector = (i * 797 % blocks) * (BLOCK_BYTES / SECTOR_BYTES);
    if (disk_transfer(&disk, operation, sector, buffer, BLOCK_BYTES) != DISK_OK) {
      panic("a transfer failed");
    }
  }
  print("%u requests\n", REQUESTS);
  return 0;
}
