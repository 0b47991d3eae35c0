// The numbers of the system calls, for the kernel and its programs. A program puts the number into a7 and the arguments
// into a0 and a1, and gets the result in a0.
#pragma once

enum {
  CALL_WRITE = 1,        // (text, bytes)
  CALL_READ = 2,         // (into, bytes_max): one line
  CALL_EXIT = 3,         // (code)
  CALL_FORK = 4,         // (): 0 in the child, the child's pid in the parent
  CALL_EXEC = 5,         // (name, command_line)
  CALL_WAIT = 6,         // (code or NULL): the child's pid; -1: no children
  CALL_SLEEP = 7,        // (milliseconds)
  CALL_SBRK = 8,         // (bytes): the start of the new memory
  CALL_UPTIME = 9,       // (): milliseconds
  CALL_GETPID = 10,      // ()
  CALL_READ_BLOCK = 11,  // (block, into)
  CALL_WRITE_BLOCK = 12, // (block, from)
  CALL_PROCESSES = 13,   // (into, count_max): the number of processes
  CALL_POWER_OFF = 14,   // (code)
};

#define DISK_BLOCK_BYTES 512

// What CALL_PROCESSES returns for each process.
struct process_information {
  int pid;
  char state;  // R: can run, S: sleeping, Z: ended, but its parent has not waited for it
  char name[16];
};
