// Resets the machine twice and counts the resets on a 4 MiB disk. Devices and time restart; the disk contents survive.
#include "small.h"

#include "../lib/virtio_blk.h"

enum { FINISHER_RESET = 0x7777 };
enum { UART_SCRATCH = 7 };

static struct disk disk;
static _Alignas(512) struct {
  uint64_t boots;
  uint64_t time;
  uint8_t rest[SECTOR_BYTES - 16];
} sector;

static const char *yes_or_no(bool is) { return is ? "yes" : "no"; }

int main(void) {
  if (!disk_start(&disk, 0)) {
    print("reset: needs a disk in slot 0\n");
    return 1;
  }
  disk_transfer(&disk, DISK_READ, 0, &sector, sizeof sector);
  sector.boots++;
  print("boot %lu\n", sector.boots);
  print("  uart scratch %x, msip %x\n", read8(UART + UART_SCRATCH), read32(CLINT));
  if (sector.boots > 1) {
    print("  time began again: %s\n", yes_or_no(clint_now() < sector.time));
  }
  if (sector.boots == 3) {
    return 0;
  }
  while (clint_now() < 4 * TICKS_PER_MILLISECOND) {
  }
  sector.time = clint_now();
  disk_transfer(&disk, DISK_WRITE, 0, &sector, sizeof sector);
  disk_transfer(&disk, DISK_FLUSH, 0, NULL, 0);
  write8(UART + UART_SCRATCH, 0x5a);
  write32(CLINT, 1);
  write32(FINISHER, FINISHER_RESET);
  print("  not reached\n");
  for (;;) {
  }
}
