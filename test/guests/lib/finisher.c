// The power switch, which is the SiFive test device. QEMU exits with the code that is written to the device.
#include "lib.h"

enum { FINISHER_FAIL = 0x3333, FINISHER_PASS = 0x5555 };

_Noreturn void power_off(int code) {
  write32(FINISHER, code == 0 ? FINISHER_PASS : FINISHER_FAIL | (uint32_t)code << 16);
  for (;;) {
    wait_for_interrupt();
  }
}

_Noreturn void panic(const char *why) {
  print("panic: %s\n", why);
  power_off(99);
}
