# Gives every hart a 4 KiB stack and a trap vector. Hart 0 zeroes the variables and calls main, whose result is the exit
# code. The other harts wait until the variables are zeroed and then call other_hart(mhartid), which does not return.

.section .text.init
.globl _start
_start:
  csrr a0, mhartid
  la sp, __stack_top
  slli t0, a0, 12
  sub sp, sp, t0
  la t0, trap
  csrw mtvec, t0
  bnez a0, other

  la t0, __bss_start
  la t1, __bss_end
clear:
  bgeu t0, t1, cleared
  sd zero, 0(t0)
  addi t0, t0, 8
  j clear
cleared:
  fence
  li t0, 1
  la t1, variables_are_zeroed
  sw t0, 0(t1)
  call main
  call power_off

other:
  la t1, variables_are_zeroed
still:
  lw t0, 0(t1)
  beqz t0, still
  fence
  call other_hart

.data
.balign 4
variables_are_zeroed:
  .word 0
