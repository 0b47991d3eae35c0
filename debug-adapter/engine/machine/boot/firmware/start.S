# The firmware's first instructions, its trap entry and its ways down to supervisor mode. See firmware.c.
#
# Every hart has a stack of its own; while the hart is below machine mode, mscratch is the stack's top.

.section .text.init
.globl _start
_start:
  # a0: this hart, a1: device tree, a2: struct dynamic_info (QEMU's boot ROM leaves them so)
  li t0, HARTS_MAX
  bgeu a0, t0, park
  la sp, stacks
  addi t1, a0, 1
  slli t1, t1, STACK_SHIFT
  add sp, sp, t1
  csrw mscratch, sp
  la t0, trap_entry
  csrw mtvec, t0
  call machine_main                 # comes back on no way
park:
  wfi
  j park

# A trap from below. What a C function may change is saved, and what it is to change: see struct trap_frame.
.balign 4
.globl trap_entry
trap_entry:
  csrrw sp, mscratch, sp
  addi sp, sp, -FRAME_BYTES
  sd ra, 0(sp)
  sd t0, 8(sp)
  sd t1, 16(sp)
  sd t2, 24(sp)
  sd a0, 32(sp)
  sd a1, 40(sp)
  sd a2, 48(sp)
  sd a3, 56(sp)
  sd a4, 64(sp)
  sd a5, 72(sp)
  sd a6, 80(sp)
  sd a7, 88(sp)
  sd t3, 96(sp)
  sd t4, 104(sp)
  sd t5, 112(sp)
  sd t6, 120(sp)
  csrr t0, mepc
  sd t0, 128(sp)
  csrr t0, mstatus
  sd t0, 136(sp)
  mv a0, sp
  call trap
  ld t0, 136(sp)
  csrw mstatus, t0
  ld t0, 128(sp)
  csrw mepc, t0
  ld ra, 0(sp)
  ld t0, 8(sp)
  ld t1, 16(sp)
  ld t2, 24(sp)
  ld a0, 32(sp)
  ld a1, 40(sp)
  ld a2, 48(sp)
  ld a3, 56(sp)
  ld a4, 64(sp)
  ld a5, 72(sp)
  ld a6, 80(sp)
  ld a7, 88(sp)
  ld t3, 96(sp)
  ld t4, 104(sp)
  ld t5, 112(sp)
  ld t6, 120(sp)
  addi sp, sp, FRAME_BYTES
  csrrw sp, mscratch, sp
  mret

# enter_supervisor(hart, argument, stack_top): mret with mepc and mstatus as they are; a0 and a1 are what is started gets.
.globl enter_supervisor
enter_supervisor:
  csrw mscratch, a2
  mret

# Accesses to what may not be there, or to an address that a supervisor gave: 256 when it faults. What the fault did to mepc and mstatus does not
# matter, for they are in the frame of the trap that we are in, or not yet set.
.globl try_stimecmp
try_stimecmp:
  la t0, failed
  csrrw t0, mtvec, t0
  csrr a0, 0x14d
  csrw mtvec, t0
  li a0, 0
  ret

.globl try_load8
try_load8:
  la t0, failed
  csrrw t0, mtvec, t0
  lbu a0, 0(a0)
  csrw mtvec, t0
  ret

.globl try_store8
try_store8:
  la t0, failed
  csrrw t0, mtvec, t0
  sb a1, 0(a0)
  csrw mtvec, t0
  li a0, 0
  ret

.balign 4
failed:
  csrw mtvec, t0
  li a0, 256
  ret
