// readblk N: prints block N of the disk up to its first zero.
#include "user.h"

int main(int argc, char **argv) {
  static char block[DISK_BLOCK_BYTES + 1];

  if (argc < 2) {
    print("readblk N\n");
    return 1;
  }
  if (sys_read_block(parse_number(argv[1]), block) < 0) {
    print("the disk refuses\n");
    return 1;
  }
  print("block %s: \"%s\"\n", argv[1], block);
  return 0;
}
