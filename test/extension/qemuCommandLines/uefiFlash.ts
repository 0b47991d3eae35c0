import type { CommandLineCase } from './commandLineCase.ts';

export const UEFI_FLASH: readonly CommandLineCase[] = [
  {
    name: 'UEFI with flash',
    source: 'a gist of pdp7, with pflash as blockdev',
    file: '',
    folder: '',
    text: String.raw`$ qemu/build/qemu-system-riscv64 -M virt,pflash0=pflash0,pflash1=pflash1 -m 2G -smp 8 -serial mon:stdio -nographic -blockdev node-name=pflash0,driver=file,read-only=on,filename=RISCV_VIRT_CODE.fd -blockdev node-name=pflash1,driver=file,filename=RISCV_VIRT_VARS.fd -append "root=/dev/ram ro console=hvc earlycon=sbi loglevel=8" -kernel linux/arch/riscv/boot/Image -bios ~/data/opensbi/build/platform/generic/firmware/fw_dynamic.bin
`,
    expected: {
      name: 'Record Image',
      rr: 'record',
      rrfile: '${workspaceFolder}/.blkreplay/Image.rr',
      kernel: '${workspaceFolder}/linux/arch/riscv/boot/Image',
      bios: '${userHome}/data/opensbi/build/platform/generic/firmware/fw_dynamic.bin',
      append: 'root=/dev/ram ro console=hvc earlycon=sbi loglevel=8',
      memory: '2G',
      harts: 8,
    },
    unmapped: ['-M virt,pflash0=pflash0,pflash1=pflash1'],
  },
];
