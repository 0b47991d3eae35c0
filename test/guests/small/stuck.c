// Sleeps for ever: wfi with no interrupt enabled. A machine should say that nothing can wake this hart any more.
#include "small.h"

int main(void) {
  print("stuck: nothing will wake me\n");
  csr_write(mie, 0);
  for (;;) {
    wait_for_interrupt();
  }
}
