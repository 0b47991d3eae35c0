// A guest without a UART driver, which uses semihosting to print, to read files and keys, and to exit. Its command line
// (`--append`, read with SYS_GET_CMDLINE) is a list of one-word commands, which are executed in order.
#include "../small/small.h"

enum {
  SYS_OPEN = 0x01,
  SYS_CLOSE = 0x02,
  SYS_WRITEC = 0x03,
  SYS_WRITE0 = 0x04,
  SYS_WRITE = 0x05,
  SYS_READ = 0x06,
  SYS_READC = 0x07,
  SYS_ISERROR = 0x08,
  SYS_ISTTY = 0x09,
  SYS_SEEK = 0x0a,
  SYS_FLEN = 0x0c,
  SYS_TMPNAM = 0x0d,
  SYS_REMOVE = 0x0e,
  SYS_RENAME = 0x0f,
  SYS_CLOCK = 0x10,
  SYS_TIME = 0x11,
  SYS_SYSTEM = 0x12,
  SYS_ERRNO = 0x13,
  SYS_GET_CMDLINE = 0x15,
  SYS_HEAPINFO = 0x16,
  SYS_EXIT = 0x18,
  SYS_EXIT_EXTENDED = 0x20,
  SYS_ELAPSED = 0x30,
  SYS_TICKFREQ = 0x31,
};
enum { MODE_READ = 0, MODE_WRITE = 4, MODE_APPEND = 8 };
enum { APPLICATION_EXIT = 0x20026, INTERNAL_ERROR = 0x20024 };

// The three instructions of a semihosting call must not be compressed. Their alignment keeps them on one page.
#define CALL_SEQUENCE                                                            \
  ".option push\n .option norvc\n .balign 16\n"                                  \
  "slli zero, zero, 0x1f\n ebreak\n srai zero, zero, 0x7\n .option pop\n"

__attribute__((noinline)) static long call_with(long operation, const void *parameter) {
  register long a0 asm("a0") = operation;
  register const void *a1 asm("a1") = parameter;
  asm volatile(CALL_SEQUENCE : "+r"(a0) : "r"(a1) : "memory");
  return a0;
}

#define call(operation, ...) call_with(operation, (const long[]){__VA_ARGS__})

// The console that print.c uses.
void console_put(char c) { call_with(SYS_WRITEC, &c); }

static long open_file(const char *name, long mode) { return call(SYS_OPEN, (long)name, mode, (long)strlen(name)); }

static long error(void) { return call(SYS_ERRNO, 0); }

// --- files ---------------------------------------------------------------------------------------------------------

static void show_file(const char *name) {
  long file = open_file(name, MODE_READ);
  if (file == -1) {
    print("%s: error %ld\n", name, error());
    return;
  }
  print("%s: handle %ld, %ld bytes\n", name, file, call(SYS_FLEN, file));
  char piece[7];
  for (;;) {
    long left = call(SYS_READ, file, (long)piece, sizeof piece);
    if (left == sizeof piece) {
      break;
    }
    call(SYS_WRITE, open_file(":tt", MODE_WRITE), (long)piece, (long)sizeof piece - left);
  }
  print("close %ld, again %ld, error %ld\n", call(SYS_CLOSE, file), call(SYS_CLOSE, file), error());
}

// Reads the whole file and prints its checksum.
static void sum_file(const char *name) {
  long file = open_file(name, MODE_READ);
  long bytes = call(SYS_FLEN, file);
  long left = 1;
  long done = 0;
  while (done < bytes && left != bytes - done + 1) {
    left = call(SYS_READ, file, (long)SCRATCH + done, bytes - done);
    if (left == bytes - done) {
      break;
    }
    done = bytes - left;
  }
  print("%s: %ld of %ld bytes, crc32 %x\n", name, done, bytes, crc32(0, (void *)SCRATCH, done));
}

static void seek_in(const char *name) {
  long file = open_file(name, MODE_READ);
  static const long PLACES[] = {4, 0, 1000000, -1};
  for (int i = 0; i < 4; i++) {
    char byte = '-';
    long answer = call(SYS_SEEK, file, PLACES[i]);
    long left = call(SYS_READ, file, (long)&byte, 1);
    print("seek %ld: %ld, %ld left, '%c'\n", PLACES[i], answer, left, byte);
  }
}

