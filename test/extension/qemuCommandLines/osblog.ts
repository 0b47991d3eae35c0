import type { CommandLineCase } from './commandLineCase.ts';

export const OSBLOG: readonly CommandLineCase[] = [
  {
    name: 'osblog',
    source: 'sgmarz/osblog, risc_v/.cargo/config',
    file: 'risc_v/.cargo/config',
    folder: 'risc_v',
    text: String.raw`[target.riscv64gc-unknown-none-elf]
runner = "qemu-system-riscv64 -machine virt -cpu rv64 -d guest_errors,unimp -smp 4 -m 128M -drive if=none,format=raw,file=hdd.dsk,id=foo -device virtio-blk-device,scsi=off,drive=foo -serial mon:stdio -bios none -device virtio-rng-device -device virtio-gpu-device -device virtio-net-device -device virtio-tablet-device -device virtio-keyboard-device -kernel "
`,
    expected: {
      name: 'Record kernel',
      rr: 'record',
      rrfile: '${workspaceFolder}/.blkreplay/kernel.rr',
      kernel: '${workspaceFolder}/risc_v/<kernel>',
      bios: 'none',
      harts: 4,
      drives: [
        {
          id: 'foo',
          image: '${workspaceFolder}/risc_v/hdd.dsk',
          format: 'raw',
          overlay: '${workspaceFolder}/.blkreplay/kernel-foo.qcow2',
          slot: 7,
          virtio: 'legacy',
        },
      ],
      rng: true,
    },
    unmapped: [
      '-d guest_errors,unimp',
      '-device virtio-gpu-device',
      '-device virtio-net-device',
      '-device virtio-tablet-device',
      '-device virtio-keyboard-device',
      '-kernel',
      '-kernel',
    ],
  },
];
