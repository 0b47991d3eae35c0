// The timer of the core-local interruptor (CLINT), for hart 0.
#include "lib.h"

enum { MTIMECMP = 0x4000, MTIME = 0xbff8 };

uint64_t clint_now(void) { return read64(CLINT + MTIME); }

void clint_set_timer(uint64_t deadline) { write64(CLINT + MTIMECMP, deadline); }
