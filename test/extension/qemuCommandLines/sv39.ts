import type { CommandLineCase } from './commandLineCase.ts';

export const SV39: readonly CommandLineCase[] = [
  {
    name: 'sv39 crate',
    source: 'docs.rs/crate/sv39/0.1.0, Makefile',
    file: 'Makefile',
    folder: '',
    text: String.raw`run: build
	qemu-system-riscv64 \
		-machine virt \
		-cpu rv64 \
		-bios default \
		-smp 1 \
		-m 128M \
		-nographic \
		-serial mon:stdio \
		--no-reboot \
		-kernel target/riscv64gc-unknown-none-elf/debug/dummy-kernel
`,
    expected: {
      name: 'Record dummy-kernel',
      rr: 'record',
      rrfile: '${workspaceFolder}/.blkreplay/dummy-kernel.rr',
      kernel: '${workspaceFolder}/target/riscv64gc-unknown-none-elf/debug/dummy-kernel',
      bios: 'builtin',
      noReboot: true,
    },
    unmapped: [],
  },
];
