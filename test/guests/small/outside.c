// Reads external input other than keys: the date (goldfish RTC, with an alarm) and entropy (virtio-rng in slot 7).
// Prints facts that hold for any date and any entropy.
#include "small.h"

#define RTC 0x101000UL
#define RTC_IRQ 11
enum { TIME_LOW = 0, TIME_HIGH = 4, ALARM_LOW = 8, ALARM_HIGH = 12, IRQ_ENABLED = 16, CLEAR_INTERRUPT = 28 };

#define SLOT 7
#define QUEUE_SIZE 4
static _Alignas(16) struct {
  uint64_t address;
  uint32_t bytes;
  uint16_t flags;
  uint16_t next;
} descriptors[QUEUE_SIZE];
static volatile struct {
  uint16_t flags;
  uint16_t index;
  uint16_t ring[QUEUE_SIZE];
} available;
static _Alignas(4) volatile struct {
  uint16_t flags;
  uint16_t index;
  struct {
    uint32_t id;
    uint32_t bytes;
  } ring[QUEUE_SIZE];
} used;

static uint32_t alarms;
static uint32_t answers;

void machine_trap(struct trap_frame *frame) {
  for (int irq = plic_claim(0); irq != 0; irq = plic_claim(0)) {
    if (irq == RTC_IRQ) {
      alarms++;
      write32(RTC + CLEAR_INTERRUPT, 1);
    } else if (irq == VIRTIO_IRQ(SLOT)) {
      answers++;
      write32(VIRTIO_SLOT(SLOT) + 0x064, read32(VIRTIO_SLOT(SLOT) + 0x060));
    }
    plic_complete(0, irq);
  }
}

static uint64_t date(void) {
  uint64_t low = read32(RTC + TIME_LOW);
  return (uint64_t)read32(RTC + TIME_HIGH) << 32 | low;
}

static void wait_until(volatile uint32_t *count, uint32_t value) {
  while (*count < value) {
    wait_for_interrupt();
    csr_set(mstatus, STATUS_MIE);
    csr_clear(mstatus, STATUS_MIE);
  }
}

static void put_address(int reg, volatile void *address) {
  write32(VIRTIO_SLOT(SLOT) + reg, (uint32_t)(uint64_t)address);
  write32(VIRTIO_SLOT(SLOT) + reg + 4, (uint64_t)address >> 32);
}

static bool start_entropy(void) {
  uint64_t device = VIRTIO_SLOT(SLOT);
  if (read32(device + 8) != 4) {
    return false;
  }
  write32(device + 0x070, 3);
  write32(device + 0x024, 1);
  write32(device + 0x020, 1);  // VERSION_1
  write32(device + 0x070, 11);
  write32(device + 0x030, 0);
  write32(device + 0x038, QUEUE_SIZE);
  put_address(0x080, descriptors);
  put_address(0x090, &available);
  put_address(0x0a0, &used);
  write32(device + 0x044, 1);
  write32(device + 0x070, 15);
  return true;
}

// Fills the buffer with entropy, which may take several requests.
static void entropy(uint8_t *bytes, uint32_t count) {
  for (uint32_t done = 0; done < count;) {
    descriptors[0].address = (uint64_t)(bytes + done);
    descriptors[0].bytes = count - done;
    descriptors[0].flags = 2;
    available.ring[available.index % QUEUE_SIZE] = 0;
    memory_fence();
    available.index++;
    memory_fence();
    uint32_t seen = answers;
    write32(VIRTIO_SLOT(SLOT) + 0x050, 0);
    wait_until(&answers, seen + 1);
    done += used.ring[(uint16_t)(used.index - 1) % QUEUE_SIZE].bytes;
  }
}

static uint32_t ones_of(uint8_t byte) {
  uint32_t ones = 0;
  for (; byte != 0; byte &= byte - 1) {
    ones++;
  }
  return ones;
}

int main(void) {
  plic_enable(0, RTC_IRQ);
  plic_enable(0, VIRTIO_IRQ(SLOT));
  csr_set(mie, INTERRUPT_MEI);

  uint64_t before = date();
  uint64_t ticks = clint_now();
  uint64_t alarm = before + 5000000;
  write32(RTC + ALARM_HIGH, alarm >> 32);
  write32(RTC + ALARM_LOW, (uint32_t)alarm);
  write32(RTC + IRQ_ENABLED, 1);
  wait_until(&alarms, 1);
  bool waited = date() >= alarm && clint_now() - ticks >= 5 * TICKS_PER_MILLISECOND;
  print("a date after 2020: %s; the alarm rang after 5 ms: %s\n", before / 1000000000 > 1577836800 ? "yes" : "no",
        waited ? "yes" : "no");

  static uint8_t bytes[3000];
  if (!start_entropy()) {
    print("outside: needs virtio-rng in slot 7\n");
    return 1;
  }
  entropy(bytes, sizeof bytes);
  uint32_t ones = 0;
  for (uint32_t i = 0; i < sizeof bytes; i++) {
    ones += ones_of(bytes[i]);
  }
  print("of %u bits about half are ones: %s\n", (uint32_t)(8 * sizeof bytes), ones > 11500 && ones < 12500 ? "yes" : "no");
  return 0;
}
