// Processes and the scheduler.
//
// Each process has a kernel thread: a stack and a saved context. The scheduler is one more thread, on the boot stack. A
// process yields by switching to the scheduler, which searches the process table round-robin for the next process.
#include "kernel.h"

struct process processes[PROCESSES_MAX];
struct process *current;

_Alignas(16) uint8_t kernel_stacks[PROCESSES_MAX][KERNEL_STACK_BYTES];

static struct context scheduler_context;
static int next_pid = 1;

// A new process starts here in the kernel and immediately returns to user mode.
static void enter_user_mode(void) { user_return(); }

static struct process *create_process(void) {
  for (int i = 0; i < PROCESSES_MAX; i++) {
    struct process *process = &processes[i];
    if (process->state != UNUSED) {
      continue;
    }
    memset(process, 0, sizeof *process);
    process->frame = page_take();
    process->pagetable = process->frame ? pagetable_create(process->frame) : NULL;
    if (process->pagetable == NULL) {
      if (process->frame) {
        page_release(process->frame);
      }
      return NULL;
    }
    process->pid = next_pid++;
    process->context.ra = (uint64_t)enter_user_mode;
    process->context.sp = (uint64_t)kernel_stacks[i] + KERNEL_STACK_BYTES;
    return process;
  }
  return NULL;
}

static void free_process(struct process *process) {
  pagetable_destroy(process->pagetable);
  page_release(process->frame);
  process->state = UNUSED;
}

void process_start_first(const char *program) {
  struct process *process = create_process();
  if (process == NULL || !process_exec(process, program, program)) {
    panic("the first program does not start");
  }
  process->state = RUNNABLE;
}

// If no process can run, sleeps until an interrupt arrives, and takes it. With interrupts off, wfi still wakes up.
static void idle(void) {
  wait_for_interrupt();
  csr_set(sstatus, STATUS_SIE);
  csr_clear(sstatus, STATUS_SIE);
}

_Noreturn void scheduler(void) {
  for (int at = 0;; at = (at + 1) % PROCESSES_MAX) {
    int looked_at = 0;
    while (processes[at].state != RUNNABLE && looked_at < PROCESSES_MAX) {
      at = (at + 1) % PROCESSES_MAX;
      looked_at++;
    }
    if (looked_at == PROCESSES_MAX) {
      idle();
      continue;
    }
    current = &processes[at];
    current->state = RUNNING;
    context_switch(&scheduler_context, &current->context);
    current = NULL;
  }
}

void process_yield(void) {
  current->state = RUNNABLE;
  context_switch(&current->context, &scheduler_context);
}

void process_sleep(const void *channel) {
  current->sleeping_on = channel;
  current->state = SLEEPING;
  context_switch(&current->context, &scheduler_context);
}

void process_wake(const void *channel) {
  for (int i = 0; i < PROCESSES_MAX; i++) {
    if (processes[i].state == SLEEPING && processes[i].sleeping_on == channel) {
      processes[i].state = RUNNABLE;
    }
  }
}

int process_fork(void) {
  struct process *child = create_process();
  if (child == NULL) {
    return -1;
  }
  if (!pagetable_copy(current->pagetable, child->pagetable)) {
    free_process(child);
    return -1;
  }
  memcpy(child->frame, current->frame, sizeof *child->frame);
  child->frame->x[10] = 0;  // fork() returns 0 in the child
  memcpy(child->name, current->name, NAME_BYTES);
  child->heap_end = current->heap_end;
  child->parent = current;
  child->state = RUNNABLE;
  return child->pid;
}

_Noreturn void process_exit(int code) {
  if (current == &processes[0]) {
    panic("the first process has ended");
  }
  for (int i = 0; i < PROCESSES_MAX; i++) {
    if (processes[i].state != UNUSED && processes[i].parent == current) {
      processes[i].parent = &processes[0];
    }
  }
  current->exit_code = code;
  current->state = ZOMBIE;
  process_wake(current->parent);
  context_switch(&current->context, &scheduler_context);
  __builtin_unreachable();
}

// Waits for a child to end and releases it. Returns its pid, or -1 if there are no children.
int process_wait(uint64_t code_address) {
  for (;;) {
    bool has_children = false;
    for (int i = 0; i < PROCESSES_MAX; i++) {
      struct process *child = &processes[i];
      if (child->state == UNUSED || child->parent != current) {
        continue;
      }
      has_children = true;
      if (child->state == ZOMBIE) {
        int pid = child->pid;
        if (code_address != 0) {
          copy_to_user(code_address, &child->exit_code, sizeof child->exit_code);
        }
        free_process(child);
        return pid;
      }
    }
    if (!has_children) {
      return -1;
    }
    process_sleep(current);
  }
}
