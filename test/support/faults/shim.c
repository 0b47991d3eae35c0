// Makes a host fail, or kills a process, at one chosen file call. It is preloaded into Node (LD_PRELOAD), counts the calls
// that change files below one folder, and makes the chosen one fail.
//
//   FAULT_FOLDER  counts only files in this folder and below it
//   FAULT_AT      the number of the call, from 1; 0 only counts
//   FAULT_KIND    eio, enospc: the call fails; short: a write writes half (other calls succeed);
//                 kill: the process ends before the call; torn: the process ends after half of a write's sectors, each of
//                 which is written completely or not at all, as on a disk; after: the process ends after the call
//   FAULT_STAYS   with eio and enospc: every later call that writes fails too, as on a disk that is full or gone
//   FAULT_COUNT   a file that receives the number of calls as text, if the process exits by itself
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#define KILLED 137
#define SECTOR_BYTES 512

enum kind { FAIL, SHORT, KILL, TORN, AFTER };

static const char *folder;
static const char *count_file;
static long fault_at;
static enum kind kind;
static int failure;
static bool stays;
static long calls;

__attribute__((constructor)) static void read_settings(void) {
  const char *at = getenv("FAULT_AT");
  const char *name = getenv("FAULT_KIND");
  folder = getenv("FAULT_FOLDER");
  count_file = getenv("FAULT_COUNT");
  fault_at = at ? atol(at) : 0;
  stays = getenv("FAULT_STAYS") != NULL;
  failure = name && strcmp(name, "enospc") == 0 ? ENOSPC : EIO;
  kind = !name                        ? FAIL
         : strcmp(name, "short") == 0 ? SHORT
         : strcmp(name, "kill") == 0  ? KILL
         : strcmp(name, "torn") == 0  ? TORN
         : strcmp(name, "after") == 0 ? AFTER
                                      : FAIL;
}

