// Handles traps: system calls, page faults and device interrupts in user mode, and device interrupts in an idle kernel.
//
// Memory is allocated on page faults. The first access to a page of the heap or stack allocates a zeroed page, and the
// first write to a page shared by fork copies it. The kernel uses the same function to copy from and to user memory.
#include "kernel.h"

static void send_to_user_trap(void) {
  csr_write(stvec, TRAMPOLINE + (trampoline_user_trap - trampoline_start));
}

// Handles an interrupt. Returns false if the trap was not an interrupt.
static bool device_interrupt(uint64_t cause, bool *is_timer) {
  *is_timer = cause == (CAUSE_INTERRUPT | 1) || cause == (CAUSE_INTERRUPT | 5);
  if (*is_timer) {
    timer_interrupt();
    return true;
  }
  if (cause != (CAUSE_INTERRUPT | 9)) {
    return false;
  }
  int irq = plic_claim(1);
  if (irq == UART_IRQ) {
    console_interrupt();
  } else if (irq == VIRTIO_IRQ(0)) {
    disk_interrupt();
  }
  if (irq != 0) {
    plic_complete(1, irq);
  }
  return true;
}

static bool is_heap_or_stack(const struct process *process, uint64_t address) {
  return (address >= USER_START && address < process->heap_end) ||
         (address >= USER_STACK_TOP - USER_STACK_BYTES && address < USER_STACK_TOP);
}

static uint64_t give_zeroed_page(struct process *process, uint64_t address) {
  void *page = page_take();
  uint64_t flags = PTE_R | PTE_W | PTE_U | PTE_A | PTE_D;
  if (page == NULL || !pagetable_map(process->pagetable, PAGE_DOWN(address), (uint64_t)page, PAGE_BYTES, flags)) {
    return 0;
  }
  return (uint64_t)page;
}

static uint64_t own_shared_page(pte_t *entry) {
  void *shared = (void *)(*entry >> 10 << 12);
  uint64_t flags = (*entry & 0x3ff & ~PTE_COPY_ON_WRITE) | PTE_W | PTE_D;

  if (page_references(shared) == 1) {
    *entry = (*entry & ~0x3ffUL) | flags;
    return (uint64_t)shared;
  }
  void *copy = page_take();
  if (copy == NULL) {
    return 0;
  }
  memcpy(copy, shared, PAGE_BYTES);
  page_release(shared);
  *entry = (uint64_t)copy >> 12 << 10 | flags;
  return (uint64_t)copy;
}

uint64_t user_page(struct process *process, uint64_t address, bool write) {
  pte_t *entry = address < USER_STACK_TOP ? pagetable_find(process->pagetable, address) : NULL;
  if (entry == NULL) {
    return is_heap_or_stack(process, address) ? give_zeroed_page(process, address) : 0;
  }
  if (!(*entry & PTE_U)) {
    return 0;
  }
  if (write && (*entry & PTE_COPY_ON_WRITE)) {
    return own_shared_page(entry);
  }
  if (write && !(*entry & PTE_W)) {
    return 0;
  }
  return *entry >> 10 << 12;
}

static bool copy_user(uint64_t user, void *kernel, uint64_t bytes, bool to_user) {
  while (bytes > 0) {
    uint64_t offset = user % PAGE_BYTES;
    uint64_t part = bytes < PAGE_BYTES - offset ? bytes : PAGE_BYTES - offset;
    uint64_t page = user_page(current, user, to_user);
    if (page == 0) {
      return false;
    }
    if (to_user) {
      memcpy((void *)(page + offset), kernel, part);
    } else {
      memcpy(kernel, (void *)(page + offset), part);
    }
    user += part;
    kernel = (char *)kernel + part;
    bytes -= part;
  }
  return true;
}

bool copy_from_user(void *to, uint64_t from, uint64_t bytes) { return copy_user(from, to, bytes, false); }

bool copy_to_user(uint64_t to, const void *from, uint64_t bytes) { return copy_user(to, (void *)from, bytes, true); }

bool copy_text_from_user(char *to, uint64_t from, uint64_t bytes_max) {
  for (uint64_t i = 0; i < bytes_max; i++) {
    if (!copy_from_user(&to[i], from + i, 1)) {
      return false;
    }
    if (to[i] == 0) {
      return true;
    }
  }
  return false;
}

static void kill_current(uint64_t cause, uint64_t address) {
  print("%s: killed by trap %lu, address 0x%lx\n", current->name, cause, address);
  process_exit(-1);
}

void user_trap(void) {
  uint64_t cause = csr_read(scause);
  uint64_t address = csr_read(stval);
  bool is_timer = false;

  csr_write(stvec, kernel_trap_entry);
  if (cause == CAUSE_ECALL_U) {
    current->frame->epc += 4;
    syscall(current);
  } else if (cause == CAUSE_LOAD_PAGE_FAULT || cause == CAUSE_STORE_PAGE_FAULT) {
    bool write = cause == CAUSE_STORE_PAGE_FAULT;
    if (user_page(current, address, write) == 0) {
      kill_current(cause, address);
    }
  } else if (!device_interrupt(cause, &is_timer)) {
    kill_current(cause, address);
  }
  if (is_timer) {
    process_yield();
  }
  user_return();
}

void user_return(void) {
  struct user_frame *frame = current->frame;
  extern uint8_t kernel_stacks[PROCESSES_MAX][KERNEL_STACK_BYTES];

  send_to_user_trap();
  frame->kernel_satp = csr_read(satp);
  frame->kernel_sp = (uint64_t)kernel_stacks[current - processes] + KERNEL_STACK_BYTES;
  frame->kernel_entry = (uint64_t)user_trap;
  csr_clear(sstatus, STATUS_SPP);
  csr_set(sstatus, STATUS_SPIE);

  void (*leave)(uint64_t, uint64_t) = (void *)(TRAMPOLINE + (trampoline_user_return - trampoline_start));
  leave(USER_FRAME, pagetable_satp(current->pagetable));
}

void kernel_trap(struct trap_frame *frame) {
  uint64_t cause = csr_read(scause);
  bool is_timer;

  if (!device_interrupt(cause, &is_timer)) {
    print("kernel trap: cause %lx at %lx, address %lx\n", cause, frame->epc, csr_read(stval));
    panic("the kernel itself trapped");
  }
}
