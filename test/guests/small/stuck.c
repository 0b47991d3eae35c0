// Sleeps forever, because it executes wfi with no interrupt enabled. A machine should report that nothing can wake it.
#include "small.h"

int main(void) {
  print("stuck: nothing will wake me\n");
  csr_write(mie, 0);
  for (;;) {
    wait_for_interrupt();
  }
}
