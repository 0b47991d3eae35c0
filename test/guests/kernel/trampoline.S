# This page is at the same address in every page table, so that satp can be changed while its code runs.
#
# trampoline_user_trap: stvec while user mode runs. Saves all registers to the process's struct user_frame (sscratch
# contains its address), switches to the kernel's stack and page table, and jumps to user_trap().
# trampoline_user_return(frame, satp): returns to user mode.

#define EPC 256
#define KERNEL_SP 264
#define KERNEL_SATP 272
#define KERNEL_ENTRY 280

.cfi_sections .debug_frame

.section .text.trampoline, "ax"
.balign 4096
.globl trampoline_start
trampoline_start:

.globl trampoline_user_trap
.type trampoline_user_trap, @function
trampoline_user_trap:
  .cfi_startproc
  .cfi_undefined ra
  csrrw a0, sscratch, a0
  sd x1, 1*8(a0)
  sd x2, 2*8(a0)
  sd x3, 3*8(a0)
  sd x4, 4*8(a0)
  sd x5, 5*8(a0)
  sd x6, 6*8(a0)
  sd x7, 7*8(a0)
  sd x8, 8*8(a0)
  sd x9, 9*8(a0)
  sd x11, 11*8(a0)
  sd x12, 12*8(a0)
  sd x13, 13*8(a0)
  sd x14, 14*8(a0)
  sd x15, 15*8(a0)
  sd x16, 16*8(a0)
  sd x17, 17*8(a0)
  sd x18, 18*8(a0)
  sd x19, 19*8(a0)
  sd x20, 20*8(a0)
  sd x21, 21*8(a0)
  sd x22, 22*8(a0)
  sd x23, 23*8(a0)
  sd x24, 24*8(a0)
  sd x25, 25*8(a0)
  sd x26, 26*8(a0)
  sd x27, 27*8(a0)
  sd x28, 28*8(a0)
  sd x29, 29*8(a0)
  sd x30, 30*8(a0)
  sd x31, 31*8(a0)
  csrr t0, sscratch
  sd t0, 10*8(a0)
  csrr t0, sepc
  sd t0, EPC(a0)

  ld sp, KERNEL_SP(a0)
  ld t0, KERNEL_ENTRY(a0)
  ld t1, KERNEL_SATP(a0)
  csrw satp, t1
  sfence.vma
  li ra, 0               # the kernel's call stack ends here
  jr t0
  .cfi_endproc
.size trampoline_user_trap, . - trampoline_user_trap

.globl trampoline_user_return
.type trampoline_user_return, @function
trampoline_user_return:
  .cfi_startproc
  .cfi_undefined ra
  csrw satp, a1
  sfence.vma
  csrw sscratch, a0
  ld t0, EPC(a0)
  csrw sepc, t0
  ld x1, 1*8(a0)
  ld x2, 2*8(a0)
  ld x3, 3*8(a0)
  ld x4, 4*8(a0)
  ld x5, 5*8(a0)
  ld x6, 6*8(a0)
  ld x7, 7*8(a0)
  ld x8, 8*8(a0)
  ld x9, 9*8(a0)
  ld x11, 11*8(a0)
  ld x12, 12*8(a0)
  ld x13, 13*8(a0)
  ld x14, 14*8(a0)
  ld x15, 15*8(a0)
  ld x16, 16*8(a0)
  ld x17, 17*8(a0)
  ld x18, 18*8(a0)
  ld x19, 19*8(a0)
  ld x20, 20*8(a0)
  ld x21, 21*8(a0)
  ld x22, 22*8(a0)
  ld x23, 23*8(a0)
  ld x24, 24*8(a0)
  ld x25, 25*8(a0)
  ld x26, 26*8(a0)
  ld x27, 27*8(a0)
  ld x28, 28*8(a0)
  ld x29, 29*8(a0)
  ld x30, 30*8(a0)
  ld x31, 31*8(a0)
  ld x10, 10*8(a0)
  sret
  .cfi_endproc
.size trampoline_user_return, . - trampoline_user_return
.balign 4096
