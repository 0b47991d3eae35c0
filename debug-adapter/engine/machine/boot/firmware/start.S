# The firmware's entry point, its trap entry and its return to supervisor mode. See firmware.c.
#
# Each hart has a separate stack; while the hart is below machine mode, mscratch holds the stack's top.

.section .text.init
.globl _start
_start:
  # a0: this hart, a1: device tree, a2: struct dynamic_info (set by QEMU's boot ROM)
  li t0, HARTS_MAX
  bgeu a0, t0, park
  la sp, stacks
  addi t1, a0, 1
  slli t1, t1, STACK_SHIFT
  add sp, sp, t1
  csrw mscratch, sp
  la t0, trap_entry
  csrw mtvec, t0
  call machine_main                 # does not return
park:
  wfi
  j park

# A trap from a lower privilege mode. Saves the caller-saved registers, mepc and mstatus: see struct trap_frame.
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

# enter_supervisor(hart, argument, stack_top): mret to mepc with hart in a0 and argument in a1.
.globl enter_supervisor
enter_supervisor:
  csrw mscratch, a2
  mret

# Accesses that may fault: to an optional register, or to an address from the supervisor. They return 256 on a fault.
# The fault may overwrite mepc and mstatus, which are already in the current trap's frame, or not set yet.
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
