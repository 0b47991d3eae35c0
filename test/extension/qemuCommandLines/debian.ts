import type { CommandLineCase } from './commandLineCase.ts';

export const DEBIAN: readonly CommandLineCase[] = [
  {
    name: 'Debian',
    source:
      'the readme.txt in Debian Quick Image Baker images, as in gist.github.com/apivovarov/98120ffb2d92f9dfce39925801271606',
    file: '',
    folder: '',
    text: String.raw`qemu-system-riscv64 -machine virt -m 1G -smp 8 -cpu rv64 \
-device virtio-blk-device,drive=hd \
-drive file=image.qcow2,if=none,id=hd \
-device virtio-net-device,netdev=net \
-netdev user,id=net,hostfwd=tcp::2222-:22 \
-bios /usr/lib/riscv64-linux-gnu/opensbi/generic/fw_jump.elf \
-kernel /usr/lib/u-boot/qemu-riscv64_smode/uboot.elf \
-object rng-random,filename=/dev/urandom,id=rng \
-device virtio-rng-device,rng=rng \
-nographic -append "root=LABEL=rootfs console=ttyS0"
`,
    expected: {
      name: 'Record uboot',
      rr: 'record',
      rrfile: '${workspaceFolder}/.blkreplay/uboot.rr',
      kernel: '/usr/lib/u-boot/qemu-riscv64_smode/uboot.elf',
      bios: '/usr/lib/riscv64-linux-gnu/opensbi/generic/fw_jump.elf',
      append: 'root=LABEL=rootfs console=ttyS0',
      memory: '1G',
      harts: 8,
      drives: [
        {
          id: 'hd',
          image: '${workspaceFolder}/image.qcow2',
          format: 'qcow2',
          overlay: '${workspaceFolder}/.blkreplay/uboot-hd.qcow2',
          slot: 7,
          virtio: 'legacy',
        },
      ],
      rng: true,
    },
    unmapped: ['-device virtio-net-device,netdev=net', '-netdev user,id=net,hostfwd=tcp::2222-:22'],
  },
];
