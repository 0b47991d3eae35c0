// writeblk N TEXT: writes TEXT, padded with zeroes, to block N of the disk.
#include "user.h"

int main(int argc, char **argv) {
  static char block[DISK_BLOCK_BYTES];
  int at = 0;

  if (argc < 3) {
    print("writeblk N TEXT\n");
    return 1;
  }
  for (int i = 2; i < argc; i++) {
    memcpy(block + at, argv[i], strlen(argv[i]));
    at += strlen(argv[i]);
    block[at++] = i + 1 < argc ? ' ' : 0;
  }
  if (sys_write_block(parse_number(argv[1]), block) < 0) {
    print("the disk refuses\n");
    return 1;
  }
  print("block %s written\n", argv[1]);
  return 0;
}
