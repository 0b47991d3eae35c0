import type { CommandLineCase } from './commandLineCase.ts';

export const XV6: readonly CommandLineCase[] = [
  {
    name: 'xv6 2019',
    source: 'mit-pdos/xv6-riscv-fall19, Makefile',
    file: 'Makefile',
    folder: '',
    text: String.raw`K=kernel
QEMU = qemu-system-riscv64
ifndef CPUS
CPUS := 3
endif

QEMUEXTRA = -drive file=fs1.img,if=none,format=raw,id=x1 -device virtio-blk-device,drive=x1,bus=virtio-mmio-bus.1

QEMUOPTS = -machine virt -kernel $K/kernel -m 3G -smp $(CPUS) -nographic
QEMUOPTS += -drive file=fs.img,if=none,format=raw,id=x0 -device virtio-blk-device,drive=x0,bus=virtio-mmio-bus.0

qemu: $K/kernel fs.img
	$(QEMU) $(QEMUOPTS)
`,
    expected: {
      name: 'Record kernel',
      rr: 'record',
      rrfile: '${workspaceFolder}/.blkreplay/kernel.rr',
      kernel: '${workspaceFolder}/kernel/kernel',
      memory: '2G',
      harts: 3,
      drives: [
        {
          id: 'x0',
          image: '${workspaceFolder}/fs.img',
          format: 'raw',
          overlay: '${workspaceFolder}/.blkreplay/kernel-x0.qcow2',
          virtio: 'legacy',
        },
      ],
    },
    unmapped: ['-m 3G'],
  },
  {
    name: 'xv6 2020',
    source: 'mit-pdos/xv6-riscv, Makefile in 2020',
    file: 'Makefile',
    folder: '',
    text: String.raw`K=kernel
QEMU = qemu-system-riscv64
CPUS := 3
QEMUOPTS = -machine virt -bios none -kernel $K/kernel -m 128M -smp $(CPUS) -nographic
QEMUOPTS += -drive file=fs.img,if=none,format=raw,id=x0
QEMUOPTS += -device virtio-blk-device,drive=x0,bus=virtio-mmio-bus.0

qemu: $K/kernel fs.img
	$(QEMU) $(QEMUOPTS)
`,
    expected: {
      name: 'Record kernel',
      rr: 'record',
      rrfile: '${workspaceFolder}/.blkreplay/kernel.rr',
      kernel: '${workspaceFolder}/kernel/kernel',
      bios: 'none',
      harts: 3,
      drives: [
        {
          id: 'x0',
          image: '${workspaceFolder}/fs.img',
          format: 'raw',
          overlay: '${workspaceFolder}/.blkreplay/kernel-x0.qcow2',
          virtio: 'legacy',
        },
      ],
    },
    unmapped: [],
  },
  {
    name: 'xv6 2025, waiting for gdb',
    source: 'mit-pdos/xv6-riscv, Makefile at 00425f8, target qemu-gdb',
    file: 'Makefile',
    folder: '',
    text: String.raw`K=kernel
QEMU = qemu-system-riscv64
GDBPORT = $(shell expr ${'`'}id -u${'`'} % 5000 + 25000)
QEMUGDB = $(shell if $(QEMU) -help | grep -q '^-gdb'; \
	then echo "-gdb tcp::$(GDBPORT)"; \
	else echo "-s -p $(GDBPORT)"; fi)
ifndef CPUS
CPUS := 3
endif

QEMUOPTS = -machine virt -bios none -kernel $K/kernel -m 128M -smp $(CPUS) -nographic
QEMUOPTS += -global virtio-mmio.force-legacy=false
QEMUOPTS += -drive file=fs.img,if=none,format=raw,id=x0
QEMUOPTS += -device virtio-blk-device,drive=x0,bus=virtio-mmio-bus.0

qemu-gdb: $K/kernel .gdbinit fs.img
	@echo "*** Now run 'gdb' in another window." 1>&2
	$(QEMU) $(QEMUOPTS) -S $(QEMUGDB)
`,
    expected: {
      name: 'Record kernel',
      rr: 'record',
      rrfile: '${workspaceFolder}/.blkreplay/kernel.rr',
      kernel: '${workspaceFolder}/kernel/kernel',
      bios: 'none',
      harts: 3,
      drives: [
        {
          id: 'x0',
          image: '${workspaceFolder}/fs.img',
          format: 'raw',
          overlay: '${workspaceFolder}/.blkreplay/kernel-x0.qcow2',
        },
      ],
      stopOnEntry: true,
    },
    unmapped: ['$(QEMUGDB)'],
  },
  {
    name: 'xv6 networking lab',
    source: 'mit-pdos/xv6-riscv labs of 2022, Makefile of the net lab with LAB=net',
    file: 'Makefile',
    folder: '',
    text: String.raw`K=kernel
QEMU = qemu-system-riscv64
LAB=net
CPUS := 3
FWDPORT = 25999
QEMUOPTS = -machine virt -bios none -kernel $K/kernel -m 128M -smp $(CPUS) -nographic
QEMUOPTS += -global virtio-mmio.force-legacy=false
QEMUOPTS += -drive file=fs.img,if=none,format=raw,id=x0
QEMUOPTS += -device virtio-blk-device,drive=x0,bus=virtio-mmio-bus.0

ifeq ($(LAB),net)
QEMUOPTS += -netdev user,id=net0,hostfwd=udp::$(FWDPORT)-:2000 -object filter-dump,id=net0,netdev=net0,file=packets.pcap
QEMUOPTS += -device e1000,netdev=net0,bus=pcie.0
endif

qemu: $K/kernel fs.img
	$(QEMU) $(QEMUOPTS)
`,
    expected: {
      name: 'Record kernel',
      rr: 'record',
      rrfile: '${workspaceFolder}/.blkreplay/kernel.rr',
      kernel: '${workspaceFolder}/kernel/kernel',
      bios: 'none',
      harts: 3,
      drives: [
        {
          id: 'x0',
          image: '${workspaceFolder}/fs.img',
          format: 'raw',
          overlay: '${workspaceFolder}/.blkreplay/kernel-x0.qcow2',
        },
      ],
    },
    unmapped: [
      '-netdev user,id=net0,hostfwd=udp::25999-:2000',
      '-object filter-dump,id=net0,netdev=net0,file=packets.pcap',
      '-device e1000,netdev=net0,bus=pcie.0',
    ],
  },
];
