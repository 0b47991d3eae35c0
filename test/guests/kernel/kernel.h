// oslet: a supervisor-mode kernel small enough to read in an evening.
//
//   start.S, machine.c   machine mode: prepares for supervisor mode and enters it
//   main.c               supervisor mode starts
//   pages.c              physical pages, with reference counts
//   pagetable.c          Sv39 page tables: the kernel's, and one for each process
//   trampoline.S         the switch between user mode and the kernel
//   kernel_trap.S        interrupts while the kernel is idle
//   trap.c               handles traps: system calls, page faults, devices
//   process.c switch.S   processes and the round-robin scheduler
//   exec.c               ELF programs, embedded in the kernel (programs.S)
//   syscall.c            the system calls
//   timer.c console.c disk.c   the devices
//
// The kernel runs with interrupts off and is never preempted; interrupts occur in user mode and while no process can
// run. With one hart no locks are needed.
#pragma once

#include "../lib/lib.h"

#define PAGE_BYTES 4096UL
#define PAGE_DOWN(address) ((address) & ~(PAGE_BYTES - 1))
#define PAGE_UP(address) PAGE_DOWN((address) + PAGE_BYTES - 1)

// Physical memory: the kernel, then pages to allocate.
#define MEMORY_END (RAM + 32 * 1024 * 1024)

// Virtual memory. The kernel sees physical memory at its physical addresses. A process sees its program from USER_START
// on and its stack below USER_STACK_TOP; both see these two pages at the very top of the lower half:
#define TRAMPOLINE ((1UL << 38) - PAGE_BYTES)  // code, the same page for all processes
#define USER_FRAME (TRAMPOLINE - PAGE_BYTES)   // the process's registers, which it cannot access itself
#define USER_START 0x10000UL
#define USER_STACK_TOP 0x40000000UL
#define USER_STACK_BYTES (16 * PAGE_BYTES)

// Page table entries.
#define PTE_V (1UL << 0)
#define PTE_R (1UL << 1)
#define PTE_W (1UL << 2)
#define PTE_X (1UL << 3)
#define PTE_U (1UL << 4)
#define PTE_A (1UL << 6)
#define PTE_D (1UL << 7)
#define PTE_COPY_ON_WRITE (1UL << 8)  // defined by this kernel: the page would be writable, but is shared

typedef uint64_t pte_t;
typedef pte_t *pagetable_t;

// pages.c
void pages_start(void);
void *page_take(void);  // zeroed, one reference; NULL: memory is full
void page_share(void *page);
void page_release(void *page);
int page_references(void *page);

// pagetable.c
void pagetable_start(void);
pagetable_t pagetable_create(void *user_frame);  // a process's table, without user pages; NULL: memory is full
void pagetable_destroy(pagetable_t table);
bool pagetable_copy(pagetable_t from, pagetable_t to);  // shares all user pages; copy on write
bool pagetable_map(pagetable_t table, uint64_t address, uint64_t physical, uint64_t bytes, uint64_t flags);
pte_t *pagetable_find(pagetable_t table, uint64_t address);  // the leaf entry, or NULL
uint64_t pagetable_satp(pagetable_t table);

// trampoline.S
extern char trampoline_start[], trampoline_user_trap[], trampoline_user_return[];

// A process's registers while it is in the kernel, and what the trampoline needs to enter the kernel. trampoline.S uses
// the offsets.
struct user_frame {
  uint64_t x[32];
  uint64_t epc;
  uint64_t kernel_sp;
  uint64_t kernel_satp;
  uint64_t kernel_entry;
};

// The registers that a switch between two kernel threads must save. switch.S uses the offsets.
struct context {
  uint64_t ra;
  uint64_t sp;
  uint64_t s[12];
};

enum process_state { UNUSED, RUNNABLE, RUNNING, SLEEPING, ZOMBIE };

#define PROCESSES_MAX 16
#define KERNEL_STACK_BYTES 8192
#define NAME_BYTES 16

struct process {
  enum process_state state;
  int pid;
  int exit_code;
  struct process *parent;
  const void *sleeping_on;
  char name[NAME_BYTES];
  uint64_t heap_end;  // the program, its variables and its heap are in USER_START..heap_end
  pagetable_t pagetable;
  struct user_frame *frame;
  struct context context;
};

// process.c
extern struct process *current;  // NULL while the scheduler runs
extern struct process processes[PROCESSES_MAX];
void process_start_first(const char *program);
_Noreturn void scheduler(void);
void process_yield(void);
void process_sleep(const void *channel);
void process_wake(const void *channel);
int process_fork(void);
_Noreturn void process_exit(int code);
int process_wait(uint64_t code_address);
void context_switch(struct context *from, struct context *to);

// exec.c: replaces a process's program. If it returns false, the process is unchanged.
bool process_exec(struct process *process, const char *name, const char *command_line);

// trap.c
void kernel_trap_entry(void);
void user_trap(void);
void user_return(void);
// Makes the page at a user address present and, for a write, unshared. Returns the page's kernel address, or 0.
uint64_t user_page(struct process *process, uint64_t address, bool write);
bool copy_from_user(void *to, uint64_t from, uint64_t bytes);
bool copy_to_user(uint64_t to, const void *from, uint64_t bytes);
bool copy_text_from_user(char *to, uint64_t from, uint64_t bytes_max);

// syscall.c
void syscall(struct process *process);

// timer.c
extern volatile uint64_t ticks;
void timer_start(void);
void timer_interrupt(void);
extern bool timer_uses_sstc;  // set in machine.c

// console.c
void console_start(void);
void console_interrupt(void);
int console_read(char *into, int bytes_max);  // one line; returns the number of bytes

// disk.c: transfers one block of 512 bytes. Returns false if there is no disk or the transfer failed.
#define BLOCK_BYTES 512
void disk_open(void);
void disk_interrupt(void);
bool disk_block(bool write, uint64_t block, void *data);
