import type { CommandLineCase } from './commandLineCase.ts';

export const ARCEOS: readonly CommandLineCase[] = [
  {
    name: 'ArceOS',
    source: 'arceos-org/arceos, scripts/make/qemu.mk',
    file: 'scripts/make/qemu.mk',
    folder: '',
    text: String.raw`QEMU := qemu-system-$(ARCH)
BUS := mmio
BLK := y
GRAPHIC := n
NET := n

ifeq ($(BUS), mmio)
  vdev-suffix := device
else ifeq ($(BUS), pci)
  vdev-suffix := pci
else
  $(error "BUS" must be one of "mmio" or "pci")
endif

qemu_args-riscv64 := \
  -machine virt \
  -bios default \
  -kernel $(OUT_BIN)

qemu_args-y := -m 128M -smp $(SMP) $(qemu_args-$(ARCH))

qemu_args-$(BLK) += \
  -device virtio-blk-$(vdev-suffix),drive=disk0 \
  -drive id=disk0,if=none,format=raw,file=$(DISK_IMG)

qemu_args-$(NET) += \
  -device virtio-net-$(vdev-suffix),netdev=net0

ifeq ($(GRAPHIC), n)
  qemu_args-y += -nographic
endif

define run_qemu
  @printf "    $(CYAN_C)Running$(END_C) on qemu...\n"
  $(call run_cmd,$(QEMU),$(qemu_args-y))
endef
`,
    expected: {
      name: 'Record OUT_BIN',
      rr: 'record',
      rrfile: '${workspaceFolder}/.blkreplay/OUT_BIN.rr',
      kernel: '${workspaceFolder}/<OUT_BIN>',
      bios: 'builtin',
      drives: [
        {
          id: 'disk0',
          image: '${workspaceFolder}/<DISK_IMG>',
          format: 'raw',
          overlay: '${workspaceFolder}/.blkreplay/OUT_BIN-disk0.qcow2',
          slot: 7,
          virtio: 'legacy',
        },
      ],
    },
    unmapped: ['-smp <SMP>', '-kernel <OUT_BIN>', '-drive id=disk0,if=none,format=raw,file=<DISK_IMG>'],
  },
  {
    name: 'ArceOS start script',
    source: 'c0per/arceos, start.sh',
    file: 'start.sh',
    folder: '',
    text: String.raw`# run qemu
qemu-system-riscv64 -machine virt -m 128M -smp 1 \
    -bios default -kernel kernel.bin -nographic \
    -device virtio-blk-device,drive=disk0 \
    -drive id=disk0,if=none,format=raw,file=disk.img
`,
    expected: {
      name: 'Record kernel',
      rr: 'record',
      rrfile: '${workspaceFolder}/.blkreplay/kernel.rr',
      kernel: '${workspaceFolder}/kernel.bin',
      bios: 'builtin',
      drives: [
        {
          id: 'disk0',
          image: '${workspaceFolder}/disk.img',
          format: 'raw',
          overlay: '${workspaceFolder}/.blkreplay/kernel-disk0.qcow2',
          slot: 7,
          virtio: 'legacy',
        },
      ],
    },
    unmapped: ['-kernel kernel.bin'],
  },
];
