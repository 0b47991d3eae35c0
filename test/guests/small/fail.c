// Reports failure with code 3, as a test would.
#include "small.h"

int main(void) {
  print("fail: giving up with code 3\n");
  return 3;
}
