// Prints one line and powers off.
#include "small.h"

int main(void) {
  print("hello from RISC-V, hart %lu\n", csr_read(mhartid));
  return 0;
}
