// Declarations shared by the parts of the firmware.
#pragma once

#include <stdbool.h>
#include <stdint.h>

// start.S
struct trap_frame {
  uint64_t ra, t0, t1, t2;
  uint64_t a[8];
  uint64_t t3, t4, t5, t6;
  uint64_t epc;
  uint64_t status;
};
_Noreturn void enter_supervisor(uint64_t hart, uint64_t argument, uint64_t stack_top);
uint64_t try_stimecmp(void);                           // 0, or 256 if the register does not exist
uint64_t try_load8(uint64_t address);                  // the byte, or 256 if the access faults
uint64_t try_store8(uint64_t address, uint64_t byte);  // 0, or 256 if the access faults
extern char stacks[HARTS_MAX][1 << STACK_SHIFT];

// firmware.c
_Noreturn void enter(uint64_t address, uint64_t argument);

// harts.c: starting and stopping harts, and requests between harts.
extern uint64_t hart_count;
void count_harts(uint64_t device_tree);
void hart_is_started(uint64_t hart);
_Noreturn void wait_for_start(void);
int64_t hart_start(uint64_t hart, uint64_t address, uint64_t argument);
void hart_stop(void);
int64_t hart_status(uint64_t hart);
int64_t hart_suspend(uint64_t type, uint64_t address, uint64_t argument);
enum { SOFTWARE_INTERRUPT = 1, FENCE_I = 2, FENCE_VMA = 4 };
int64_t ask_harts(uint64_t mask, uint64_t base, uint32_t what);
void answer_harts(void);

// sbi.c
void sbi_call(struct trap_frame *frame);
void timer_rang(void);
extern bool has_sstc;

// SBI specification 2.0, chapter 3: binary encoding.
enum {
  SBI_SUCCESS = 0,
  SBI_FAILED = -1,
  SBI_NOT_SUPPORTED = -2,
  SBI_INVALID_PARAM = -3,
  SBI_INVALID_ADDRESS = -5,
  SBI_ALREADY_AVAILABLE = -6,
};

// QEMU's `virt` board.
#define RAM 0x80000000UL
#define FINISHER 0x100000UL
#define CLINT_MSIP(hart) (0x2000000UL + 4 * (hart))
#define CLINT_TIMECMP(hart) (0x2004000UL + 8 * (hart))
#define UART 0x10000000UL

static inline uint8_t read8(uint64_t address) { return *(volatile uint8_t *)address; }
static inline void write8(uint64_t address, uint8_t value) { *(volatile uint8_t *)address = value; }
static inline void write32(uint64_t address, uint32_t value) { *(volatile uint32_t *)address = value; }
static inline void write64(uint64_t address, uint64_t value) { *(volatile uint64_t *)address = value; }

#define CSR_STRING_(x) #x
#define CSR_STRING(x) CSR_STRING_(x)
#define csr_read(csr)                                                         \
  ({                                                                          \
    uint64_t csr_value;                                                       \
    asm volatile("csrr %0, " CSR_STRING(csr) : "=r"(csr_value) : : "memory"); \
    csr_value;                                                                \
  })
#define csr_write(csr, value) asm volatile("csrw " CSR_STRING(csr) ", %0" : : "rK"((uint64_t)(value)) : "memory")
#define csr_set(csr, value) asm volatile("csrs " CSR_STRING(csr) ", %0" : : "rK"((uint64_t)(value)) : "memory")
#define csr_clear(csr, value) asm volatile("csrc " CSR_STRING(csr) ", %0" : : "rK"((uint64_t)(value)) : "memory")
// By number, because the assembler does not know the names.
#define CSR_STIMECMP 0x14d
#define CSR_MENVCFG 0x30a

#define STATUS_SIE (1UL << 1)
#define STATUS_SPIE (1UL << 5)
#define STATUS_MPIE (1UL << 7)
#define STATUS_SPP (1UL << 8)
#define STATUS_MPP (3UL << 11)
#define STATUS_MPP_S (1UL << 11)
#define STATUS_MPRV (1UL << 17)
#define INTERRUPT_SSI (1UL << 1)
#define INTERRUPT_MSI (1UL << 3)
#define INTERRUPT_STI (1UL << 5)
#define INTERRUPT_MTI (1UL << 7)
#define INTERRUPT_SEI (1UL << 9)
