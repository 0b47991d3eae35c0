import type { CommandLineCase } from './commandLineCase.ts';

export const OPENSBI: readonly CommandLineCase[] = [
  {
    name: 'OpenSBI',
    source: 'riscv-software-src/opensbi, docs/platform/qemu_virt.md',
    file: 'qemu_virt.md',
    folder: '',
    text: String.raw`qemu-system-riscv64 -M virt -m 256M -display none -serial stdio \
	-kernel build/platform/qemu/virt/firmware/fw_jump.elf \
	-device loader,file=<linux_build_directory>/arch/riscv/boot/Image,addr=0x80400000 \
	-drive file=<path_to_linux_rootfs>,format=raw,id=hd0 \
	-device virtio-blk-device,drive=hd0 \
	-append "root=/dev/vda rw console=ttyS0"
`,
    expected: {
      name: 'Record fw_jump',
      rr: 'record',
      rrfile: '${workspaceFolder}/.blkreplay/fw_jump.rr',
      kernel: '${workspaceFolder}/build/platform/qemu/virt/firmware/fw_jump.elf',
      append: 'root=/dev/vda rw console=ttyS0',
      load: ['${workspaceFolder}/<linux_build_directory>/arch/riscv/boot/Image@0x80400000'],
      memory: '256M',
      drives: [
        {
          id: 'hd0',
          image: '${workspaceFolder}/<path_to_linux_rootfs>',
          format: 'raw',
          overlay: '${workspaceFolder}/.blkreplay/fw_jump-hd0.qcow2',
          slot: 7,
          virtio: 'legacy',
        },
      ],
    },
    unmapped: [
      '-device loader,file=<linux_build_directory>/arch/riscv/boot/Image,addr=0x80400000',
      '-drive file=<path_to_linux_rootfs>,format=raw,id=hd0',
    ],
  },
];
