// The machine that the guests run on: QEMU's `virt` board with one RV64IMAC hart.
//
// Addresses and bits come from QEMU's hw/riscv/virt.c, the RISC-V privileged specification and the CLINT and PLIC
// manuals. This file defines only constants and single instructions; the drivers are in separate files.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// The memory map.
#define FINISHER 0x100000UL
#define CLINT 0x2000000UL
#define PLIC 0xc000000UL
#define UART 0x10000000UL
#define VIRTIO_SLOT(n) (0x10001000UL + (n) * 0x1000UL)
#define RAM 0x80000000UL

// PLIC interrupt numbers.
#define UART_IRQ 10
#define VIRTIO_IRQ(slot) (1 + (slot))

// mtime counts at 10 MHz.
#define TICKS_PER_MICROSECOND 10UL
#define TICKS_PER_MILLISECOND 10000UL

// mstatus and sstatus.
#define STATUS_SIE (1UL << 1)
#define STATUS_MIE (1UL << 3)
#define STATUS_SPIE (1UL << 5)
#define STATUS_MPIE (1UL << 7)
#define STATUS_SPP (1UL << 8)
#define STATUS_MPP_MASK (3UL << 11)
#define STATUS_MPP_S (1UL << 11)
#define STATUS_MPP_U (0UL << 11)
#define STATUS_MPRV (1UL << 17)
#define STATUS_SUM (1UL << 18)
#define STATUS_MXR (1UL << 19)

// mip and mie, sip and sie.
#define INTERRUPT_SSI (1UL << 1)
#define INTERRUPT_MSI (1UL << 3)
#define INTERRUPT_STI (1UL << 5)
#define INTERRUPT_MTI (1UL << 7)
#define INTERRUPT_SEI (1UL << 9)
#define INTERRUPT_MEI (1UL << 11)

// mcause and scause.
#define CAUSE_INTERRUPT (1UL << 63)
#define CAUSE_ILLEGAL 2
#define CAUSE_BREAKPOINT 3
#define CAUSE_ECALL_U 8
#define CAUSE_ECALL_S 9
#define CAUSE_ECALL_M 11
#define CAUSE_FETCH_PAGE_FAULT 12
#define CAUSE_LOAD_PAGE_FAULT 13
#define CAUSE_STORE_PAGE_FAULT 15

#define MENVCFG_STCE (1UL << 63)

// Accesses CSRs by name, or by number if this assembler does not know the name.
#define CSR_STIMECMP 0x14d
#define CSR_MENVCFG 0x30a

#define CSR_STRING_(x) #x
#define CSR_STRING(x) CSR_STRING_(x)

#define csr_read(csr)                                                        \
  ({                                                                         \
    uint64_t csr_value;                                                      \
    asm volatile("csrr %0, " CSR_STRING(csr) : "=r"(csr_value) : : "memory"); \
    csr_value;                                                               \
  })
#define csr_write(csr, value) asm volatile("csrw " CSR_STRING(csr) ", %0" : : "rK"((uint64_t)(value)) : "memory")
#define csr_set(csr, value) asm volatile("csrs " CSR_STRING(csr) ", %0" : : "rK"((uint64_t)(value)) : "memory")
#define csr_clear(csr, value) asm volatile("csrc " CSR_STRING(csr) ", %0" : : "rK"((uint64_t)(value)) : "memory")

static inline uint8_t read8(uint64_t address) { return *(volatile uint8_t *)address; }
static inline uint32_t read32(uint64_t address) { return *(volatile uint32_t *)address; }
static inline uint64_t read64(uint64_t address) { return *(volatile uint64_t *)address; }
static inline void write8(uint64_t address, uint8_t value) { *(volatile uint8_t *)address = value; }
static inline void write32(uint64_t address, uint32_t value) { *(volatile uint32_t *)address = value; }
static inline void write64(uint64_t address, uint64_t value) { *(volatile uint64_t *)address = value; }

static inline void wait_for_interrupt(void) { asm volatile("wfi" : : : "memory"); }
static inline void memory_fence(void) { asm volatile("fence" : : : "memory"); }
