import type { CommandLineCase } from './commandLineCase.ts';

export const BUILDROOT: readonly CommandLineCase[] = [
  {
    name: 'buildroot',
    source: 'buildroot/buildroot, board/qemu/riscv64-virt/readme.txt',
    file: 'readme.txt',
    folder: '',
    text: String.raw`  qemu-system-riscv64 -M virt -bios output/images/fw_jump.elf -kernel output/images/Image -append "rootwait root=/dev/vda ro" -drive file=output/images/rootfs.ext2,format=raw,id=hd0 -device virtio-blk-device,drive=hd0 -netdev user,id=net0 -device virtio-net-device,netdev=net0 -nographic # qemu_riscv64_virt_defconfig
`,
    expected: {
      name: 'Record Image',
      rr: 'record',
      rrfile: '${workspaceFolder}/.blkreplay/Image.rr',
      kernel: '${workspaceFolder}/output/images/Image',
      bios: '${workspaceFolder}/output/images/fw_jump.elf',
      append: 'rootwait root=/dev/vda ro',
      drives: [
        {
          id: 'hd0',
          image: '${workspaceFolder}/output/images/rootfs.ext2',
          format: 'raw',
          overlay: '${workspaceFolder}/.blkreplay/Image-hd0.qcow2',
          slot: 7,
          virtio: 'legacy',
        },
      ],
    },
    unmapped: ['-netdev user,id=net0', '-device virtio-net-device,netdev=net0'],
  },
  {
    name: 'buildroot without MMU',
    source: 'buildroot/buildroot, board/qemu/riscv64-virt/readme.txt',
    file: 'readme.txt',
    folder: '',
    text: String.raw`  qemu-system-riscv64 -M virt -bios none -kernel output/images/Image -append "rootwait root=/dev/vda ro" -drive file=output/images/rootfs.ext2,format=raw,id=hd0 -device virtio-blk-device,drive=hd0 -nographic -cpu rv64,mmu=off -netdev user,id=net0 -device virtio-net-device,netdev=net0 # qemu_riscv64_nommu_virt_defconfig
`,
    expected: {
      name: 'Record Image',
      rr: 'record',
      rrfile: '${workspaceFolder}/.blkreplay/Image.rr',
      kernel: '${workspaceFolder}/output/images/Image',
      bios: 'none',
      append: 'rootwait root=/dev/vda ro',
      drives: [
        {
          id: 'hd0',
          image: '${workspaceFolder}/output/images/rootfs.ext2',
          format: 'raw',
          overlay: '${workspaceFolder}/.blkreplay/Image-hd0.qcow2',
          slot: 7,
          virtio: 'legacy',
        },
      ],
    },
    unmapped: ['-cpu rv64,mmu=off', '-netdev user,id=net0', '-device virtio-net-device,netdev=net0'],
  },
];
