// Functions for memory and strings. The compiler may generate calls to the mem* functions, so they have their C names.
#include "lib.h"

void *memset(void *to, int byte, size_t bytes) {
  char *t = to;
  while (bytes-- > 0) {
    *t++ = byte;
  }
  return to;
}

// Copies whole words if both sides are aligned, and then the remaining bytes.
void *memcpy(void *to, const void *from, size_t bytes) {
  char *t = to;
  const char *f = from;
  if ((((uint64_t)t | (uint64_t)f) & 7) == 0) {
    for (; bytes >= 8; bytes -= 8, t += 8, f += 8) {
      *(uint64_t *)t = *(const uint64_t *)f;
    }
  }
  while (bytes-- > 0) {
    *t++ = *f++;
  }
  return to;
}

void *memmove(void *to, const void *from, size_t bytes) {
  char *t = to;
  const char *f = from;
  if (t <= f) {
    return memcpy(to, from, bytes);
  }
  while (bytes-- > 0) {
    t[bytes] = f[bytes];
  }
  return to;
}

int memcmp(const void *a, const void *b, size_t bytes) {
  const uint8_t *l = a;
  const uint8_t *r = b;
  for (; bytes > 0; bytes--, l++, r++) {
    if (*l != *r) {
      return *l - *r;
    }
  }
  return 0;
}

size_t strlen(const char *text) {
  size_t length = 0;
  while (text[length]) {
    length++;
  }
  return length;
}

int strcmp(const char *a, const char *b) {
  for (; *a && *a == *b; a++, b++) {
  }
  return (uint8_t)*a - (uint8_t)*b;
}

int strncmp(const char *a, const char *b, size_t bytes) {
  for (; bytes > 0 && *a && *a == *b; a++, b++, bytes--) {
  }
  return bytes == 0 ? 0 : (uint8_t)*a - (uint8_t)*b;
}
