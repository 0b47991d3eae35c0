// Sleeps forever: wfi with no interrupt enabled. A machine should report that nothing can wake this hart.
#include "small.h"

int main(void) {
  print("stuck: nothing will wake me\n");
  csr_write(mie, 0);
  for (;;) {
    wait_for_interrupt();
  }
}
