# The programs embedded in the kernel, which are ELF files without debug information, and a table of their names.

.macro program name
  .section .rodata.programs_table, "a"
  .dword name_\name, elf_\name
  .section .rodata.programs_files, "a"
  name_\name: .asciz "\name"
  .balign 16
  elf_\name: .incbin "\name\().elf"
.endm

.section .rodata.programs_table, "a"
.balign 8
.globl programs
programs:

program sh
program ps
program primes
program spin
program forktest
program writeblk
program readblk
program sum
program sleep
program crash

.section .rodata.programs_table, "a"
.dword 0, 0
