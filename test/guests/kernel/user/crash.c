// Reads through a null pointer; the kernel ends the process.
#include "user.h"

int main(int argc, char **argv) {
  int *volatile nowhere = NULL;
  return *nowhere;
}
