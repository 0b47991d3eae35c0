# Gives every hart a 4 KiB stack.
.section .text.init
.globl _start
_start:
  csrr a0, mhartid
  la sp, __stack_top
  slli a0, a0, 12
  sub sp, sp, a0
  call spin
end:
  j end
