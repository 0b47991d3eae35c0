# The entry point of a program, with the address of its command line in a0, and the system calls.

.cfi_sections .debug_frame

.section .text.start
.globl _start
.type _start, @function
_start:
  .cfi_startproc
  .cfi_undefined ra
  call run_main
  .cfi_endproc
.size _start, . - _start

.macro syscall name, number
  .text
  .globl sys_\name
  .type sys_\name, @function
sys_\name:
  .cfi_startproc
  li a7, \number
  ecall
  ret
  .cfi_endproc
  .size sys_\name, . - sys_\name
.endm

syscall write, 1
syscall read, 2
syscall exit, 3
syscall fork, 4
syscall exec, 5
syscall wait, 6
syscall sleep, 7
syscall sbrk, 8
syscall uptime, 9
syscall getpid, 10
syscall read_block, 11
syscall write_block, 12
syscall processes, 13
syscall power_off, 14
