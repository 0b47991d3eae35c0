// sum N: prints the checksum of the first N blocks of the disk.
#include "user.h"

int main(int argc, char **argv) {
  static char block[DISK_BLOCK_BYTES];
  int blocks = argc > 1 ? parse_number(argv[1]) : 8;
  uint32_t sum = 0;

  for (int i = 0; i < blocks; i++) {
    if (sys_read_block(i, block) < 0) {
      print("the disk refuses\n");
      return 1;
    }
    sum = crc32(sum, block, sizeof block);
  }
  print("%d blocks, crc32 %08x\n", blocks, sum);
  return 0;
}
