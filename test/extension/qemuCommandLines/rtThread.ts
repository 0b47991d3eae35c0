import type { CommandLineCase } from './commandLineCase.ts';

export const RTTHREAD: readonly CommandLineCase[] = [
  {
    name: 'RT-Thread',
    source: 'RT-Thread/rt-thread, bsp/qemu-virt64-riscv/qemu-nographic.sh',
    file: 'bsp/qemu-virt64-riscv/qemu-nographic.sh',
    folder: 'bsp/qemu-virt64-riscv',
    text: String.raw`if [ ! -f "sd.bin" ]; then
dd if=/dev/zero of=sd.bin bs=1024 count=65536
fi

qemu-system-riscv64 -nographic -machine virt -m 256M -kernel rtthread.bin \
-drive if=none,file=sd.bin,format=raw,id=blk0 -device virtio-blk-device,drive=blk0,bus=virtio-mmio-bus.0 \
-netdev user,id=tap0 -device virtio-net-device,netdev=tap0,bus=virtio-mmio-bus.1 \
-device virtio-serial-device -chardev socket,host=127.0.0.1,port=4321,server=on,wait=off,telnet=on,id=console0 -device virtserialport,chardev=console0
`,
    expected: {
      name: 'Record rtthread',
      rr: 'record',
      rrfile: '${workspaceFolder}/.blkreplay/rtthread.rr',
      kernel: '${workspaceFolder}/bsp/qemu-virt64-riscv/rtthread.bin',
      bios: 'builtin',
      memory: '256M',
      drives: [
        {
          id: 'blk0',
          image: '${workspaceFolder}/bsp/qemu-virt64-riscv/sd.bin',
          format: 'raw',
          overlay: '${workspaceFolder}/.blkreplay/rtthread-blk0.qcow2',
          virtio: 'legacy',
        },
      ],
    },
    unmapped: [
      '-netdev user,id=tap0',
      '-device virtio-net-device,netdev=tap0,bus=virtio-mmio-bus.1',
      '-device virtio-serial-device',
      '-chardev socket,host=127.0.0.1,port=4321,server=on,wait=off,telnet=on,id=console0',
      '-device virtserialport,chardev=console0',
      '-kernel rtthread.bin',
    ],
  },
];
