// Submits a request that takes 2 ms, followed by 255 requests with 254 segments each, so that the disk's state exceeds
// a mebibyte while they are in flight. During that time, RAM contains half a mebibyte of constants, which are summed
// at the end. Needs an 8 MiB disk in slot 0 and 32 MiB of RAM.
//
// Each of the 255 requests reads one sector into 254 consecutive buffers; they all share one indirect table.
#include "../small/small.h"

#define QUEUE_SIZE 256
#define SEGMENTS 254
#define SLOW_BYTES (8 << 20)
#define SLOW_BUFFER (RAM + (16 << 20))
#define CONSTANTS 65536

#define NEXT 1
#define WRITABLE 2
#define INDIRECT 4

struct descriptor {
  uint64_t address;
  uint32_t bytes;
  uint16_t flags;
  uint16_t next;
};

static _Alignas(4096) struct descriptor queue[QUEUE_SIZE];
static _Alignas(4096) struct {
  uint16_t flags, index, ring[QUEUE_SIZE], used_event;
} available;
static _Alignas(4096) volatile struct {
  uint16_t flags, index;
  struct {
    uint32_t id, bytes;
  } ring[QUEUE_SIZE];
  uint16_t available_event;
} used;

static struct {
  uint32_t operation, reserved;
  uint64_t sector;
} header;  // a read of sector 0
static uint8_t status[2], sector[512];
static _Alignas(16) struct descriptor slow[3], scattered[SEGMENTS + 2];
static uint64_t constants[CONSTANTS];

static void set_address(uint64_t registers, volatile void *address) {
  write32(registers, (uint64_t)address);
  write32(registers + 4, (uint64_t)address >> 32);
}

static void start_disk(uint64_t disk) {
  write32(disk + 0x70, 0);
  write32(disk + 0x70, 3);
  write32(disk + 0x24, 0);
  write32(disk + 0x20, 1 << 28);  // indirect descriptors
  write32(disk + 0x24, 1);
  write32(disk + 0x20, 1);  // version 1
  write32(disk + 0x70, 11);
  write32(disk + 0x30, 0);
  write32(disk + 0x38, QUEUE_SIZE);
  set_address(disk + 0x80, queue);
  set_address(disk + 0x90, &available);
  set_address(disk + 0xa0, &used);
  write32(disk + 0x44, 1);
  write32(disk + 0x70, 15);
}

static void lay_out(void) {
  slow[0] = (struct descriptor){(uint64_t)&header, sizeof header, NEXT, 1};
  slow[1] = (struct descriptor){SLOW_BUFFER, SLOW_BYTES, NEXT | WRITABLE, 2};
  slow[2] = (struct descriptor){(uint64_t)&status[0], 1, WRITABLE, 0};
  scattered[0] = slow[0];
  for (int i = 0; i < SEGMENTS; i++) {
    uint32_t bytes = i < SEGMENTS - 1 ? 1 : sizeof sector - (SEGMENTS - 1);
    scattered[1 + i] = (struct descriptor){(uint64_t)&sector[i], bytes, NEXT | WRITABLE, i + 2};
  }
  scattered[1 + SEGMENTS] = (struct descriptor){(uint64_t)&status[1], 1, WRITABLE, 0};
  queue[0] = (struct descriptor){(uint64_t)slow, sizeof slow, INDIRECT, 0};
  queue[1] = (struct descriptor){(uint64_t)scattered, sizeof scattered, INDIRECT, 0};
  for (int i = 1; i < QUEUE_SIZE; i++) {
    available.ring[i] = 1;
  }
}

static uint64_t sum(void) {
  uint64_t sum = 0;
  for (uint64_t i = 0; i < CONSTANTS; i++) {
    sum += constants[i] ^ i;
  }
  return sum;
}

int main(void) {
  for (uint64_t i = 0; i < CONSTANTS; i++) {
    constants[i] = i * 0x9e3779b97f4a7c15;
  }
  uint64_t before = sum();
  start_disk(VIRTIO_SLOT(0));
  lay_out();
  memory_fence();
  available.index = QUEUE_SIZE;
  memory_fence();
  write32(VIRTIO_SLOT(0) + 0x50, 0);
  print("in flight\n");
  while (used.index != QUEUE_SIZE) {
  }
  if (status[0] != 0 || status[1] != 0) {
    panic("a read failed");
  }
  for (volatile int i = 0; i < 300000; i++) {
  }
  print("done, the constants %s\n", sum() == before ? "are there" : "changed");
  return 0;
}
