// Lists the processes.
#include "user.h"

int main(int argc, char **argv) {
  static struct process_information list[16];
  int count = sys_processes(list, 16);

  print("PID STATE NAME\n");
  for (int i = 0; i < count; i++) {
    print("%3d %c     %s\n", list[i].pid, list[i].state, list[i].name);
  }
  return 0;
}
