import type { CommandLineCase } from './commandLineCase.ts';

export const FEDORA: readonly CommandLineCase[] = [
  {
    name: 'Fedora',
    source: 'the command of Fedora Rawhide images, as in gist.github.com/tufei/b8168414fc131d41978991926899f1fc',
    file: '',
    folder: '',
    text: String.raw`qemu-system-riscv64 -nographic -machine virt \
-cpu rv64,v=on,vlen=256,elen=64,vext_spec=v1.0 -smp 8 -m 8G \
-kernel ~/Sandbox/Fedora-Developer-Rawhide-20200108.n.0-fw_payload-uboot-qemu-virt-smode.elf \
-object rng-random,filename=/dev/urandom,id=rng0 -device virtio-rng-device,rng=rng0 \
-device virtio-blk-device,drive=hd0 \
-drive file=~/Sandbox/Fedora-Developer-Rawhide-20200108.n.0-20G.raw,format=raw,id=hd0 \
-device virtio-net-device,netdev=usernet \
-netdev user,id=usernet,hostfwd=tcp::10000-:22 -bios none
`,
    expected: {
      name: 'Record Fedora-Developer-Rawhide-20200108.n.0-fw_payload-uboot-qemu-',
      rr: 'record',
      rrfile: '${workspaceFolder}/.blkreplay/Fedora-Developer-Rawhide-20200108.n.0-fw_payload-uboot-qemu-.rr',
      kernel: '${userHome}/Sandbox/Fedora-Developer-Rawhide-20200108.n.0-fw_payload-uboot-qemu-virt-smode.elf',
      bios: 'none',
      memory: '2G',
      harts: 8,
      drives: [
        {
          id: 'hd0',
          image: '${userHome}/Sandbox/Fedora-Developer-Rawhide-20200108.n.0-20G.raw',
          format: 'raw',
          overlay:
            '${workspaceFolder}/.blkreplay/Fedora-Developer-Rawhide-20200108.n.0-fw_payload-uboot-qemu--hd0.qcow2',
          slot: 6,
          virtio: 'legacy',
        },
      ],
      rng: true,
    },
    unmapped: [
      '-cpu rv64,v=on,vlen=256,elen=64,vext_spec=v1.0',
      '-m 8G',
      '-device virtio-net-device,netdev=usernet',
      '-netdev user,id=usernet,hostfwd=tcp::10000-:22',
    ],
  },
];
