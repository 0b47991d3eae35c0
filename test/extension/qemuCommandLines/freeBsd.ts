import type { CommandLineCase } from './commandLineCase.ts';

export const FREEBSD: readonly CommandLineCase[] = [
  {
    name: 'FreeBSD',
    source: 'the command of FreeBSD images, as in gist.github.com/mengzhuo/6ae7d7a727c271c076f2f72afe5772b1',
    file: '',
    folder: '',
    text: String.raw`qemu-system-riscv64 -machine virt -m 2048M -smp 2 -nographic \
-bios /usr/local/share/opensbi/lp64/generic/firmware/fw_jump.elf \
-kernel /usr/local/share/u-boot/u-boot-qemu-riscv64/u-boot.bin \
-drive file=FreeBSD-14.0-CURRENT-riscv-riscv64.raw,format=raw,id=hd0 -device virtio-blk-device,drive=hd0 \
-netdev user,id=net0,ipv6=off,hostfwd=tcp::8022-:22 -device virtio-net-device,netdev=net0
`,
    expected: {
      name: 'Record u-boot',
      rr: 'record',
      rrfile: '${workspaceFolder}/.blkreplay/u-boot.rr',
      kernel: '/usr/local/share/u-boot/u-boot-qemu-riscv64/u-boot.bin',
      bios: '/usr/local/share/opensbi/lp64/generic/firmware/fw_jump.elf',
      memory: '2G',
      harts: 2,
      drives: [
        {
          id: 'hd0',
          image: '${workspaceFolder}/FreeBSD-14.0-CURRENT-riscv-riscv64.raw',
          format: 'raw',
          overlay: '${workspaceFolder}/.blkreplay/u-boot-hd0.qcow2',
          slot: 7,
          virtio: 'legacy',
        },
      ],
    },
    unmapped: [
      '-netdev user,id=net0,ipv6=off,hostfwd=tcp::8022-:22',
      '-device virtio-net-device,netdev=net0',
      '-kernel /usr/local/share/u-boot/u-boot-qemu-riscv64/u-boot.bin',
    ],
  },
];
