// The system calls. Their arguments are checked and copied here; other files implement them.
#include "kernel.h"

#include "calls.h"

static int64_t call_write(uint64_t text, uint64_t bytes) {
  char c;
  for (uint64_t i = 0; i < bytes; i++) {
    if (!copy_from_user(&c, text + i, 1)) {
      return -1;
    }
    console_put(c);
  }
  return bytes;
}

static int64_t call_read(uint64_t into, uint64_t bytes_max) {
  char line[128];
  int bytes = console_read(line, bytes_max < sizeof line ? bytes_max : sizeof line);
  return copy_to_user(into, line, bytes) ? bytes : -1;
}

static int64_t call_exec(struct process *process, uint64_t name_at, uint64_t line_at) {
  char name[NAME_BYTES];
  char line[128];
  if (!copy_text_from_user(name, name_at, sizeof name) || !copy_text_from_user(line, line_at, sizeof line) ||
      !process_exec(process, name, line)) {
    return -1;
  }
  return process->frame->x[10];  // becomes a0, where the program finds its command line
}

static int64_t call_sleep(uint64_t milliseconds) {
  uint64_t until = ticks + milliseconds;
  while (ticks < until) {
    process_sleep((const void *)&ticks);
  }
  return 0;
}

static int64_t call_sbrk(struct process *process, uint64_t bytes) {
  uint64_t start = process->heap_end;
  if (bytes > USER_STACK_TOP - USER_STACK_BYTES - start) {
    return -1;
  }
  process->heap_end += bytes;  // the pages are allocated when they are first accessed
  return start;
}

static int64_t call_block(bool write, uint64_t block, uint64_t data_at) {
  uint8_t data[BLOCK_BYTES];
  if (write) {
    return copy_from_user(data, data_at, sizeof data) && disk_block(true, block, data) ? 0 : -1;
  }
  return disk_block(false, block, data) && copy_to_user(data_at, data, sizeof data) ? 0 : -1;
}

static int64_t call_processes(uint64_t into, uint64_t count_max) {
  static const char LETTERS[] = {[RUNNABLE] = 'R', [RUNNING] = 'R', [SLEEPING] = 'S', [ZOMBIE] = 'Z'};
  uint64_t count = 0;
  for (int i = 0; i < PROCESSES_MAX && count < count_max; i++) {
    if (processes[i].state == UNUSED) {
      continue;
    }
    struct process_information information = {.pid = processes[i].pid, .state = LETTERS[processes[i].state]};
    memcpy(information.name, processes[i].name, NAME_BYTES);
    if (!copy_to_user(into + count * sizeof information, &information, sizeof information)) {
      return -1;
    }
    count++;
  }
  return count;
}

static int64_t call(struct process *process, uint64_t number, uint64_t a, uint64_t b) {
  switch (number) {
    case CALL_WRITE: return call_write(a, b);
    case CALL_READ: return call_read(a, b);
    case CALL_EXIT: process_exit(a);
    case CALL_FORK: return process_fork();
    case CALL_EXEC: return call_exec(process, a, b);
    case CALL_WAIT: return process_wait(a);
    case CALL_SLEEP: return call_sleep(a);
    case CALL_SBRK: return call_sbrk(process, a);
    case CALL_UPTIME: return ticks;
    case CALL_GETPID: return process->pid;
    case CALL_READ_BLOCK: return call_block(false, a, b);
    case CALL_WRITE_BLOCK: return call_block(true, a, b);
    case CALL_PROCESSES: return call_processes(a, b);
    case CALL_POWER_OFF: power_off(a);
    default: return -1;
  }
}

void syscall(struct process *process) {
  uint64_t *x = process->frame->x;
  x[10] = call(process, x[17], x[10], x[11]);
}
