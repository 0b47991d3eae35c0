// A small printf that supports %d %u %x %s %c %%, with `l`, a minimum width, and the flags `0` and `-`.
#include "lib.h"

#include <stdarg.h>

struct conversion {
  bool left;
  bool is_long;
  char pad;
  int width;
};

static void put_padded(const char *text, int length, const struct conversion *as) {
  for (int i = length; !as->left && i < as->width; i++) {
    console_put(as->pad);
  }
  for (int i = 0; i < length; i++) {
    console_put(text[i]);
  }
  for (int i = length; as->left && i < as->width; i++) {
    console_put(' ');
  }
}

static void put_number(uint64_t value, unsigned base, bool negative, const struct conversion *as) {
  char digits[24];
  int at = sizeof digits;

  do {
    digits[--at] = "0123456789abcdef"[value % base];
    value /= base;
  } while (value != 0);
  if (negative) {
    digits[--at] = '-';
  }
  put_padded(digits + at, sizeof digits - at, as);
}

static const char *parse_conversion(const char *at, struct conversion *as) {
  *as = (struct conversion){.pad = ' '};
  for (; *at == '0' || *at == '-'; at++) {
    if (*at == '0') {
      as->pad = '0';
    } else {
      as->left = true;
    }
  }
  for (; *at >= '0' && *at <= '9'; at++) {
    as->width = as->width * 10 + (*at - '0');
  }
  for (; *at == 'l'; at++) {
    as->is_long = true;
  }
  return at;
}

void print(const char *format, ...) {
  va_list arguments;
  struct conversion as;

  va_start(arguments, format);
  for (const char *at = format; *at; at++) {
    if (*at != '%') {
      console_put(*at);
      continue;
    }
    at = parse_conversion(at + 1, &as);
    switch (*at) {
      case 'd': {
        int64_t value = as.is_long ? va_arg(arguments, int64_t) : va_arg(arguments, int);
        put_number(value < 0 ? -(uint64_t)value : (uint64_t)value, 10, value < 0, &as);
        break;
      }
      case 'u':
      case 'x': {
        uint64_t value = as.is_long ? va_arg(arguments, uint64_t) : va_arg(arguments, unsigned);
        put_number(value, *at == 'u' ? 10 : 16, false, &as);
        break;
      }
      case 's': {
        const char *text = va_arg(arguments, const char *);
        put_padded(text, strlen(text), &as);
        break;
      }
      case 'c': {
        char c = va_arg(arguments, int);
        put_padded(&c, 1, &as);
        break;
      }
      default:
        console_put(*at);
    }
  }
  va_end(arguments);
}
