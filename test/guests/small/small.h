// Common code of the small guests. Each of them tests one behavior and prints the results on the console.
//
// The default trap handler (small.c) records a trap in `seen` and continues after the instruction. A guest with other
// needs defines machine_trap() itself.
#pragma once

#include "../lib/lib.h"

// The last trap; its cause is NO_TRAP if none has occurred since begin_trap_watch().
#define NO_TRAP (~0UL)
struct seen_trap {
  uint64_t cause;
  uint64_t epc;
  uint64_t value;   // mtval
  uint64_t status;  // mstatus as read in the handler
};
extern struct seen_trap seen;

#define begin_trap_watch() (seen = (struct seen_trap){.cause = NO_TRAP})

// The address at which to continue after the next trap; 0: after the trapping instruction.
extern uint64_t resume_at;

// Runs `function` at a lower privilege level, on a separate stack, until it calls leave(). With leave_on_trap, any
// other trap ends it too, for code that cannot continue after a trap.
void run_below(uint64_t privilege, void (*function)(void));
extern bool leave_on_trap;

#define LEAVE 99
static inline void leave(void) {
  register uint64_t a7 asm("a7") = LEAVE;
  asm volatile("ecall" : : "r"(a7) : "memory");
}

// Memory that nothing else uses, at an address that is the same in every build.
#define SCRATCH 0x80200000UL
