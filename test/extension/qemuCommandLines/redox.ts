import type { CommandLineCase } from './commandLineCase.ts';

export const REDOX: readonly CommandLineCase[] = [
  {
    name: 'Redox',
    source: 'redox-os/redox, mk/qemu.mk',
    file: 'mk/qemu.mk',
    folder: '',
    text: String.raw`QEMU?=qemu-system-$(QEMU_ARCH)
QEMUFLAGS?=-d guest_errors -name "Redox OS $(ARCH)"
ifeq ($(ARCH),x86_64)
	QEMU_ARCH=x86_64
	QEMU_MACHINE?=q35
else ifeq ($(ARCH),riscv64gc)
	live=no
	audio=no
	gpu?=ramfb
	net=bridge
	QEMU_ARCH=riscv64
	# QEMU_MACHINE=virt  for ACPI mode instead of DTB
	QEMU_MACHINE=virt,acpi=off
	QEMU_SMP?=4
	QEMU_MEM?=2048
	QEMU_CPU=max
	PFLASH0=$(firstword \
		$(wildcard /usr/share/qemu-efi-riscv64/RISCV_VIRT_CODE.fd) \
		$(wildcard /usr/share/edk2/riscv/RISCV_VIRT_CODE.fd) \
	)
	ifneq ($(usb),no)
		QEMUFLAGS+=-device qemu-xhci -device usb-kbd -device usb-tablet
	endif
else
$(error Unsupported ARCH for QEMU "$(ARCH)"))
endif

QEMUFLAGS+=-smp $(QEMU_SMP) -m $(QEMU_MEM)
ifeq ($(serial),no)
	QEMUFLAGS+=-chardev stdio,id=debug -device isa-debugcon,iobase=0x402,chardev=debug
else
	QEMUFLAGS+=-chardev stdio,id=debug,signal=off,mux=on,"$(if $(qemu_serial_logfile),logfile=$(qemu_serial_logfile))"
	QEMUFLAGS+=-serial chardev:debug -mon chardev=debug
endif
QEMUFLAGS+=-machine $(QEMU_MACHINE)
QEMUFLAGS+=-netdev user,id=net0 -device e1000,netdev=net0,id=nic0
ifeq ($(gpu),ramfb)
	QEMUFLAGS+=-vga none -device ramfb
endif
disk?=nvme
ifeq ($(disk),nvme)
	QEMUFLAGS+= \
		-drive file=$(BUILD)/harddrive.img,format=raw,if=none,id=drv0 -device nvme,drive=drv0,serial=NVME_SERIAL
else ifeq ($(disk),virtio)
	QEMUFLAGS+= -drive file=$(BUILD)/harddrive.img,format=raw,if=virtio
endif
QEMUFLAGS+=-cpu $(QEMU_CPU)
ifneq ($(PFLASH0),)
	QEMUFLAGS+=-drive if=pflash,format=raw,unit=0,file=$(PFLASH0),readonly=on
endif

qemu: qemu-deps
	$(QEMU) $(QEMUFLAGS)
`,
    expected: {
      name: 'Record kernel',
      rr: 'record',
      rrfile: '${workspaceFolder}/.blkreplay/kernel.rr',
      kernel: '${workspaceFolder}/<kernel>',
      memory: '2G',
      harts: 4,
    },
    unmapped: [
      '-d guest_errors',
      '-device qemu-xhci',
      '-device usb-kbd',
      '-device usb-tablet',
      '-netdev user,id=net0',
      '-device e1000,netdev=net0,id=nic0',
      '-device ramfb',
      '-cpu max',
      '-drive if=pflash,format=raw,unit=0,file=/usr/share/qemu-efi-riscv64/RISCV_VIRT_CODE.fd,readonly=on',
      '-kernel',
      '-device nvme,drive=drv0,serial=NVME_SERIAL',
    ],
  },
];
