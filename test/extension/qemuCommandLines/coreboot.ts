import type { CommandLineCase } from './commandLineCase.ts';

export const COREBOOT: readonly CommandLineCase[] = [
  {
    name: 'coreboot',
    source: 'doc.coreboot.org/mainboard/emulation/qemu-riscv.html',
    file: '',
    folder: '',
    text: String.raw`qemu-system-riscv64 -M virt -m 1G -nographic -bios build/coreboot.rom \
                    -drive if=pflash,file=./build/coreboot.rom,format=raw
`,
    expected: {
      name: 'Record coreboot',
      rr: 'record',
      rrfile: '${workspaceFolder}/.blkreplay/coreboot.rr',
      bios: '${workspaceFolder}/build/coreboot.rom',
      memory: '1G',
    },
    unmapped: ['-drive if=pflash,file=./build/coreboot.rom,format=raw'],
  },
];
