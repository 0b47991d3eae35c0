# The first code of a machine-mode guest: hart 0 sets up a stack and a trap vector, zeroes the variables, and calls
# main, whose result is the exit code. Other harts sleep forever.

.cfi_sections .debug_frame

.section .text.init
.globl _start
.type _start, @function
_start:
  .cfi_startproc
  .cfi_undefined ra                 # this code has no caller, so a backtrace ends here
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
  la t0, machine_trap_entry
  csrw mtvec, t0
  call main
  call power_off

park:
  wfi
  j park
  .cfi_endproc
.size _start, . - _start