static void show_features(void) {
  long file = open_file(":semihosting-features", MODE_READ);
  unsigned char bytes[8];
  long left = call(SYS_READ, file, (long)bytes, sizeof bytes);
  print("features: %ld bytes, %ld left, %x %x %x %x %x\n", call(SYS_FLEN, file), left, bytes[0], bytes[1], bytes[2],
        bytes[3], bytes[4]);
  print("seek 5 %ld, 6 %ld, error %ld\n", call(SYS_SEEK, file, 5), call(SYS_SEEK, file, 6), error());
  print("opened to write: %ld, error %ld\n", open_file(":semihosting-features", MODE_WRITE), error());
}

static void open_with_mode(char *text) {
  long mode = 0;
  while (*text >= '0' && *text <= '9') {
    mode = 10 * mode + *text++ - '0';
  }
  long file = open_file(text + 1, mode);
  print("open %s, mode %ld: %s", text + 1, mode, file == -1 ? "" : "opened\n");
  if (file == -1) {
    print("error %ld\n", error());
  }
}

static void refused(void) {
  char name[32] = "unchanged";
  print("remove %ld, error %ld\n", call(SYS_REMOVE, (long)"data.txt", 8), error());
  print("rename %ld, error %ld\n", call(SYS_RENAME, (long)"data.txt", 8, (long)"other.txt", 9), error());
  print("system %ld, error %ld\n", call(SYS_SYSTEM, (long)"exit 0", 6), error());
  print("tmpnam %ld, error %ld, %s\n", call(SYS_TMPNAM, (long)name, 0, sizeof name), error(), name);
}

static void mistakes(void) {
  print("close 77: %ld, error %ld\n", call(SYS_CLOSE, 77), error());
  print("flen 0: %ld, error %ld\n", call(SYS_FLEN, 0), error());
  print("seek -1: %ld, error %ld\n", call(SYS_SEEK, -1, 0), error());
  print("read 77: %ld, write 77: %ld\n", call(SYS_READ, 77, SCRATCH, 5), call(SYS_WRITE, 77, SCRATCH, 6));
  print("istty 77: %ld, error %ld\n", call(SYS_ISTTY, 77), error());
  print("mode 12: %ld, error %ld\n", open_file(":tt", 12), error());
  print("name too short: %ld, error %ld\n", call(SYS_OPEN, (long)"data.txt", 0, 4), error());
  print("iserror -1: %ld, 0: %ld\n", call(SYS_ISERROR, -1), call(SYS_ISERROR, 0));
  print("writec: %lx\n", call_with(SYS_WRITEC, "!"));
  print("write nothing: %ld\n", call(SYS_WRITE, open_file(":tt", MODE_APPEND), SCRATCH, 0));
}

// --- console -------------------------------------------------------------------------------------------------------

static void echo_keys(void) {
  for (;;) {
    char key = (char)call_with(SYS_READC, NULL);
    print("<%c>", key == '\n' ? '|' : key);
    if (key == '\n' || key == '\r') {
      break;
    }
  }
  print("\n");
}

static void echo_line(void) {
  long input = open_file(":tt", MODE_READ);
  char text[64];
  long length = 0;
  for (long got = 1; got != 0 && length < (long)sizeof text - 1 && (length == 0 || text[length - 1] != '\n');) {
    long room = (long)sizeof text - 1 - length;
    got = room - call(SYS_READ, input, (long)text + length, room);
    length += got;
  }
  text[length] = 0;
  print("line: %s", text);
}

// --- time, memory, start ---------------------------------------------------------------------------------------------

static void tell_time(void) {
  long before = 0;
  long after = 0;
  call_with(SYS_ELAPSED, &before);
  long first = call(SYS_CLOCK, 0);
  for (volatile int i = 0; i < 1000; i++) {
  }
  call_with(SYS_ELAPSED, &after);
  print("tick frequency %ld, time passes: %s, clock runs back: %s\n", call(SYS_TICKFREQ, 0),
        after > before ? "yes" : "no", call(SYS_CLOCK, 0) < first ? "yes" : "no");
}

static void tell_heap(void) {
  long heap[4];
  call(SYS_HEAPINFO, (long)heap);
  print("heap %lx to %lx, stack %lx to %lx\n", heap[0], heap[1], heap[2], heap[3]);
}

static void say_from_below(void) {
  call_with(SYS_WRITE0, "said from below\n");
  leave();
}

static void from(uint64_t privilege, const char *name) {
  begin_trap_watch();
  run_below(privilege, say_from_below);
  print("%s: cause of the last trap but leaving: %ld\n", name, seen.cause == CAUSE_ECALL_U ? 0 : (long)seen.cause);
}

