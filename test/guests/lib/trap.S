# Entry to and return from a machine-mode trap: all registers are saved to a struct trap_frame on the interrupted code's
# stack, machine_trap() handles the trap, and mret continues at the frame's epc.
#
# The unwind information describes the entry as a signal frame whose return address is mepc, so a debugger's call stack
# continues from the handler into the interrupted function.

.cfi_sections .debug_frame

#define FRAME_BYTES 272             /* 32 registers, epc, status: a multiple of 16 */
#define EPC 256
#define STATUS 264
#define MEPC_COLUMN 0x1341          /* DWARF numbers CSR n as 4096 + n; mepc is 0x341 */

.macro save reg, number
  sd \reg, \number*8(sp)
  .cfi_rel_offset \reg, \number*8
.endm

.macro restore reg, number
  ld \reg, \number*8(sp)
.endm

.text
.globl machine_trap_entry
.type machine_trap_entry, @function
.balign 4
machine_trap_entry:
  .cfi_startproc
  .cfi_signal_frame
  .cfi_return_column MEPC_COLUMN
  .cfi_same_value MEPC_COLUMN       # until mepc is saved, its value is in the CSR itself
  addi sp, sp, -FRAME_BYTES
  .cfi_def_cfa_offset FRAME_BYTES
  save x1, 1
  save x3, 3
  save x4, 4
  save x5, 5
  save x6, 6
  save x7, 7
  save x8, 8
  save x9, 9
  save x10, 10
  save x11, 11
  save x12, 12
  save x13, 13
  save x14, 14
  save x15, 15
  save x16, 16
  save x17, 17
  save x18, 18
  save x19, 19
  save x20, 20
  save x21, 21
  save x22, 22
  save x23, 23
  save x24, 24
  save x25, 25
  save x26, 26
  save x27, 27
  save x28, 28
  save x29, 29
  save x30, 30
  save x31, 31
  addi t0, sp, FRAME_BYTES
  sd t0, 2*8(sp)
  csrr t0, mepc
  sd t0, EPC(sp)
  .cfi_rel_offset MEPC_COLUMN, EPC
  csrr t0, mstatus
  sd t0, STATUS(sp)

  mv a0, sp
  call machine_trap

  ld t0, EPC(sp)
  csrw mepc, t0
  ld t0, STATUS(sp)
  csrw mstatus, t0
  restore x1, 1
  restore x3, 3
  restore x4, 4
  restore x5, 5
  restore x6, 6
  restore x7, 7
  restore x8, 8
  restore x9, 9
  restore x10, 10
  restore x11, 11
  restore x12, 12
  restore x13, 13
  restore x14, 14
  restore x15, 15
  restore x16, 16
  restore x17, 17
  restore x18, 18
  restore x19, 19
  restore x20, 20
  restore x21, 21
  restore x22, 22
  restore x23, 23
  restore x24, 24
  restore x25, 25
  restore x26, 26
  restore x27, 27
  restore x28, 28
  restore x29, 29
  restore x30, 30
  restore x31, 31
  restore x2, 2
  .cfi_def_cfa_offset 0
  mret
  .cfi_endproc
.size machine_trap_entry, . - machine_trap_entry
