  .section .text.init, "ax"
  .globl _start
_start:
  la sp, stack_top
  csrr t0, mhartid
  bnez t0, 1f
  call first
2:
  j 2b
1:
  la sp, other_stack_top
  li t1, 1
  beq t0, t1, 3f
4:
  wfi
  j 4b
3:
  call other

  .bss
  .balign 16
  .space 1024
stack_top:
  .space 1024
other_stack_top:
