# Traps while the kernel itself runs: interrupts while the scheduler sleeps, or a bug. Like lib/trap.S in machine mode,
# saves registers to a struct trap_frame on the stack, but only the caller-saved ones.

#define FRAME_BYTES 272
#define EPC 256
#define STATUS 264
#define SEPC_COLUMN 0x1141          /* DWARF numbers CSR n as 4096 + n; sepc is 0x141 */

.cfi_sections .debug_frame

.macro save reg, number
  sd \reg, \number*8(sp)
  .cfi_rel_offset \reg, \number*8
.endm

.macro restore reg, number
  ld \reg, \number*8(sp)
.endm

.text
.globl kernel_trap_entry
.type kernel_trap_entry, @function
.balign 4
kernel_trap_entry:
  .cfi_startproc
  .cfi_signal_frame
  .cfi_return_column SEPC_COLUMN
  .cfi_same_value SEPC_COLUMN
  addi sp, sp, -FRAME_BYTES
  .cfi_def_cfa_offset FRAME_BYTES
  save x1, 1
  save x5, 5
  save x6, 6
  save x7, 7
  save x10, 10
  save x11, 11
  save x12, 12
  save x13, 13
  save x14, 14
  save x15, 15
  save x16, 16
  save x17, 17
  save x28, 28
  save x29, 29
  save x30, 30
  save x31, 31
  csrr t0, sepc
  sd t0, EPC(sp)
  .cfi_rel_offset SEPC_COLUMN, EPC
  csrr t0, sstatus
  sd t0, STATUS(sp)

  mv a0, sp
  call kernel_trap

  ld t0, EPC(sp)
  csrw sepc, t0
  ld t0, STATUS(sp)
  csrw sstatus, t0
  restore x1, 1
  restore x5, 5
  restore x6, 6
  restore x7, 7
  restore x10, 10
  restore x11, 11
  restore x12, 12
  restore x13, 13
  restore x14, 14
  restore x15, 15
  restore x16, 16
  restore x17, 17
  restore x28, 28
  restore x29, 29
  restore x30, 30
  restore x31, 31
  addi sp, sp, FRAME_BYTES
  .cfi_def_cfa_offset 0
  sret
  .cfi_endproc
.size kernel_trap_entry, . - kernel_trap_entry
