import type { CommandLineCase } from './commandLineCase.ts';

export const UBOOT: readonly CommandLineCase[] = [
  {
    name: 'U-Boot',
    source: 'u-boot/u-boot, doc/board/emulation/qemu-riscv.rst',
    file: '',
    folder: '',
    text: '    qemu-system-riscv64 -nographic -machine virt -bios u-boot.bin',
    expected: {
      name: 'Record u-boot',
      rr: 'record',
      rrfile: '${workspaceFolder}/.blkreplay/u-boot.rr',
      bios: '${workspaceFolder}/u-boot.bin',
    },
    unmapped: [],
  },
  {
    name: 'U-Boot SPL with an AHCI disk',
    source: 'u-boot/u-boot, doc/board/emulation/qemu-riscv.rst',
    file: '',
    folder: '',
    text: String.raw`    qemu-system-riscv64 -nographic -machine virt -bios spl/u-boot-spl.bin \
    -device loader,file=u-boot.itb,addr=0x80200000 \
    -device ich9-ahci,id=ahci \
    -drive if=none,file=riscv64.img,format=raw,id=mydisk \
    -device ide-hd,drive=mydisk,bus=ahci.0
`,
    expected: {
      name: 'Record u-boot-spl',
      rr: 'record',
      rrfile: '${workspaceFolder}/.blkreplay/u-boot-spl.rr',
      bios: '${workspaceFolder}/spl/u-boot-spl.bin',
      load: ['${workspaceFolder}/u-boot.itb@0x80200000'],
    },
    unmapped: ['-device ich9-ahci,id=ahci', '-device ide-hd,drive=mydisk,bus=ahci.0'],
  },
];
