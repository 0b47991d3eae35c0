# The first instructions, in machine mode: sets up a stack, zeroes the variables and calls machine_start(). The stack
# later belongs to the scheduler. Harts other than 0 sleep forever.

.cfi_sections .debug_frame

.section .text.init
.globl _start
.type _start, @function
_start:
  .cfi_startproc
  .cfi_undefined ra
  csrr t0, mhartid
  bnez t0, park
  la sp, __stack_top
  la t0, __bss_start
  la t1, __bss_end
clear:
  bgeu t0, t1, cleared
  sd zero, 0(t0)
  addi t0, t0, 8
  j clear
cleared:
  call machine_start
park:
  wfi
  j park
  .cfi_endproc
.size _start, . - _start

# Machine mode's only trap when supervisor mode does not own the timer (Sstc): the CLINT's timer interrupt. Sets the
# next deadline and passes the interrupt on as a supervisor software interrupt. mscratch points to machine_timer_area.
.globl machine_timer_trap
.type machine_timer_trap, @function
.balign 4
machine_timer_trap:
  .cfi_startproc
  .cfi_signal_frame
  .cfi_return_column 0x1341
  .cfi_same_value 0x1341
  csrrw a0, mscratch, a0
  sd a1, 0(a0)
  sd a2, 8(a0)
  sd a3, 16(a0)
  ld a1, 24(a0)          # address of mtimecmp
  ld a2, 32(a0)          # interval
  ld a3, 0(a1)
  add a3, a3, a2
  sd a3, 0(a1)
  li a1, 2               # mip.SSIP
  csrs mip, a1
  ld a3, 16(a0)
  ld a2, 8(a0)
  ld a1, 0(a0)
  csrrw a0, mscratch, a0
  mret
  .cfi_endproc
.size machine_timer_trap, . - machine_timer_trap

# Any other trap in machine mode is a bug, which is reported as failure 98.
.globl machine_unexpected_trap
.type machine_unexpected_trap, @function
.balign 4
machine_unexpected_trap:
  li t0, 0x100000
  li t1, 98 << 16 | 0x3333
  sw t1, 0(t0)
  j machine_unexpected_trap
.size machine_unexpected_trap, . - machine_unexpected_trap
