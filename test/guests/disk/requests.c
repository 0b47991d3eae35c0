// For the bench: 4096 requests of 4 KiB, half of them writes, scattered over the disk, each waited for. The processor has
// little else to do.
#include "../small/small.h"

#include "../lib/virtio_blk.h"

#define BLOCK_BYTES 4096
#define REQUESTS 4096

static struct disk disk;
static _Alignas(4096) uint8_t buffer[BLOCK_BYTES];

int main(void) {
  if (!disk_start(&disk, 0)) {
    print("requests: needs a disk in slot 0\n");
    return 1;
  }
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
