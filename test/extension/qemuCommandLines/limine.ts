import type { CommandLineCase } from './commandLineCase.ts';

export const LIMINE: readonly CommandLineCase[] = [
  {
    name: 'Limine bare metal',
    source: 'archaic-archea/LSD-limine, .cargo/runner.sh',
    file: 'runner.sh',
    folder: '',
    text: String.raw`qemu-system-riscv64 \
    -machine virt \
    -cpu rv64 \
    -bios opensbi-riscv64-generic-fw_dynamic.bin \
    -m 256m \
    -global virtio-mmio.force-legacy=false \
    -s \
    -serial stdio \
    -kernel target/riscv64imac-unknown-none-elf/debug/risc-v-bare
`,
    expected: {
      name: 'Record risc-v-bare',
      rr: 'record',
      rrfile: '${workspaceFolder}/.blkreplay/risc-v-bare.rr',
      kernel: '${workspaceFolder}/target/riscv64imac-unknown-none-elf/debug/risc-v-bare',
      bios: 'builtin',
      memory: '256M',
      gdbServer: 1234,
    },
    unmapped: ['-bios opensbi-riscv64-generic-fw_dynamic.bin'],
  },
];
