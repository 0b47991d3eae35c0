#!/bin/sh
# Runs a guest on QEMU's `virt` board, with which blkreplay's machine is compatible:
#
#   ./run-qemu.sh ELF [DISK [DISK2]] [-- QEMU OPTION...]
#
# The disks go to virtio slots 0 and 1 as modern devices. A missing disk is created with 4 MiB of zeroes. Time is
# counted in instructions (`-icount shift=0`: one nanosecond each); with ICOUNT=off it follows the host's clock.
set -eu
[ $# -ge 1 ] || { sed -n '2,7s/^# \{0,1\}//p' "$0"; exit 2; }
elf=$1
shift

slot=0
disks=""
while [ $# -gt 0 ] && [ "$1" != -- ]; do
  [ -e "$1" ] || truncate -s 4M "$1"
  disks="$disks -drive file=$1,if=none,format=raw,id=hd$slot -device virtio-blk-device,drive=hd$slot,bus=virtio-mmio-bus.$slot"
  slot=$((slot + 1))
  shift
done
[ $# -eq 0 ] || shift

icount="-icount shift=0"
[ "${ICOUNT:-on}" = on ] || icount=""

exec qemu-system-riscv64 -machine virt -m 128M -smp 1 -bios none \
  -cpu rv64,h=off,v=off,zbc=off,sstc=on,svinval=on \
  -display none -monitor none -serial stdio -global virtio-mmio.force-legacy=false \
  $icount $disks -kernel "$elf" "$@"
