#!/bin/sh
# `./build.sh` builds all guests; `./build.sh demo hello` builds only those two. The ELF files are committed, so run it
# only after a change. Needs gcc-riscv64-unknown-elf; the output depends on its version, but not on the folder or time.
set -eu
export LC_ALL=C
cd "$(dirname "$0")"
GUESTS="$(pwd)"

CC="riscv64-unknown-elf-gcc"
COMPILER_HEADERS="$($CC -print-file-name=include)"
# Debug information names sources relative to this folder, whatever its path is.
FLAGS="-march=rv64imac_zicsr_zifencei -mabi=lp64 -mcmodel=medany -mno-relax
  -std=gnu17 -Wall -Wextra -Werror -Wno-unused-parameter
  -ffreestanding -fno-builtin -fno-common -fno-tree-loop-distribute-patterns -fno-stack-protector
  -fno-asynchronous-unwind-tables -gdwarf-5 -gno-record-gcc-switches
  -ffile-prefix-map=$GUESTS=. -ffile-prefix-map=$COMPILER_HEADERS=gcc -Wa,--debug-prefix-map=$GUESTS=."
LINK="-nostdlib -nostartfiles -static -Wl,--build-id=none -Wl,--no-warn-rwx-segments"

OBJECTS="$(mktemp -d)"
trap 'rm -rf "$OBJECTS"' EXIT

# compile OPTIMIZATION SOURCE...: prints the names of the object files.
compile() {
  optimization=$1
  shift
  for source in "$@"; do
    object="$OBJECTS/$(echo "$source" | tr / _)$optimization.o"
    [ -f "$object" ] || $CC $FLAGS $optimization -c "$source" -o "$object" || return 1
    echo "$object"
  done
}

LIBRARY="lib/trap.S lib/uart.c lib/print.c lib/finisher.c lib/string.c lib/crc32.c lib/clint.c lib/plic.c lib/virtio_blk.c"

