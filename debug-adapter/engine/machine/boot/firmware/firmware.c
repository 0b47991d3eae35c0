// blkreplay's built-in firmware: it runs in machine mode below a supervisor-mode kernel and implements the SBI calls
// (RISC-V SBI specification 2.0). It is ordinary guest code, so recording, replay and snapshots need no support for it,
// and it also runs on QEMU's `virt` board (`-bios firmware.bin`).
//
// It has the entry interface of OpenSBI's fw_dynamic and delegates the same exceptions as OpenSBI. It emulates no
// instructions: traps that it does not handle are passed to the supervisor as if they had been delegated.
#include "firmware.h"

// The layout of OpenSBI's include/sbi/fw_dynamic.h.
struct dynamic_info {
  uint64_t magic;
  uint64_t version;
  uint64_t next_address;
  uint64_t next_mode;
  uint64_t options;
  uint64_t boot_hart;
};
#define DYNAMIC_MAGIC 0x4942534fUL

// Misaligned fetch, breakpoint, ecall from U, and page faults. All others trap to this firmware.
#define DELEGATED_EXCEPTIONS 0xb109UL
// Enabled for the supervisor if the hart has them: timer, memory types, cbo.zero, cbo.clean and cbo.flush, cbo.inval.
#define MENVCFG_STCE (1UL << 63)
#define MENVCFG_PBMTE (1UL << 62)
#define MENVCFG_CBZE (1UL << 7)
#define MENVCFG_CBCFE (1UL << 6)
#define MENVCFG_CBIE (3UL << 4)

enum { CAUSE_ECALL_S = 9 };
#define CAUSE_INTERRUPT (1UL << 63)
enum { CAUSE_SOFTWARE = 3, CAUSE_TIMER = 7 };

static uint64_t hart(void) { return csr_read(mhartid); }

// Lower privilege modes may access everything except this firmware's memory.
static void protect_memory(void) {
  csr_write(pmpaddr0, (RAM + FIRMWARE_BYTES / 2 - 1) >> 2);  // NAPOT
  csr_write(pmpaddr1, ~0UL >> 10);
  csr_write(pmpcfg0, 0x1f18);
}

static void prepare_hart(void) {
  protect_memory();
  csr_write(mstatus, 0);
  csr_write(medeleg, DELEGATED_EXCEPTIONS);
  csr_write(mideleg, INTERRUPT_SSI | INTERRUPT_STI | INTERRUPT_SEI);
  csr_write(mcounteren, ~0UL);
  csr_write(scounteren, 7);
  csr_write(CSR_MENVCFG, MENVCFG_STCE | MENVCFG_PBMTE | MENVCFG_CBZE | MENVCFG_CBCFE | MENVCFG_CBIE);
  has_sstc = (csr_read(CSR_MENVCFG) & MENVCFG_STCE) != 0 && try_stimecmp() == 0;
  if (has_sstc) {
    csr_write(CSR_STIMECMP, ~0UL);
  }
  write64(CLINT_TIMECMP(hart()), ~0UL);
  csr_write(mip, 0);
  csr_write(mie, INTERRUPT_MSI);
}

_Noreturn void machine_main(uint64_t this_hart, uint64_t device_tree, const struct dynamic_info *info) {
  prepare_hart();
  uint64_t boot_hart = info->magic == DYNAMIC_MAGIC && info->version >= 2 ? info->boot_hart : 0;
  if (this_hart != boot_hart) {
    wait_for_start();
  }
  count_harts(device_tree);
  hart_is_started(this_hart);
  uint64_t next = info->magic == DYNAMIC_MAGIC ? info->next_address : 0x80200000UL;
  enter(next, device_tree);
}

// Enters supervisor mode as the SBI requires: interrupts off, no address translation, hart id in a0, argument in a1.
_Noreturn void enter(uint64_t address, uint64_t argument) {
  csr_write(satp, 0);
  csr_write(sie, 0);
  csr_clear(mstatus, STATUS_MPP | STATUS_MPIE | STATUS_SIE | STATUS_MPRV);
  csr_set(mstatus, STATUS_MPP_S);
  csr_write(mepc, address);
  enter_supervisor(hart(), argument, (uint64_t)stacks[hart() + 1]);
}

// Does what the hardware does for a delegated exception.
static void pass_up(struct trap_frame *frame, uint64_t cause) {
  csr_write(sepc, frame->epc);
  csr_write(scause, cause);
  csr_write(stval, csr_read(mtval));
  uint64_t status = frame->status;
  uint64_t raised = status & ~(STATUS_SPP | STATUS_SPIE | STATUS_SIE | STATUS_MPP);
  raised |= STATUS_MPP_S;
  raised |= status & STATUS_MPP ? STATUS_SPP : 0;
  raised |= status & STATUS_SIE ? STATUS_SPIE : 0;
  frame->status = raised;
  frame->epc = csr_read(stvec) & ~3UL;
}

void trap(struct trap_frame *frame) {
  uint64_t cause = csr_read(mcause);
  if (cause == CAUSE_ECALL_S) {
    frame->epc += 4;
    sbi_call(frame);
  } else if (cause == (CAUSE_INTERRUPT | CAUSE_TIMER)) {
    timer_rang();
  } else if (cause == (CAUSE_INTERRUPT | CAUSE_SOFTWARE)) {
    answer_harts();
  } else {
    pass_up(frame, cause);
  }
}
