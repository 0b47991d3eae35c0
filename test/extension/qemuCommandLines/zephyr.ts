import type { CommandLineCase } from './commandLineCase.ts';

export const ZEPHYR: readonly CommandLineCase[] = [
  {
    name: 'Zephyr',
    source:
      'zephyrproject-rtos/zephyr, boards/qemu/riscv64/board.cmake (with CONFIG_RISCV_S_MODE) and cmake/emu/qemu.cmake',
    file: '',
    folder: '',
    text: 'qemu-system-riscv64 -nographic -machine virt -bios none -m 256 -cpu rv64,s=on,u=on,pmp=on,priv_spec=v1.12.0,sv39=on -pidfile qemu.pid -serial mon:stdio -kernel build/zephyr/zephyr.elf',
    expected: {
      name: 'Record zephyr',
      rr: 'record',
      rrfile: '${workspaceFolder}/.blkreplay/zephyr.rr',
      kernel: '${workspaceFolder}/build/zephyr/zephyr.elf',
      bios: 'none',
      memory: '256M',
    },
    unmapped: [],
  },
];
