// Forks until the process table is full. Each child changes a variable in its copy of memory; the parent's variable
// must not change.
#include "user.h"

static int shared = 1000;

int main(int argc, char **argv) {
  int children = 0;
  int sum = 0;
  int code;

  for (;;) {
    int pid = sys_fork();
    if (pid == 0) {
      shared += children;
      sys_sleep(5);
      sys_exit(shared - 1000);
    }
    if (pid < 0) {
      break;
    }
    children++;
  }
  while (sys_wait(&code) > 0) {
    sum += code;
  }
  print("%d children, sum of their codes %d, the variable is still %d\n", children, sum, shared);
  return 0;
}
