// Tests edge cases of the virtio block device by polling: requests with many segments, requests past the end, unknown
// operations, and the device's registers before and after.
#include "small.h"

#include "../lib/virtio_blk.h"

#define BUFFER_BYTES 65536

static struct disk disk;
static _Alignas(4096) uint8_t out[BUFFER_BYTES];
static _Alignas(4096) uint8_t in[BUFFER_BYTES];

static const char *name_of(enum disk_status status) {
  switch (status) {
    case DISK_OK: return "ok";
    case DISK_IO_ERROR: return "io error";
    case DISK_UNSUPPORTED: return "unsupported";
    default: return "?";
  }
}

static void wait_for(struct disk_request *request) {
  while (!request->done) {
    disk_collect(&disk);
  }
}

// Returns a request whose data is divided into segments of these sizes.
static struct disk_request divided(enum disk_operation operation, uint64_t sector, uint8_t *data,
                                   const uint32_t *sizes, int count) {
  struct disk_request request = {.header = {.operation = operation, .sector = sector}, .segment_count = count};
  for (int i = 0; i < count; i++) {
    request.segments[i] = (struct disk_segment){data, sizes[i]};
    data += sizes[i];
  }
  return request;
}

// Prints a request's result. The number of bytes that a device reports is not specified for a failed request.
static void report(const char *what, const struct disk_request *request) {
  print("%-34s %s", what, name_of(request->status));
  if (request->status == DISK_OK) {
    print(", %u bytes written by the device", request->bytes_written);
  }
  print("\n");
}

static void run(const char *what, struct disk_request request) {
  if (!disk_submit(&disk, &request)) {
    panic("no room in the queue");
  }
  wait_for(&request);
  report(what, &request);
}

static void run_simple(const char *what, enum disk_operation operation, uint64_t sector, void *data, uint32_t bytes) {
  run(what, divided(operation, sector, data, &bytes, bytes > 0 ? 1 : 0));
}

static void fill(uint32_t seed) {
  for (int i = 0; i < BUFFER_BYTES; i++) {
    seed = seed * 1664525 + 1013904223;
    out[i] = seed >> 24;
  }
}

static void compare(uint32_t bytes) {
  print("  %s, crc32 %08x\n", memcmp(in, out, bytes) == 0 ? "same contents" : "other contents", crc32(0, in, bytes));
  memset(in, 0, sizeof in);
}

static void segments(void) {
  static const uint32_t SIX[] = {512, 4096, 16384, 20480, 8192, 15872};
  static const uint32_t FOUR[] = {1024, 40960, 512, 23040};
  static const uint32_t ODD[] = {100, 300, 112};

  fill(1);
  run("write 64 KiB, 6 segments", divided(DISK_WRITE, 100, out, SIX, 6));
  run("read 64 KiB, 4 segments", divided(DISK_READ, 100, in, FOUR, 4));
  compare(BUFFER_BYTES);
  fill(2);
  run("write a sector of odd segments", divided(DISK_WRITE, 300, out, ODD, 3));
  run_simple("read it in one", DISK_READ, 300, in, 512);
  compare(512);
  run_simple("write the last sector", DISK_WRITE, disk.sector_count - 1, out, 512);
  run_simple("read the last sector", DISK_READ, disk.sector_count - 1, in, 512);
  compare(512);
}

static void errors(void) {
  run_simple("read behind the end", DISK_READ, disk.sector_count, in, 512);
  run_simple("read across the end", DISK_READ, disk.sector_count - 1, in, 1024);
  run_simple("write behind the end", DISK_WRITE, disk.sector_count, out, 512);
  run_simple("write across the end", DISK_WRITE, disk.sector_count - 1, out, 1024);
  run_simple("read far behind the end", DISK_READ, 1UL << 60, in, 512);
  run_simple("read half a sector", DISK_READ, 0, in, 256);
  run_simple("operation 77", 77, 0, NULL, 0);
  run_simple("the last sector is as it was", DISK_READ, disk.sector_count - 1, in, 512);
  compare(512);
}

static void others(void) {
  run_simple("flush", DISK_FLUSH, 0, NULL, 0);
  run_simple("get id", DISK_GET_ID, 0, in, 20);
}

// Two requests in flight at the same time, with three descriptors each.
static void two_in_flight(void) {
  uint32_t bytes = 4096;
  fill(3);
  struct disk_request first = divided(DISK_WRITE, 1000, out, &bytes, 1);
  struct disk_request second = divided(DISK_WRITE, 2000, out + 4096, &bytes, 1);
  struct disk_request third = divided(DISK_READ, 0, in, &bytes, 1);

  bool accepted = disk_submit(&disk, &first) && disk_submit(&disk, &second);
  print("two in flight: %s, a third: %s\n", accepted ? "accepted" : "refused",
        disk_submit(&disk, &third) ? "accepted" : "no descriptors");
  wait_for(&first);
  wait_for(&second);
  report("  first", &first);
  report("  second", &second);
  run_simple("  read the first", DISK_READ, 1000, in, 4096);
  run_simple("  read the second", DISK_READ, 2000, in + 4096, 4096);
  compare(8192);
}

static void registers(const char *when) {
  print("%s: status %x, interrupt %x, queue ready %x\n", when, read32(disk.registers + 0x70),
        read32(disk.registers + 0x60), read32(disk.registers + 0x44));
}

static void reset(void) {
  registers("started");
  write32(disk.registers + 0x70, 0);
  registers("after a reset");
  print("start again: %s\n", disk_start(&disk, 0) ? "yes" : "no");
  run_simple("read", DISK_READ, 300, in, 512);
}

int main(void) {
  if (!disk_start(&disk, 0)) {
    print("blkerr: needs a disk in slot 0\n");
    return 1;
  }
  print("device %u, version %u, %lu sectors, flush %s\n", read32(disk.registers + 8), read32(disk.registers + 4),
        disk.sector_count, disk.features & DISK_FEATURE_FLUSH ? "offered" : "not offered");
  segments();
  errors();
  others();
  two_in_flight();
  reset();
  return 0;
}
