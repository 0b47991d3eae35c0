// Dispatches SBI calls (RISC-V SBI specification 2.0): extension in a7, function in a6, arguments from a0; error in a0,
// value in a1.
#include "firmware.h"

bool has_sstc;

enum {
  LEGACY_SET_TIMER = 0,
  LEGACY_PUTCHAR = 1,
  LEGACY_GETCHAR = 2,
  LEGACY_SHUTDOWN = 8,
  BASE = 0x10,
  TIME = 0x54494d45,
  IPI = 0x735049,
  RFENCE = 0x52464e43,
  HSM = 0x48534d,
  RESET = 0x53525354,
  CONSOLE = 0x4442434e,
};

struct result {
  int64_t error;
  int64_t value;
};

static struct result value(int64_t value) { return (struct result){SBI_SUCCESS, value}; }
static struct result error(int64_t error) { return (struct result){error, 0}; }

// --- console: the UART, polled, in its power-on state ----------------------------------------------------------------

static void put(uint8_t byte) {
  while (!(read8(UART + 5) & 0x20)) {
  }
  write8(UART, byte);
}

static int64_t get(void) { return read8(UART + 5) & 1 ? read8(UART) : -1; }

// The range contains no byte of the firmware's memory, which the supervisor cannot access directly either.
static bool is_open(uint64_t address, uint64_t bytes) {
  bool wraps = address + bytes < address;
  return !wraps && (address + bytes <= RAM || address >= RAM + FIRMWARE_BYTES);
}

static struct result console(uint64_t function, const uint64_t *a) {
  uint64_t done = 0;
  switch (function) {
    case 0:  // write: bytes, address, address above 2^64
      if (a[2] != 0 || !is_open(a[1], a[0])) {
        return error(SBI_INVALID_PARAM);
      }
      for (; done < a[0]; done++) {
        uint64_t byte = try_load8(a[1] + done);
        if (byte > 255) {
          return done == 0 ? error(SBI_INVALID_PARAM) : value(done);
        }
        put(byte);
      }
      return value(done);
    case 1:  // read: the available bytes, up to that many
      if (a[2] != 0 || !is_open(a[1], a[0])) {
        return error(SBI_INVALID_PARAM);
      }
      for (int64_t byte; done < a[0] && (byte = get()) >= 0; done++) {
        if (try_store8(a[1] + done, byte) != 0) {
          return error(SBI_INVALID_PARAM);
        }
      }
      return value(done);
    case 2:
      put(a[0]);
      return value(0);
    default:
      return error(SBI_NOT_SUPPORTED);
  }
}

// --- timer -------------------------------------------------------------------------------------------------------------

static void set_timer(uint64_t time) {
  if (has_sstc) {
    csr_write(CSR_STIMECMP, time);
    return;
  }
  write64(CLINT_TIMECMP(csr_read(mhartid)), time);
  csr_clear(mip, INTERRUPT_STI);
  csr_set(mie, INTERRUPT_MTI);
}

// Without Sstc, machine mode takes the timer interrupt and forwards it to the supervisor.
void timer_rang(void) {
  csr_clear(mie, INTERRUPT_MTI);
  csr_set(mip, INTERRUPT_STI);
}

// --- the rest ----------------------------------------------------------------------------------------------------------

static bool is_there(uint64_t extension) {
  switch (extension) {
    case LEGACY_SET_TIMER:
    case LEGACY_PUTCHAR:
    case LEGACY_GETCHAR:
    case LEGACY_SHUTDOWN:
    case BASE:
    case TIME:
    case IPI:
    case RFENCE:
    case HSM:
    case RESET:
    case CONSOLE:
      return true;
    default:
      return false;
  }
}

static struct result base(uint64_t function, const uint64_t *a) {
  switch (function) {
    case 0:
      return value(2UL << 24);  // SBI 2.0
    case 1:
      return value(0x626c6b);  // implementation id: not assigned, so "blk"
    case 2:
      return value(1);
    case 3:
      return value(is_there(a[0]));
    case 4:
      return value(csr_read(mvendorid));
    case 5:
      return value(csr_read(marchid));
    case 6:
      return value(csr_read(mimpid));
    default:
      return error(SBI_NOT_SUPPORTED);
  }
}

// Address ranges and ASIDs are ignored: each hart flushes everything.
static struct result remote_fence(uint64_t function, const uint64_t *a) {
  switch (function) {
    case 0:
      return error(ask_harts(a[0], a[1], FENCE_I));
    case 1:
    case 2:
      return error(ask_harts(a[0], a[1], FENCE_VMA));
    default:  // 3 to 6 are for the hypervisor extension
      return error(SBI_NOT_SUPPORTED);
  }
}

static struct result harts(uint64_t function, const uint64_t *a) {
  switch (function) {
    case 0:
      return error(hart_start(a[0], a[1], a[2]));
    case 1:
      hart_stop();
      return error(SBI_FAILED);
    case 2: {
      int64_t status = hart_status(a[0]);
      return status < 0 ? error(status) : value(status);
    }
    case 3:
      return error(hart_suspend((uint32_t)a[0], a[1], a[2]));
    default:
      return error(SBI_NOT_SUPPORTED);
  }
}

enum { SHUTDOWN = 0, COLD_REBOOT = 1, WARM_REBOOT = 2 };
enum { FINISHER_FAIL = 0x3333, FINISHER_PASS = 0x5555, FINISHER_RESET = 0x7777 };

static struct result reset(uint64_t function, const uint64_t *a) {
  if (function != 0) {
    return error(SBI_NOT_SUPPORTED);
  }
  uint32_t type = a[0];
  uint32_t reason = a[1];
  if (type > WARM_REBOOT || reason > 1) {
    return error(SBI_INVALID_PARAM);
  }
  uint32_t failure = FINISHER_FAIL | 1 << 16;
  write32(FINISHER, type != SHUTDOWN ? FINISHER_RESET : reason == 0 ? FINISHER_PASS : failure);
  for (;;) {
    asm volatile("wfi");
  }
}

static struct result call(uint64_t extension, uint64_t function, const uint64_t *a) {
  switch (extension) {
    case BASE:
      return base(function, a);
    case TIME:
      if (function != 0) {
        return error(SBI_NOT_SUPPORTED);
      }
      set_timer(a[0]);
      return value(0);
    case IPI:
      return error(function == 0 ? ask_harts(a[0], a[1], SOFTWARE_INTERRUPT) : SBI_NOT_SUPPORTED);
    case RFENCE:
      return remote_fence(function, a);
    case HSM:
      return harts(function, a);
    case RESET:
      return reset(function, a);
    case CONSOLE:
      return console(function, a);
    default:
      return error(SBI_NOT_SUPPORTED);
  }
}

// Legacy calls return only a0.
void sbi_call(struct trap_frame *frame) {
  uint64_t *a = frame->a;
  switch (a[7]) {
    case LEGACY_SET_TIMER:
      set_timer(a[0]);
      a[0] = 0;
      return;
    case LEGACY_PUTCHAR:
      put(a[0]);
      a[0] = 0;
      return;
    case LEGACY_GETCHAR:
      a[0] = get();
      return;
    case LEGACY_SHUTDOWN:
      reset(0, (const uint64_t[]){SHUTDOWN, 0});
      return;
    default: {
      struct result result = call(a[7], a[6], a);
      a[0] = result.error;
      a[1] = result.value;
    }
  }
}
