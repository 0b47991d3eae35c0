#!/bin/sh
# Builds the firmware and writes it as ../firmwareImage.ts. Needed only after a change; a test holds the two together.
# Needs gcc-riscv64-unknown-elf; the result depends on its version, not on the place or time.
set -eu
export LC_ALL=C
cd "$(dirname "$0")"
out="$(mktemp -d)"
trap 'rm -rf "$out"' EXIT

# A hart is a stack of 2 KiB; the trap frame is struct trap_frame.
SIZES="-DHARTS_MAX=8 -DSTACK_SHIFT=11 -DFRAME_BYTES=144 -DFIRMWARE_BYTES=0x40000"
riscv64-unknown-elf-gcc -march=rv64ima_zicsr_zifencei -mabi=lp64 -mcmodel=medany -Os $SIZES \
  -std=gnu17 -Wall -Wextra -Werror -ffreestanding -fno-builtin -fno-common -fno-jump-tables -fno-stack-protector \
  -fno-tree-loop-distribute-patterns -fno-asynchronous-unwind-tables -nostdlib -nostartfiles -static -mno-relax \
  -Wl,--build-id=none -Wl,--no-warn-rwx-segments -Wl,--defsym=FIRMWARE_BYTES=0x40000 -T firmware.ld \
  start.S firmware.c harts.c sbi.c -o "$out/firmware.elf"
riscv64-unknown-elf-objcopy -O binary "$out/firmware.elf" "$out/firmware.bin"
# Stacks at the end are zeroes, as RAM is.
python3 - "$out/firmware.bin" "$(cat *.S *.c *.h *.ld build.sh | sha256sum | cut -d' ' -f1)" > ../firmwareImage.ts <<'END'
import base64, sys
data = open(sys.argv[1], 'rb').read().rstrip(b'\0')
data += bytes(-len(data) % 8)
text = base64.b64encode(data).decode()
lines = [text[at:at + 112] for at in range(0, len(text), 112)]
print('/** The firmware of `firmware/`, built by its build.sh: to be loaded to the start of RAM. Do not edit. */')
print('export const FIRMWARE_BASE64 =')
print(' +\n'.join(f"  '{line}'" for line in lines) + ';')
print()
print('/** SHA-256 over the sources and build.sh, so that a test can tell when they were changed without a build. */')
print(f"export const FIRMWARE_SOURCES_SHA256 = '{sys.argv[2]}';")
END
echo "firmware: $(wc -c < "$out/firmware.bin") bytes"
