import type { CommandLineCase } from './commandLineCase.ts';

export const UBUNTU: readonly CommandLineCase[] = [
  {
    name: 'Ubuntu',
    source: 'the command of Ubuntu server images, as in gist.github.com/cconstab/e63ffc14f50aae0279b5dc30d9033cad',
    file: '',
    folder: '',
    text: String.raw`qemu-system-riscv64 -machine virt -m 4096 -smp 4 -bios fw_jump.elf -kernel uboot.elf -device virtio-net-device,netdev=eth0 -netdev user,id=eth0 -drive file=ubuntu-20.04.4-preinstalled-server-riscv64+unmatched.img,format=raw,if=virtio -cpu rv64
`,
    expected: {
      name: 'Record uboot',
      rr: 'record',
      rrfile: '${workspaceFolder}/.blkreplay/uboot.rr',
      kernel: '${workspaceFolder}/uboot.elf',
      bios: '${workspaceFolder}/fw_jump.elf',
      memory: '2G',
      harts: 4,
      drives: [
        {
          id: 'hd0',
          image: '${workspaceFolder}/ubuntu-20.04.4-preinstalled-server-riscv64+unmatched.img',
          format: 'raw',
          overlay: '${workspaceFolder}/.blkreplay/uboot-hd0.qcow2',
        },
      ],
    },
    unmapped: [
      '-m 4096',
      '-device virtio-net-device,netdev=eth0',
      '-netdev user,id=eth0',
      '-drive file=ubuntu-20.04.4-preinstalled-server-riscv64+unmatched.img,format=raw,if=virtio',
    ],
  },
];
