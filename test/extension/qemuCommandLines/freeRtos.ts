import type { CommandLineCase } from './commandLineCase.ts';

export const FREERTOS: readonly CommandLineCase[] = [
  {
    name: 'FreeRTOS',
    source: 'FreeRTOS/FreeRTOS, Demo/RISC-V-Qemu-virt_GCC/Readme.md',
    file: 'Readme.md',
    folder: '',
    text: String.raw`${'`'}${'`'}${'`'}
$ qemu-system-riscv32 -nographic -machine virt -net none \
  -chardev stdio,id=con,mux=on -serial chardev:con \
  -mon chardev=con,mode=readline -bios none \
  -smp 4 -kernel ./build/RTOSDemo.axf
${'`'}${'`'}${'`'}
`,
    expected: {
      name: 'Record RTOSDemo',
      rr: 'record',
      rrfile: '${workspaceFolder}/.blkreplay/RTOSDemo.rr',
      kernel: '${workspaceFolder}/build/RTOSDemo.axf',
      bios: 'none',
      harts: 4,
    },
    unmapped: ['qemu-system-riscv32'],
  },
];
