// A virtio block device on the modern (version 2) MMIO transport.
//
// A request is a structure that the caller keeps until it is done. disk_submit() passes it to the device and returns
// immediately; disk_collect() takes completed requests off the used ring and marks them done: poll it, or call it from
// the interrupt handler. Addresses are physical. For one hart only, with interrupts off if a handler collects.
#pragma once
#include "lib.h"

#define SECTOR_BYTES 512
#ifndef DISK_QUEUE_SIZE  // a guest with more requests in flight builds this library with a longer queue
#define DISK_QUEUE_SIZE 8
#endif
#define DISK_SEGMENTS_MAX (DISK_QUEUE_SIZE - 2)  // a request also needs descriptors for its header and its status

enum disk_operation { DISK_READ = 0, DISK_WRITE = 1, DISK_FLUSH = 4, DISK_GET_ID = 8 };
enum disk_status { DISK_OK = 0, DISK_IO_ERROR = 1, DISK_UNSUPPORTED = 2, DISK_PENDING = 0xff };

struct disk_segment {
  void *data;
  uint32_t bytes;
};

// The request header that the device reads first (virtio specification, 5.2.6).
struct disk_header {
  uint32_t operation;
  uint32_t reserved;
  uint64_t sector;
};

struct disk_request {
  struct disk_header header;
  struct disk_segment segments[DISK_SEGMENTS_MAX];
  int segment_count;
  volatile uint8_t status;
  volatile bool done;
  uint32_t bytes_written;  // by the device, including the status byte
};

struct descriptor {
  uint64_t address;
  uint32_t bytes;
  uint16_t flags;
  uint16_t next;
};

struct available_ring {
  uint16_t flags;
  uint16_t index;
  uint16_t ring[DISK_QUEUE_SIZE];
  uint16_t used_event;
};

struct used_ring {
  uint16_t flags;
  uint16_t index;
  struct {
    uint32_t id;
    uint32_t bytes;
  } ring[DISK_QUEUE_SIZE];
  uint16_t available_event;
};

struct disk {
  uint64_t registers;
  uint64_t sector_count;
  uint64_t features;
  _Alignas(16) struct descriptor descriptors[DISK_QUEUE_SIZE];
  volatile struct available_ring available;
  _Alignas(4) volatile struct used_ring used;
  bool descriptor_taken[DISK_QUEUE_SIZE];
  struct disk_request *request_at[DISK_QUEUE_SIZE];  // indexed by its first descriptor
  uint16_t collected;                                // used entries seen so far
  uint32_t request_count;
};

#define DISK_FEATURE_FLUSH (1UL << 9)
#define DISK_FEATURE_VERSION_1 (1UL << 32)

bool disk_start(struct disk *disk, int slot);  // returns false if there is no modern block device in this slot
bool disk_submit(struct disk *disk, struct disk_request *request);  // returns false if too few descriptors are free
void disk_collect(struct disk *disk);

// Makes one request and polls until it is done.
enum disk_status disk_transfer(struct disk *disk, enum disk_operation operation, uint64_t sector, void *data,
                               uint32_t bytes);
