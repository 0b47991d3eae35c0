// What the guests need without a C library: a console, the power switch, strings, a checksum, the interrupt controllers
// and trap registers.
#pragma once

#include "machine.h"

// The console (uart.c, print.c). Output is polled: a character has been sent when the call returns. The receiver
// buffers one character, or sixteen once uart_start() has been called.
void uart_start(void);
void console_put(char c);
int console_get(void);  // the next input character, or -1
void uart_enable_input_interrupt(void);
void uart_disable_input_interrupt(void);
void print(const char *format, ...) __attribute__((format(printf, 1, 2)));

// The power switch (finisher.c). Code 0 reports success, any other code failure.
_Noreturn void power_off(int code);
_Noreturn void panic(const char *why);

// Strings and memory (string.c).
void *memset(void *to, int byte, size_t bytes);
void *memcpy(void *to, const void *from, size_t bytes);
void *memmove(void *to, const void *from, size_t bytes);
int memcmp(const void *a, const void *b, size_t bytes);
size_t strlen(const char *text);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t bytes);

// CRC-32 as in zip and Ethernet (crc32.c). Start with 0; to continue, pass the result of the previous call.
uint32_t crc32(uint32_t crc, const void *data, size_t bytes);

// The machine timer (clint.c).
uint64_t clint_now(void);                // in ticks of 100 ns
void clint_set_timer(uint64_t deadline);  // machine timer interrupt once mtime >= deadline

// The interrupt controller (plic.c). Context 0 is the hart's machine mode, context 1 its supervisor mode.
void plic_enable(int context, int irq);
int plic_claim(int context);  // returns 0 if no interrupt is pending
void plic_complete(int context, int irq);

// The registers that trap.S saves on the stack, in this order.
struct trap_frame {
  uint64_t x[32];  // x[0] is not used; x[2] is the stack pointer at the time of the trap
  uint64_t epc;
  uint64_t status;
};

// Machine mode (trap.S): mtvec points to machine_trap_entry, which calls the guest's machine_trap.
void machine_trap_entry(void);
void machine_trap(struct trap_frame *frame);
