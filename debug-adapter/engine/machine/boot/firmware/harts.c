// Starting and stopping harts (SBI extension HSM), and requests between harts: software interrupts and fences.
#include "firmware.h"

// SBI specification 2.0, chapter 9: the states of a hart.
enum { STARTED = 0, STOPPED = 1, START_PENDING = 2, SUSPENDED = 4 };

struct hart_data {
  uint32_t state;
  uint32_t asked;  // SOFTWARE_INTERRUPT, FENCE_I, FENCE_VMA; each bit is cleared when done
  uint64_t address;
  uint64_t argument;
};

static struct hart_data harts[HARTS_MAX] = {[0 ... HARTS_MAX - 1] = {.state = STOPPED}};
char stacks[HARTS_MAX][1 << STACK_SHIFT] __attribute__((aligned(16)));
uint64_t hart_count = 1;

#define load(place) __atomic_load_n(&(place), __ATOMIC_SEQ_CST)
#define store(place, value) __atomic_store_n(&(place), (value), __ATOMIC_SEQ_CST)

static uint64_t self(void) { return csr_read(mhartid); }

// Devicetree Specification 0.4, 5.4: every node named cpu@... is a hart. The tree is not validated.
static uint32_t big_endian(const uint32_t *at) {
  const uint8_t *byte = (const uint8_t *)at;
  return (uint32_t)byte[0] << 24 | byte[1] << 16 | byte[2] << 8 | byte[3];
}

void count_harts(uint64_t device_tree) {
  const uint32_t *header = (const uint32_t *)device_tree;
  if (big_endian(header) != 0xd00dfeed) {
    return;
  }
  const uint32_t *at = (const uint32_t *)(device_tree + big_endian(header + 2));
  uint64_t count = 0;
  for (;;) {
    uint32_t token = big_endian(at++);
    if (token == 1) {  // a node begins: its name, padded
      const char *name = (const char *)at;
      uint64_t length = 0;
      while (name[length] != 0) {
        length++;
      }
      count += name[0] == 'c' && name[1] == 'p' && name[2] == 'u' && name[3] == '@';
      at += length / 4 + 1;
    } else if (token == 3) {  // a property: length, name, value, padded
      at += 2 + (big_endian(at) + 3) / 4;
    } else if (token == 9) {
      break;
    }
  }
  if (count > 0) {
    hart_count = count < HARTS_MAX ? count : HARTS_MAX;
  }
}

void hart_is_started(uint64_t hart) { store(harts[hart].state, STARTED); }

// A software interrupt wakes the hart. Interrupts are disabled in mstatus, so it ends the wfi but does not trap.
_Noreturn void wait_for_start(void) {
  struct hart_data *data = &harts[self()];
  while (load(data->state) != START_PENDING) {
    asm volatile("wfi");
    answer_harts();
  }
  answer_harts();
  store(data->state, STARTED);
  asm volatile("fence.i\n sfence.vma" : : : "memory");
  enter(data->address, data->argument);
}

int64_t hart_start(uint64_t hart, uint64_t address, uint64_t argument) {
  if (hart >= hart_count) {
    return SBI_INVALID_PARAM;
  }
  struct hart_data *data = &harts[hart];
  if (load(data->state) != STOPPED) {
    return SBI_ALREADY_AVAILABLE;
  }
  data->address = address;
  data->argument = argument;
  store(data->state, START_PENDING);
  write32(CLINT_MSIP(hart), 1);
  return SBI_SUCCESS;
}

void hart_stop(void) {
  csr_write(sie, 0);
  csr_clear(mip, INTERRUPT_SSI | INTERRUPT_STI);
  csr_write(mie, INTERRUPT_MSI);
  store(harts[self()].state, STOPPED);
  wait_for_start();
}

int64_t hart_status(uint64_t hart) { return hart < hart_count ? (int64_t)load(harts[hart].state) : SBI_INVALID_PARAM; }

// Waits until an enabled interrupt is pending. Retentive suspend returns; non-retentive suspend resumes at `address`.
int64_t hart_suspend(uint64_t type, uint64_t address, uint64_t argument) {
  bool is_retentive = type == 0;
  if (!is_retentive && type != 0x80000000UL) {
    return SBI_INVALID_PARAM;
  }
  struct hart_data *data = &harts[self()];
  store(data->state, SUSPENDED);
  asm volatile("wfi");
  store(data->state, STARTED);
  if (!is_retentive) {
    enter(address, argument);
  }
  return SBI_SUCCESS;
}

static void fence(uint32_t what) {
  if (what & FENCE_I) {
    asm volatile("fence.i" : : : "memory");
  }
  if (what & FENCE_VMA) {
    asm volatile("sfence.vma" : : : "memory");
  }
}

void answer_harts(void) {
  uint64_t hart = self();
  write32(CLINT_MSIP(hart), 0);
  uint32_t asked = load(harts[hart].asked);
  if (asked & SOFTWARE_INTERRUPT) {
    csr_set(mip, INTERRUPT_SSI);
  }
  fence(asked);
  __atomic_fetch_and(&harts[hart].asked, ~asked, __ATOMIC_SEQ_CST);
}

static bool is_asked(uint64_t hart, uint64_t mask, uint64_t base) {
  bool is_named = base == ~0UL || (hart >= base && hart - base < 64 && (mask >> (hart - base) & 1));
  uint32_t state = load(harts[hart].state);
  return is_named && (state == STARTED || state == SUSPENDED);
}

// SBI specification 2.0, chapter 3: harts base + i for each bit i of the mask, or all of them for base -1.
int64_t ask_harts(uint64_t mask, uint64_t base, uint32_t what) {
  if (base != ~0UL && base >= hart_count) {
    return SBI_INVALID_PARAM;
  }
  uint64_t me = self();
  for (uint64_t hart = 0; hart < hart_count; hart++) {
    if (!is_asked(hart, mask, base)) {
      continue;
    }
    if (hart == me && what != SOFTWARE_INTERRUPT) {
      fence(what);
    } else if (hart == me) {
      csr_set(mip, INTERRUPT_SSI);
    } else {
      __atomic_fetch_or(&harts[hart].asked, what, __ATOMIC_SEQ_CST);
      write32(CLINT_MSIP(hart), 1);
    }
  }
  if (what == SOFTWARE_INTERRUPT) {
    return SBI_SUCCESS;
  }
  // A fence is complete when all harts have executed it. Answering while waiting avoids a deadlock between two harts.
  for (uint64_t hart = 0; hart < hart_count; hart++) {
    while (hart != me && is_asked(hart, mask, base) && load(harts[hart].asked) & what) {
      answer_harts();
    }
  }
  return SBI_SUCCESS;
}