# The demo is not optimized, so that the debugger shows every variable and each step is one line.
build_demo() {
  objects=$(compile -O0 lib/start.S $LIBRARY demo/*.c)
  $CC $FLAGS $LINK -T lib/link.ld $objects -o demo/demo.elf
}

# The kernel is slightly optimized, as kernels are. It contains its programs as ELF files without debug information; the
# complete ones are next to the sources, for the debugger. A second build gets its timer interrupts from machine mode.
build_kernel() {
  runtime=$(compile -Og kernel/user/start.S kernel/user/runtime.c lib/print.c lib/string.c lib/crc32.c)
  for source in kernel/user/*.c; do
    program=$(basename "$source" .c)
    [ "$program" = runtime ] && continue
    objects=$(compile -Og "$source")
    $CC $FLAGS $LINK -Wl,-n -T kernel/user/user.ld $runtime $objects -o "kernel/user/$program.elf"
    riscv64-unknown-elf-objcopy --strip-all "kernel/user/$program.elf" "$OBJECTS/$program.elf"
  done

  library="lib/uart.c lib/print.c lib/finisher.c lib/string.c lib/clint.c lib/plic.c lib/virtio_blk.c"
  sources=$(ls kernel/*.c | grep -v kernel/machine.c)
  objects=$(compile -Og kernel/start.S kernel/trampoline.S kernel/kernel_trap.S kernel/switch.S $sources $library)
  $CC $FLAGS -Wa,-I"$OBJECTS" -c kernel/programs.S -o "$OBJECTS/programs.o"
  for way in "" -clint; do
    option=$([ -z "$way" ] || echo -DTIMER_BY_CLINT)
    $CC $FLAGS -Og $option -c kernel/machine.c -o "$OBJECTS/machine$way.o"
    $CC $FLAGS $LINK -T kernel/kernel.ld $objects "$OBJECTS/machine$way.o" "$OBJECTS/programs.o" -o "kernel/oslet$way.elf"
  done
}

# A supervisor-mode program for any firmware.
build_sbi() {
  objects=$(compile -Og sbi/start.S sbi/sbi.c lib/uart.c lib/print.c lib/string.c)
  $CC $FLAGS $LINK -T sbi/sbi.ld $objects -o sbi/sbi.elf
}

# Looks to a debugger like a Linux Image and its vmlinux.
build_image() {
  objects=$(compile -O0 image/start.S image/image.c lib/uart.c lib/print.c lib/finisher.c lib/string.c)
  $CC $FLAGS $LINK -T image/image.ld $objects -o image/image.elf
}

# The guest that the board fuzz test runs here and in QEMU: see test/engine/machine/devices/board/board.test.ts.
build_board() {
  objects=$(compile -O2 board/start.S board/board.c)
  $CC $FLAGS $LINK -T lib/link.ld $objects -o board/board.elf
}

# Uses several harts.
build_harts() {
  objects=$(compile -Og harts/start.S harts/harts.c lib/uart.c lib/print.c lib/finisher.c lib/string.c lib/clint.c)
  $CC $FLAGS $LINK -T lib/link.ld $objects -o harts/harts.elf
}

# Its console is semihosting, so it contains no UART driver.
build_semihosting() {
  library="lib/trap.S lib/print.c lib/finisher.c lib/string.c lib/crc32.c"
  objects=$(compile -Og lib/start.S $library small/small.c semihosting/semihosting.c)
  $CC $FLAGS $LINK -T lib/link.ld $objects -o semihosting/semihosting.elf
}

# For tests that act while a machine is computing.
build_endless() {
  library="lib/trap.S lib/uart.c lib/print.c lib/finisher.c lib/string.c lib/clint.c"
  objects=$(compile -O0 lib/start.S endless/endless.c)
  $CC $FLAGS $LINK -T lib/link.ld $objects $(compile -Og $library) -o endless/endless.elf
}

# For the lock-waiting benchmark: one guest for each way of waiting.
build_spin() {
  for way in load swap cas ticket counter; do
    $CC $FLAGS -O2 -DSPIN_$(echo $way | tr a-z A-Z) -c spin/spin.c -o "$OBJECTS/spin_$way.o"
    $CC $FLAGS $LINK -T lib/link.ld $(compile -O2 spin/start.S) "$OBJECTS/spin_$way.o" -o "spin/$way.elf"
  done
}

build_small() {
  objects=$(compile -Og lib/start.S $LIBRARY small/small.c "small/$1.c")
  $CC $FLAGS $LINK -T lib/link.ld $objects -o "small/$1.elf"
}

# Guests to step through, each with the optimization level that its test needs.
optimization_of() {
  case $1 in
    calls | lines) echo -O0 ;;
    tails) echo -O2 ;;
    *) echo -Og ;;
  esac
}

build_walk() {
  library="lib/trap.S lib/uart.c lib/print.c lib/finisher.c lib/string.c lib/clint.c"
  objects=$(compile "$(optimization_of "$1")" lib/start.S $library small/small.c "walks/$1.c")
  $CC $FLAGS $LINK -T lib/link.ld $objects -o "walks/$1.elf"
}

# For the block engine benchmark, and for tests that check disk contents after host failures. A request takes three
# descriptors, so eight requests in flight need a longer queue. For throughput measurements, the driver is optimized.
build_disk() {
  objects=$(compile -Og lib/start.S $(echo "$LIBRARY" | sed s:lib/virtio_blk.c::) small/small.c)
  queue=$([ "$1" = stream ] && echo 32 || echo 8)
  optimization=$([ "$1" = stream ] && echo "-O2 -Wno-maybe-uninitialized" || echo -Og)
  for source in lib/virtio_blk.c "disk/$1.c"; do
    $CC $FLAGS $optimization -DDISK_QUEUE_SIZE="$queue" -c "$source" -o "$OBJECTS/disk_$(basename "$source").o"
  done
  $CC $FLAGS $LINK -T lib/link.ld $objects "$OBJECTS/disk_virtio_blk.c.o" "$OBJECTS/disk_$1.c.o" -o "disk/$1.elf"
}

# Has a separate driver, for requests that the library's driver does not make.
build_inflight() {
  objects=$(compile -Og lib/start.S lib/trap.S lib/uart.c lib/print.c lib/finisher.c lib/string.c small/small.c disk/inflight.c)
  $CC $FLAGS $LINK -T lib/link.ld $objects -o disk/inflight.elf
}

# The bugs of docs/cookbook.md. `locks` and `race` need two harts. The ELF files are not committed.
build_cookbook() {
  for bug in freed list locks overflow race wakeup; do
    case $bug in
      locks | race) objects=$(compile -Og harts/start.S) ;;
      *) objects=$(compile -Og lib/start.S lib/trap.S small/small.c) ;;
    esac
    library="lib/uart.c lib/print.c lib/finisher.c lib/string.c lib/clint.c"
    $CC $FLAGS $LINK -T lib/link.ld $objects $(compile -Og $library) $(compile -O0 "cookbook/$bug.c") -o "cookbook/$bug.elf"
  done
}

WALKS=$(for source in walks/*.c; do basename "$source" .c; done)
SMALL=$(for source in small/*.c; do basename "$source" .c; done | grep -v '^small$')

for guest in ${*:-demo kernel sbi image harts board endless spin semihosting $SMALL $WALKS far numbered requests stream inflight}; do
  case $guest in
    demo | kernel | sbi | image | harts | board | endless | spin | semihosting | inflight | cookbook) "build_$guest" ;;
    far | numbered | requests | stream) build_disk "$guest" ;;
    calls | inlines | interrupts | lines | tails) build_walk "$guest" ;;
    *) build_small "$guest" ;;
  esac
done