__attribute__((destructor)) static void write_count(void) {
  if (!count_file) {
    return;
  }
  char text[32];
  int length = snprintf(text, sizeof text, "%ld\n", calls);
  int file = syscall(SYS_openat, AT_FDCWD, count_file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  syscall(SYS_write, file, text, length);
  syscall(SYS_close, file);
}

static void end_process(void) { syscall(SYS_exit_group, KILLED); }

static bool is_watched(const char *path) {
  char absolute[2 * PATH_MAX];
  if (!folder || !path) {
    return false;
  }
  if (path[0] != '/') {
    if (!getcwd(absolute, PATH_MAX)) {
      return false;
    }
    strcat(absolute, "/");
    strncat(absolute, path, PATH_MAX - 1);
    path = absolute;
  }
  return strncmp(path, folder, strlen(folder)) == 0;
}

static bool is_watched_file(int file) {
  char link[64], path[PATH_MAX];
  snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  ssize_t length = syscall(SYS_readlinkat, AT_FDCWD, link, path, sizeof path - 1);
  if (length <= 0) {
    return false;
  }
  path[length] = 0;
  return path[0] == '/' && is_watched(path);
}

// Decides what happens to this call. `writes`: the call needs space on the disk.
struct fate {
  bool fails, is_short, is_torn, ends_after;
};

static struct fate next_call(bool writes) {
  struct fate fate = {0};
  long number = __sync_add_and_fetch(&calls, 1);
  bool is_chosen = number == fault_at;
  if (kind == FAIL) {
    bool is_due = is_chosen || (stays && fault_at > 0 && number > fault_at);
    fate.fails = is_due && (writes || failure != ENOSPC);
    return fate;
  }
  if (!is_chosen) {
    return fate;
  }
  if (kind == KILL) {
    end_process();
  }
  fate.is_short = kind == SHORT || kind == TORN;
  fate.is_torn = kind == TORN;
  fate.ends_after = kind == AFTER;
  return fate;
}

#define REAL(result, name, ...)                    \
  static result (*real)(__VA_ARGS__);              \
  if (!real) {                                     \
    real = (result(*)(__VA_ARGS__))dlsym(RTLD_NEXT, #name); \
  }

#define FAIL_IF_DUE(fate)  \
  if ((fate).fails) {      \
    errno = failure;       \
    return -1;             \
  }

#define END_IF_DUE(fate)                        \
  if ((fate).is_torn || (fate).ends_after) {    \
    end_process();                              \
  }

// The number of bytes that a write transfers. A torn write ends at a sector boundary of the file.
static size_t part(struct fate fate, size_t bytes, off_t offset) {
  if (fate.is_torn) {
    off_t end = (offset + (off_t)bytes / 2) / SECTOR_BYTES * SECTOR_BYTES;
    return end > offset ? (size_t)(end - offset) : 0;
  }
  return fate.is_short && bytes > 1 ? bytes / 2 : bytes;
}

#define DEFINE_PWRITE(name, offset_type)                                                \
  ssize_t name(int file, const void *from, size_t bytes, offset_type offset) {          \
    REAL(ssize_t, name, int, const void *, size_t, offset_type)                         \
    if (!is_watched_file(file)) {                                                       \
      return real(file, from, bytes, offset);                                           \
    }                                                                                   \
    struct fate fate = next_call(true);                                                 \
    FAIL_IF_DUE(fate)                                                                   \
    ssize_t done = real(file, from, part(fate, bytes, offset), offset);                         \
    END_IF_DUE(fate)                                                                    \
    return done;                                                                        \
  }
DEFINE_PWRITE(pwrite, off_t)
DEFINE_PWRITE(pwrite64, off64_t)

#define DEFINE_PWRITEV(name, offset_type)                                               \
  ssize_t name(int file, const struct iovec *from, int parts, offset_type offset) {     \
    REAL(ssize_t, name, int, const struct iovec *, int, offset_type)                    \
    if (!is_watched_file(file)) {                                                       \
      return real(file, from, parts, offset);                                           \
    }                                                                                   \
    struct fate fate = next_call(true);                                                 \
    FAIL_IF_DUE(fate)                                                                   \
    ssize_t done = real(file, from, fate.is_torn ? 0 : (int)part(fate, (size_t)parts, 0), offset);            \
    END_IF_DUE(fate)                                                                    \
    return done;                                                                        \
  }
DEFINE_PWRITEV(pwritev, off_t)
DEFINE_PWRITEV(pwritev64, off64_t)

ssize_t write(int file, const void *from, size_t bytes) {
  REAL(ssize_t, write, int, const void *, size_t)
  if (!is_watched_file(file)) {
    return real(file, from, bytes);
  }
  struct fate fate = next_call(true);
  FAIL_IF_DUE(fate)
  ssize_t done = real(file, from, part(fate, bytes, lseek(file, 0, SEEK_CUR)));
  END_IF_DUE(fate)
  return done;
}

#define DEFINE_FILE_CALL(name, ...)                                                     \
  {                                                                                     \
    struct fate fate = next_call(false);                                                \
    FAIL_IF_DUE(fate)                                                                   \
    int result = real(__VA_ARGS__);                                                     \
    END_IF_DUE(fate)                                                                    \
    return result;                                                                      \
  }

#define DEFINE_SYNC(name)                        \
  int name(int file) {                           \
    REAL(int, name, int)                         \
    if (!is_watched_file(file)) {                \
      return real(file);                         \
    }                                            \
    DEFINE_FILE_CALL(name, file)                 \
  }
DEFINE_SYNC(fsync)
DEFINE_SYNC(fdatasync)

#define DEFINE_TRUNCATE(name, offset_type)       \
  int name(int file, offset_type length) {       \
    REAL(int, name, int, offset_type)            \
    if (!is_watched_file(file)) {                \
      return real(file, length);                 \
    }                                            \
    DEFINE_FILE_CALL(name, file, length)         \
  }
DEFINE_TRUNCATE(ftruncate, off_t)
DEFINE_TRUNCATE(ftruncate64, off64_t)

#define DEFINE_PATH(name)                        \
  int name(const char *path) {                   \
    REAL(int, name, const char *)                \
    if (!is_watched(path)) {                     \
      return real(path);                         \
    }                                            \
    DEFINE_FILE_CALL(name, path)                 \
  }
DEFINE_PATH(unlink)
DEFINE_PATH(remove)
DEFINE_PATH(rmdir)

#define DEFINE_PATH_MODE(name)                   \
  int name(const char *path, mode_t mode) {      \
    REAL(int, name, const char *, mode_t)        \
    if (!is_watched(path)) {                     \
      return real(path, mode);                   \
    }                                            \
    DEFINE_FILE_CALL(name, path, mode)           \
  }
DEFINE_PATH_MODE(mkdir)
DEFINE_PATH_MODE(chmod)

#define DEFINE_PATHS(name)                       \
  int name(const char *from, const char *to) {   \
    REAL(int, name, const char *, const char *)  \
    if (!is_watched(to)) {                       \
      return real(from, to);                     \
    }                                            \
    DEFINE_FILE_CALL(name, from, to)             \
  }
DEFINE_PATHS(rename)
DEFINE_PATHS(link)

// Opening a file only for reading does not count, because the engine's own tests make each read fail in turn.
#define DEFINE_OPEN(name)                                                               \
  int name(const char *path, int flags, ...) {                                          \
    va_list more;                                                                       \
    va_start(more, flags);                                                              \
    mode_t mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(more, mode_t) : 0;           \
    va_end(more);                                                                       \
    REAL(int, name, const char *, int, ...)                                             \
    if (!is_watched(path) || (flags & O_ACCMODE) == O_RDONLY) {                         \
      return real(path, flags, mode);                                                   \
    }                                                                                   \
    struct fate fate = next_call((flags & O_CREAT) != 0);                               \
    FAIL_IF_DUE(fate)                                                                   \
    int file = real(path, flags, mode);                                                 \
    END_IF_DUE(fate)                                                                    \
    return file;                                                                        \
  }
DEFINE_OPEN(open)
DEFINE_OPEN(open64)
