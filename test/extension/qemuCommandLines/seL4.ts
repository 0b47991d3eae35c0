import type { CommandLineCase } from './commandLineCase.ts';

export const SEL4: readonly CommandLineCase[] = [
  {
    name: 'seL4',
    source: 'a makefile of a virtual machine monitor on seL4CP, board qemu_riscv_virt',
    file: '',
    folder: '',
    text: String.raw`	qemu-system-riscv64 -machine virt -cpu rv64 -nographic -serial mon:stdio -m size=3072M -bios $(BUILD_DIR)/platform/generic/firmware/fw_payload.elf
`,
    expected: {
      name: 'Record fw_payload',
      rr: 'record',
      rrfile: '${workspaceFolder}/.blkreplay/fw_payload.rr',
      bios: '${workspaceFolder}/<BUILD_DIR>/platform/generic/firmware/fw_payload.elf',
      memory: '2G',
    },
    unmapped: ['-m size=3072M', '-bios <BUILD_DIR>/platform/generic/firmware/fw_payload.elf'],
  },
];
