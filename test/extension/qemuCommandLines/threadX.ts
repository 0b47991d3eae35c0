import type { CommandLineCase } from './commandLineCase.ts';

export const THREADX: readonly CommandLineCase[] = [
  {
    name: 'ThreadX',
    source: 'eclipse-threadx/threadx, ports/risc-v64/gnu/example_build/qemu_virt/test, as the test prints it',
    file: '',
    folder: '',
    text: String.raw`Starting QEMU: qemu-system-riscv64 -M virt -nographic -bios none -kernel build/demo_threadx.elf -gdb tcp::41233 -S -monitor none -serial stdio
`,
    expected: {
      name: 'Record demo_threadx',
      rr: 'record',
      rrfile: '${workspaceFolder}/.blkreplay/demo_threadx.rr',
      kernel: '${workspaceFolder}/build/demo_threadx.elf',
      bios: 'none',
      gdbServer: 41233,
      stopOnEntry: true,
    },
    unmapped: [],
  },
];