// --- invalid calls ---------------------------------------------------------------------------------------------------

#define NO_CALL(what, instructions)                                                        \
  do {                                                                                     \
    register long a0 asm("a0") = SYS_WRITE0;                                               \
    register const char *a1 asm("a1") = "this is no call\n";                               \
    begin_trap_watch();                                                                    \
    asm volatile(".option push\n .option norvc\n .balign 16\n" instructions " .option pop\n" \
                 : "+r"(a0)                                                                \
                 : "r"(a1)                                                                 \
                 : "memory");                                                              \
    print("%s: cause %ld\n", what, (long)seen.cause);                                      \
  } while (0)

static void no_calls(void) {
  NO_CALL("ebreak alone", "nop\n ebreak\n nop\n");
  NO_CALL("nothing behind it", "slli zero, zero, 0x1f\n ebreak\n nop\n");
  NO_CALL("another number behind it", "slli zero, zero, 0x1f\n ebreak\n srai zero, zero, 0x6\n");
  NO_CALL("compressed", "slli zero, zero, 0x1f\n .option rvc\n c.ebreak\n c.nop\n .option norvc\n srai zero, zero, 0x7\n");
  NO_CALL("over two pages", "j 2f\n .balign 4096\n .space 4088\n 2: slli zero, zero, 0x1f\n ebreak\n srai zero, zero, 0x7\n");
  NO_CALL("over two pages, earlier",
          "j 2f\n .balign 4096\n .space 4092\n 2: slli zero, zero, 0x1f\n ebreak\n srai zero, zero, 0x7\n");
}

// --- commands --------------------------------------------------------------------------------------------------------

static char *value_of(char *word, const char *command) {
  size_t length = strlen(command);
  return strncmp(word, command, length) == 0 && word[length] == '=' ? word + length + 1 : NULL;
}

static void obey(char *word) {
  char *value;
  if ((value = value_of(word, "cat"))) {
    show_file(value);
  } else if ((value = value_of(word, "sum"))) {
    sum_file(value);
  } else if ((value = value_of(word, "seek"))) {
    seek_in(value);
  } else if ((value = value_of(word, "open"))) {
    open_with_mode(value);
  } else if ((value = value_of(word, "exit"))) {
    call(SYS_EXIT, APPLICATION_EXIT, value[0] == '-' ? -1 : (value[0] - '0') * 10 + value[1] - '0');
  } else if (strcmp(word, "abort") == 0) {
    call(SYS_EXIT_EXTENDED, INTERNAL_ERROR, 0);
  } else if (strcmp(word, "features") == 0) {
    show_features();
  } else if (strcmp(word, "refused") == 0) {
    refused();
  } else if (strcmp(word, "mistakes") == 0) {
    mistakes();
  } else if (strcmp(word, "keys") == 0) {
    echo_keys();
  } else if (strcmp(word, "line") == 0) {
    echo_line();
  } else if (strcmp(word, "clock") == 0) {
    tell_time();
  } else if (strcmp(word, "date") == 0) {
    print("%ld seconds since 1970\n", call(SYS_TIME, 0));
  } else if (strcmp(word, "heap") == 0) {
    tell_heap();
  } else if (strcmp(word, "tty") == 0) {
    print("console: %ld, features: %ld\n", call(SYS_ISTTY, open_file(":tt", MODE_READ)),
          call(SYS_ISTTY, open_file(":semihosting-features", MODE_READ)));
  } else if (strcmp(word, "supervisor") == 0) {
    from(STATUS_MPP_S, "S");
  } else if (strcmp(word, "user") == 0) {
    from(STATUS_MPP_U, "U");
  } else if (strcmp(word, "nocalls") == 0) {
    no_calls();
  } else if (strcmp(word, "reset") == 0) {
    write32(FINISHER, 0x7777);
  } else {
    print("no command: %s\n", word);
  }
}

int main(void) {
  static char line[1024];
  long block[2] = {(long)line, sizeof line};
  if (call_with(SYS_GET_CMDLINE, block) != 0) {
    return 1;
  }
  print("%ld characters: %s\n", block[1], line);
  char *word = line;
  while (*word && *word != ' ') {
    word++;
  }
  while (*word == ' ') {
    *word++ = 0;
    char *begin = word;
    while (*word && *word != ' ') {
      word++;
    }
    char end = *word;
    *word = 0;
    obey(begin);
    *word = end;
  }
  return 0;
}
