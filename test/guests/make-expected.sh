#!/bin/sh
# Writes QEMU's output to the X.expected files: `./make-expected.sh` for all guests, `./make-expected.sh amo csr` for
# those two. With CHECK=1, compares instead, and exits with status 1 at the first difference. If QEMU's output is wrong,
# the sed script X.corrections next to the guest corrects it and gives the reason.
set -eu
cd "$(dirname "$0")"
WORK="$(mktemp -d)"
trap 'rm -rf "$WORK"' EXIT

# settle FILE: stores the new output, or compares it.
settle() {
  if [ -n "${CHECK:-}" ]; then
    diff -u "$1" "$WORK/output" && echo "same: $1"
  else
    cp "$WORK/output" "$1" && echo "wrote: $1"
  fi
}

# run ELF [DISK...]: stores the console output, with the exit code as the last line if it is not 0.
run() {
  code=0
  timeout 60 ./run-qemu.sh "$@" </dev/null >"$WORK/raw" 2>"$WORK/complaints" || code=$?
  cp "$WORK/raw" "$WORK/output"
  [ "$code" -eq 0 ] || echo "[exit code $code]" >>"$WORK/output"
}

# The value that corrupts the superblock is a time, so it depends on the machine's clock.
expect_demo() {
  run demo/demo.elf "$WORK/demo.disk"
  sed -i 's/entry_count is [0-9]*/entry_count is #/' "$WORK/output"
  settle demo/demo.expected
  run demo/demo.elf "$WORK/demo.disk"
  sed -i 's/entry_count is [0-9]*/entry_count is #/' "$WORK/output"
  settle demo/demo-second-boot.expected
}

# Types like a user who waits for the prompt. The kernel prints the same output if everything is typed at once.
expect_kernel() {
  for way in "" -clint; do
    rm -f "$WORK/kernel.disk"
    { sleep 1; cat kernel/session.txt; sleep 10; } | timeout 20 ./run-qemu.sh "kernel/oslet$way.elf" "$WORK/kernel.disk" \
      >"$WORK/output"
    settle "kernel/session$way.expected"
  done
}

# Under QEMU's own firmware, OpenSBI. Removes its banner and the carriage return that it sends before each line feed.
expect_sbi() {
  run sbi/sbi.elf -- -bios default
  sed -i -e '1,/^Boot HART MEDELEG/d' -e 's/\r$//' "$WORK/output"
  settle sbi/sbi.expected
}

# Four harts with a thread each: while counting instructions, QEMU runs each hart for very long periods and counts the
# instructions of all harts together.
expect_harts() {
  ICOUNT=off run harts/harts.elf -- -smp 4
  sed -i -e '/its own instructions only/s/: .*/: yes/' "$WORK/output"
  settle harts/harts.expected
}

# Two empty disks, 4 MiB and 1 MiB long.
make_disks() {
  for disk in 0 1; do
    rm -f "$WORK/disk$disk"
    truncate -s "$((4 - disk * 3))M" "$WORK/disk$disk"
  done
}

expect_small() {
  make_disks
  case $1 in
    stuck) timeout 3 ./run-qemu.sh small/stuck.elf </dev/null 2>/dev/null >"$WORK/output" || true ;;
    blkerr | reset) run "small/$1.elf" "$WORK/disk0" ;;
    outside) run small/outside.elf -- -rtc clock=vm -device virtio-rng-device,bus=virtio-mmio-bus.7 ;;
    twodisk) run small/twodisk.elf "$WORK/disk0" "$WORK/disk1" ;;
    *) run "small/$1.elf" ;;
  esac
  [ ! -e "small/$1.corrections" ] || sed -i -f "small/$1.corrections" "$WORK/output"
  settle "small/$1.expected"
}

SMALL=$(for source in small/*.c; do basename "$source" .c; done | grep -v '^small$')

for guest in ${*:-demo kernel sbi harts $SMALL}; do
  case $guest in
    demo | kernel | sbi | harts) "expect_$guest" ;;
    *) expect_small "$guest" ;;
  esac
done
