# The header of a Linux Image (Linux, Documentation/arch/riscv/boot-image-header.rst), and the switch from load address
# to link address: two 1 GiB pages map RAM there, and two more identity-map devices and RAM.

.section .text.init
.globl _start
_start:
  j entry
  .balign 8
  .quad 0x200000            # the load offset from the start of RAM
  .quad image_end - _start
  .quad 0
  .word 2                   # version 0.2
  .word 0
  .quad 0
  .ascii "RISCV\0\0\0"
  .ascii "RSC\x05"
  .word 0

entry:
  la sp, stack_top
  la a0, page_table
  call early_setup          # returns satp
  la t0, linked
  li t1, 0xffffffff00000000
  add t0, t0, t1
  add sp, sp, t1
  sfence.vma
  csrw satp, a0
  jr t0
linked:
  call image_main
1:
  wfi
  j 1b
