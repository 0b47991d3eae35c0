import type { CommandLineCase } from './commandLineCase.ts';

export const RCORE: readonly CommandLineCase[] = [
  {
    name: 'rCore-Tutorial',
    source: 'rcore-os/rCore-Tutorial-v3, os/Makefile, target run-inner',
    file: 'os/Makefile',
    folder: 'os',
    text: String.raw`TARGET := riscv64gc-unknown-none-elf
MODE := release
KERNEL_ELF := target/$(TARGET)/$(MODE)/os
KERNEL_BIN := $(KERNEL_ELF).bin
FS_IMG := ../user/target/$(TARGET)/$(MODE)/fs.img
BOARD ?= qemu
SBI ?= rustsbi
BOOTLOADER := ../bootloader/$(SBI)-$(BOARD).bin

# KERNEL ENTRY
ifeq ($(BOARD), qemu)
	KERNEL_ENTRY_PA := 0x80200000
else ifeq ($(BOARD), k210)
	KERNEL_ENTRY_PA := 0x80020000
endif

run-inner: build
ifeq ($(BOARD),qemu)
	@qemu-system-riscv64 \
		-machine virt \
		-nographic \
		-bios $(BOOTLOADER) \
		-device loader,file=$(KERNEL_BIN),addr=$(KERNEL_ENTRY_PA) \
		-drive file=$(FS_IMG),if=none,format=raw,id=x0 \
        -device virtio-blk-device,drive=x0,bus=virtio-mmio-bus.0
else
	@cp $(BOOTLOADER) $(BOOTLOADER).copy
endif
`,
    expected: {
      name: 'Record rustsbi-qemu',
      rr: 'record',
      rrfile: '${workspaceFolder}/.blkreplay/rustsbi-qemu.rr',
      bios: '${workspaceFolder}/bootloader/rustsbi-qemu.bin',
      load: ['${workspaceFolder}/os/target/riscv64gc-unknown-none-elf/release/os.bin@0x80200000'],
      drives: [
        {
          id: 'x0',
          image: '${workspaceFolder}/user/target/riscv64gc-unknown-none-elf/release/fs.img',
          format: 'raw',
          overlay: '${workspaceFolder}/.blkreplay/rustsbi-qemu-x0.qcow2',
          virtio: 'legacy',
        },
      ],
    },
    unmapped: ['-device loader,file=target/riscv64gc-unknown-none-elf/release/os.bin,addr=0x80200000'],
  },
  {
    name: 'rCore-Tutorial in tmux',
    source: 'rcore-os/rCore-Tutorial-v3, os/Makefile, target debug',
    file: 'os/Makefile',
    folder: 'os',
    text: String.raw`KERNEL_ELF := target/riscv64gc-unknown-none-elf/release/os
KERNEL_BIN := $(KERNEL_ELF).bin
BOOTLOADER := ../bootloader/rustsbi-qemu.bin
KERNEL_ENTRY_PA := 0x80200000

debug: build
	@tmux new-session -d \
		"qemu-system-riscv64 -machine virt -nographic -bios $(BOOTLOADER) -device loader,file=$(KERNEL_BIN),addr=$(KERNEL_ENTRY_PA) -s -S" && \
		tmux split-window -h "riscv64-unknown-elf-gdb -ex 'file $(KERNEL_ELF)' -ex 'set arch riscv:rv64' -ex 'target remote localhost:1234'" && \
		tmux -2 attach-session -d
`,
    expected: {
      name: 'Record rustsbi-qemu',
      rr: 'record',
      rrfile: '${workspaceFolder}/.blkreplay/rustsbi-qemu.rr',
      bios: '${workspaceFolder}/bootloader/rustsbi-qemu.bin',
      load: ['${workspaceFolder}/os/target/riscv64gc-unknown-none-elf/release/os.bin@0x80200000'],
      gdbServer: 1234,
      stopOnEntry: true,
    },
    unmapped: ['-device loader,file=target/riscv64gc-unknown-none-elf/release/os.bin,addr=0x80200000'],
  },
];
