// What the kernel's programs can use: the system calls, print(), strings, and main(argc, argv).
#pragma once

#include "../../lib/lib.h"
#include "../calls.h"

int sys_write(const char *text, int bytes);
int sys_read(char *into, int bytes_max);
_Noreturn void sys_exit(int code);
int sys_fork(void);
int sys_exec(const char *name, const char *command_line);
int sys_wait(int *code);
int sys_sleep(int milliseconds);
void *sys_sbrk(uint64_t bytes);
uint64_t sys_uptime(void);
int sys_getpid(void);
int sys_read_block(uint64_t block, void *into);
int sys_write_block(uint64_t block, const void *from);
int sys_processes(struct process_information *into, int count_max);
_Noreturn void sys_power_off(int code);

void flush_output(void);  // sends the output that print() has buffered, which is at most one line
uint64_t parse_number(const char *text);
int main(int argc, char **argv);
