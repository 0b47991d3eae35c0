// The shell: reads a line, runs a built-in command or a program, and waits for it.
#include "user.h"

static bool is_command(const char *line, const char *name) {
  size_t length = strlen(name);
  return strncmp(line, name, length) == 0 && (line[length] == 0 || line[length] == ' ');
}

static const char *argument_of(const char *line) {
  while (*line && *line != ' ') {
    line++;
  }
  while (*line == ' ') {
    line++;
  }
  return line;
}

static void help(void) {
  print(
      "help                 this\n"
      "echo TEXT            prints TEXT\n"
      "ps                   lists the processes\n"
      "ticks                milliseconds since the start\n"
      "sleep MS             sleeps\n"
      "primes N             counts the primes below N\n"
      "spin N               N children that need the processor\n"
      "forktest             as many children as there is room for, and copy on write\n"
      "writeblk N TEXT      writes TEXT to block N of the disk\n"
      "readblk N            prints block N\n"
      "sum N                checksum of the first N blocks\n"
      "crash                reads where nothing is\n"
      "exit, poweroff [N]   power off with code N\n");
}

static void run_program(const char *line) {
  char name[16];
  size_t length = 0;
  while (line[length] && line[length] != ' ' && length < sizeof name - 1) {
    name[length] = line[length];
    length++;
  }
  name[length] = 0;

  int pid = sys_fork();
  if (pid < 0) {
    print("sh: cannot fork\n");
    return;
  }
  if (pid == 0) {
    sys_exec(name, line);
    print("sh: %s: not found\n", name);
    sys_exit(127);
  }
  int code = 0;
  sys_wait(&code);
  if (code != 0) {
    print("sh: exit code %d\n", code);
  }
}

static void run(const char *line) {
  if (line[0] == 0) {
    return;
  }
  if (is_command(line, "help")) {
    help();
  } else if (is_command(line, "echo")) {
    print("%s\n", argument_of(line));
  } else if (is_command(line, "ticks")) {
    print("%lu ms\n", sys_uptime());
  } else if (is_command(line, "exit") || is_command(line, "poweroff")) {
    print("bye\n");
    sys_power_off(parse_number(argument_of(line)));
  } else {
    run_program(line);
  }
}

int main(int argc, char **argv) {
  char line[128];

  print("Welcome. `help` lists the commands.\n");
  for (;;) {
    print("$ ");
    flush_output();
    int length = sys_read(line, sizeof line - 1);
    if (length > 0 && line[length - 1] == '\n') {
      length--;
    }
    line[length] = 0;
    run(line);
  }
}
