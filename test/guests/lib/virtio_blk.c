// The driver for a virtio block device (virtio 1.1: 2.6 split virtqueues, 4.2 MMIO transport, 5.2 block device).
//
// It uses one queue with at least eight descriptors. A request is a chain of a header, data segments and a status byte.
// The device identifies a completed request by the number of its first descriptor.
#include "virtio_blk.h"

enum {
  MAGIC = 0x000,
  VERSION = 0x004,
  DEVICE_ID = 0x008,
  DEVICE_FEATURES = 0x010,
  DEVICE_FEATURES_WORD = 0x014,
  DRIVER_FEATURES = 0x020,
  DRIVER_FEATURES_WORD = 0x024,
  QUEUE_SELECT = 0x030,
  QUEUE_SIZE_MAX = 0x034,
  QUEUE_SIZE = 0x038,
  QUEUE_READY = 0x044,
  QUEUE_NOTIFY = 0x050,
  INTERRUPT_STATUS = 0x060,
  INTERRUPT_ACKNOWLEDGE = 0x064,
  STATUS = 0x070,
  QUEUE_DESCRIPTORS = 0x080,
  QUEUE_AVAILABLE = 0x090,
  QUEUE_USED = 0x0a0,
  CONFIG_CAPACITY = 0x100,
};

enum { STATUS_ACKNOWLEDGE = 1, STATUS_DRIVER = 2, STATUS_DRIVER_OK = 4, STATUS_FEATURES_OK = 8 };
enum { DESCRIPTOR_NEXT = 1, DESCRIPTOR_DEVICE_WRITES = 2 };

static uint32_t get(struct disk *disk, int reg) { return read32(disk->registers + reg); }
static void put(struct disk *disk, int reg, uint32_t value) { write32(disk->registers + reg, value); }

static void put_address(struct disk *disk, int reg, volatile void *address) {
  put(disk, reg, (uint32_t)(uint64_t)address);
  put(disk, reg + 4, (uint64_t)address >> 32);
}

static bool negotiate_features(struct disk *disk) {
  put(disk, DEVICE_FEATURES_WORD, 0);
  uint64_t offered = get(disk, DEVICE_FEATURES);
  put(disk, DEVICE_FEATURES_WORD, 1);
  offered |= (uint64_t)get(disk, DEVICE_FEATURES) << 32;

  disk->features = offered & (DISK_FEATURE_VERSION_1 | DISK_FEATURE_FLUSH);
  put(disk, DRIVER_FEATURES_WORD, 0);
  put(disk, DRIVER_FEATURES, (uint32_t)disk->features);
  put(disk, DRIVER_FEATURES_WORD, 1);
  put(disk, DRIVER_FEATURES, disk->features >> 32);

  put(disk, STATUS, get(disk, STATUS) | STATUS_FEATURES_OK);
  return (get(disk, STATUS) & STATUS_FEATURES_OK) && (disk->features & DISK_FEATURE_VERSION_1);
}

static bool start_queue(struct disk *disk) {
  put(disk, QUEUE_SELECT, 0);
  if (get(disk, QUEUE_READY) || get(disk, QUEUE_SIZE_MAX) < DISK_QUEUE_SIZE) {
    return false;
  }
  put(disk, QUEUE_SIZE, DISK_QUEUE_SIZE);
  put_address(disk, QUEUE_DESCRIPTORS, disk->descriptors);
  put_address(disk, QUEUE_AVAILABLE, &disk->available);
  put_address(disk, QUEUE_USED, &disk->used);
  put(disk, QUEUE_READY, 1);
  return true;
}

bool disk_start(struct disk *disk, int slot) {
  memset(disk, 0, sizeof *disk);
  disk->registers = VIRTIO_SLOT(slot);
  if (get(disk, MAGIC) != 0x74726976 || get(disk, VERSION) != 2 || get(disk, DEVICE_ID) != 2) {
    return false;
  }
  put(disk, STATUS, 0);
  put(disk, STATUS, STATUS_ACKNOWLEDGE);
  put(disk, STATUS, STATUS_ACKNOWLEDGE | STATUS_DRIVER);
  if (!negotiate_features(disk) || !start_queue(disk)) {
    return false;
  }
  put(disk, STATUS, get(disk, STATUS) | STATUS_DRIVER_OK);
  disk->sector_count = get(disk, CONFIG_CAPACITY) | (uint64_t)get(disk, CONFIG_CAPACITY + 4) << 32;
  return true;
}

