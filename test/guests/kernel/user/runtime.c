// The runtime around main: splits the command line into argv, and sends output one line at a time.
#include "user.h"

#define ARGUMENTS_MAX 16

static char output[128];
static int output_bytes;

void flush_output(void) {
  sys_write(output, output_bytes);
  output_bytes = 0;
}

// Connects print() to the console.
void console_put(char c) {
  output[output_bytes++] = c;
  if (c == '\n' || output_bytes == sizeof output) {
    flush_output();
  }
}

static int split(char *line, char **argv) {
  int argc = 0;
  while (*line && argc < ARGUMENTS_MAX) {
    while (*line == ' ') {
      *line++ = 0;
    }
    if (*line) {
      argv[argc++] = line;
    }
    while (*line && *line != ' ') {
      line++;
    }
  }
  return argc;
}

_Noreturn void run_main(char *command_line) {
  char *argv[ARGUMENTS_MAX];
  int argc = split(command_line, argv);
  int code = main(argc, argv);
  flush_output();
  sys_exit(code);
}

uint64_t parse_number(const char *text) {
  uint64_t value = 0;
  for (; *text >= '0' && *text <= '9'; text++) {
    value = value * 10 + (*text - '0');
  }
  return value;
}
