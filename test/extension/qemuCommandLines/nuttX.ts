import type { CommandLineCase } from './commandLineCase.ts';

export const NUTTX: readonly CommandLineCase[] = [
  {
    name: 'NuttX',
    source: 'apache/nuttx, Documentation/platforms/risc-v/qemu-rv/boards/rv-virt',
    file: '',
    folder: '',
    text: '    $ qemu-system-riscv64 -semihosting -M virt,aclint=on -cpu rv64 -smp 8 -bios none -kernel nuttx -nographic',
    expected: {
      name: 'Record nuttx',
      rr: 'record',
      rrfile: '${workspaceFolder}/.blkreplay/nuttx.rr',
      kernel: '${workspaceFolder}/nuttx',
      bios: 'none',
      harts: 8,
      semihosting: true,
    },
    unmapped: ['-M virt,aclint=on'],
  },
  {
    name: 'NuttX with devices',
    source: 'apache/nuttx, rv-virt, configuration knetnsh64',
    file: '',
    folder: '',
    text: String.raw`    $ dd if=/dev/zero of=./mydisk-1gb.img bs=1M count=1024

    $ qemu-system-riscv64 -semihosting -M virt,aclint=on -cpu rv64 -smp 8 \
      -global virtio-mmio.force-legacy=false \
      -device virtio-serial-device,bus=virtio-mmio-bus.0 \
      -chardev socket,telnet=on,host=127.0.0.1,port=3450,server=on,wait=off,id=foo \
      -device virtconsole,chardev=foo \
      -device virtio-rng-device,bus=virtio-mmio-bus.1 \
      -netdev user,id=u1,hostfwd=tcp:127.0.0.1:10023-10.0.2.15:23,hostfwd=tcp:127.0.0.1:15001-10.0.2.15:5001 \
      -device virtio-net-device,netdev=u1,bus=virtio-mmio-bus.2 \
      -drive file=./mydisk-1gb.img,if=none,format=raw,id=hd \
      -device virtio-blk-device,bus=virtio-mmio-bus.3,drive=hd \
      -bios none -kernel ./nuttx/nuttx -nographic
`,
    expected: {
      name: 'Record nuttx',
      rr: 'record',
      rrfile: '${workspaceFolder}/.blkreplay/nuttx.rr',
      kernel: '${workspaceFolder}/nuttx/nuttx',
      bios: 'none',
      harts: 8,
      drives: [
        {
          id: 'hd',
          image: '${workspaceFolder}/mydisk-1gb.img',
          format: 'raw',
          overlay: '${workspaceFolder}/.blkreplay/nuttx-hd.qcow2',
          slot: 3,
        },
      ],
      semihosting: true,
      rng: true,
    },
    unmapped: [
      '-M virt,aclint=on',
      '-device virtio-serial-device,bus=virtio-mmio-bus.0',
      '-chardev socket,telnet=on,host=127.0.0.1,port=3450,server=on,wait=off,id=foo',
      '-device virtconsole,chardev=foo',
      '-netdev user,id=u1,hostfwd=tcp:127.0.0.1:10023-10.0.2.15:23,hostfwd=tcp:127.0.0.1:15001-10.0.2.15:5…',
      '-device virtio-net-device,netdev=u1,bus=virtio-mmio-bus.2',
    ],
  },
];