// Takes `count` free descriptors and links them into a chain; on failure, returns false and changes nothing.
static bool take_chain(struct disk *disk, int count, uint16_t *chain) {
  int found = 0;
  for (int i = 0; i < DISK_QUEUE_SIZE && found < count; i++) {
    if (!disk->descriptor_taken[i]) {
      chain[found++] = i;
    }
  }
  if (found < count) {
    return false;
  }
  for (int i = 0; i < count; i++) {
    disk->descriptor_taken[chain[i]] = true;
    disk->descriptors[chain[i]].flags = i + 1 < count ? DESCRIPTOR_NEXT : 0;
    disk->descriptors[chain[i]].next = i + 1 < count ? chain[i + 1] : 0;
  }
  return true;
}

static void release_chain(struct disk *disk, uint16_t first) {
  uint16_t at = first;
  for (;;) {
    disk->descriptor_taken[at] = false;
    if (!(disk->descriptors[at].flags & DESCRIPTOR_NEXT)) {
      return;
    }
    at = disk->descriptors[at].next;
  }
}

static void fill(struct descriptor *descriptor, volatile void *data, uint32_t bytes, bool device_writes) {
  descriptor->address = (uint64_t)data;
  descriptor->bytes = bytes;
  if (device_writes) {
    descriptor->flags |= DESCRIPTOR_DEVICE_WRITES;
  }
}

bool disk_submit(struct disk *disk, struct disk_request *request) {
  uint16_t chain[DISK_QUEUE_SIZE];
  int last = request->segment_count + 1;
  if (!take_chain(disk, last + 1, chain)) {
    return false;
  }

  bool device_writes = request->header.operation == DISK_READ || request->header.operation == DISK_GET_ID;
  fill(&disk->descriptors[chain[0]], &request->header, sizeof request->header, false);
  for (int i = 0; i < request->segment_count; i++) {
    fill(&disk->descriptors[chain[1 + i]], request->segments[i].data, request->segments[i].bytes, device_writes);
  }
  fill(&disk->descriptors[chain[last]], &request->status, 1, true);

  request->status = DISK_PENDING;
  request->done = false;
  disk->request_at[chain[0]] = request;
  disk->request_count++;

  disk->available.ring[disk->available.index % DISK_QUEUE_SIZE] = chain[0];
  memory_fence();  // the device must see the ring's entry before the new index
  disk->available.index++;
  memory_fence();
  put(disk, QUEUE_NOTIFY, 0);
  return true;
}

void disk_collect(struct disk *disk) {
  // The interrupt is acknowledged first, so that a request that completes after the loop below raises it again.
  put(disk, INTERRUPT_ACKNOWLEDGE, get(disk, INTERRUPT_STATUS));
  memory_fence();

  while (disk->collected != disk->used.index) {
    memory_fence();
    int slot = disk->collected % DISK_QUEUE_SIZE;
    uint16_t first = disk->used.ring[slot].id;
    struct disk_request *request = disk->request_at[first];
    release_chain(disk, first);
    disk->request_at[first] = NULL;
    request->bytes_written = disk->used.ring[slot].bytes;
    request->done = true;
    disk->collected++;
  }
}

enum disk_status disk_transfer(struct disk *disk, enum disk_operation operation, uint64_t sector, void *data,
                               uint32_t bytes) {
  struct disk_request request = {
      .header = {.operation = operation, .sector = sector},
      .segments = {{data, bytes}},
      .segment_count = data ? 1 : 0,
  };
  if (!disk_submit(disk, &request)) {
    panic("disk_transfer: the queue is full");
  }
  while (!request.done) {
    disk_collect(disk);
  }
  return request.status;
}
