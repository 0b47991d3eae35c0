# The first instructions of the SBI guest, in supervisor mode, and its entry points: from the firmware at the start,
# when a hart is started, after a non-retentive suspend, and from traps.

.section .text.init
.globl _start
_start:
  la sp, stacks + 4096
  la t0, trap_entry
  csrw stvec, t0
  call main
park:
  wfi
  j park

# Entry of a started hart: a0 is its id, and a1 is the argument that was passed to the start call.
.globl second_start
second_start:
  la sp, stacks + 4096
  slli t0, a0, 12
  add sp, sp, t0
  la t0, trap_entry
  csrw stvec, t0
  call second_main
  j park

# Entry after a non-retentive suspend. a1 is the stack pointer saved before it. Returns from suspend_and_forget().
.globl resumed
resumed:
  mv sp, a1
  ld ra, 0(sp)
  ld s0, 8(sp)
  ld s1, 16(sp)
  addi sp, sp, 32
  ret

# int64_t suspend_and_forget(void): returns a0 if the call returns, or the hart's id if the hart was resumed.
.globl suspend_and_forget
suspend_and_forget:
  addi sp, sp, -32
  sd ra, 0(sp)
  sd s0, 8(sp)
  sd s1, 16(sp)
  li a7, 0x48534d
  li a6, 3
  li a0, 0x80000000
  la a1, resumed
  mv a2, sp
  ecall
  addi sp, sp, 32
  ret

# Saves the caller-saved registers; supervisor_trap(frame) may change the frame's first word, sepc.
.balign 4
trap_entry:
  addi sp, sp, -144
  sd ra, 8(sp)
  sd t0, 16(sp)
  sd t1, 24(sp)
  sd t2, 32(sp)
  sd a0, 40(sp)
  sd a1, 48(sp)
  sd a2, 56(sp)
  sd a3, 64(sp)
  sd a4, 72(sp)
  sd a5, 80(sp)
  sd a6, 88(sp)
  sd a7, 96(sp)
  sd t3, 104(sp)
  sd t4, 112(sp)
  sd t5, 120(sp)
  sd t6, 128(sp)
  csrr t0, sepc
  sd t0, 0(sp)
  mv a0, sp
  call supervisor_trap
  ld t0, 0(sp)
  csrw sepc, t0
  ld ra, 8(sp)
  ld t0, 16(sp)
  ld t1, 24(sp)
  ld t2, 32(sp)
  ld a0, 40(sp)
  ld a1, 48(sp)
  ld a2, 56(sp)
  ld a3, 64(sp)
  ld a4, 72(sp)
  ld a5, 80(sp)
  ld a6, 88(sp)
  ld a7, 96(sp)
  ld t3, 104(sp)
  ld t4, 112(sp)
  ld t5, 120(sp)
  ld t6, 128(sp)
  addi sp, sp, 144
  sret

.bss
.balign 16
.globl stacks
stacks:
  .zero 8 * 4096
