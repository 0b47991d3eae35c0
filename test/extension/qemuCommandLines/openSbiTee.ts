import type { CommandLineCase } from './commandLineCase.ts';

export const OPENSBI_TEE: readonly CommandLineCase[] = [
  {
    name: 'OpenSBI with a trusted environment',
    source: 'Tert-butyllithium/opensbi-riscv-tee, run.sh',
    file: 'run.sh',
    folder: '',
    text: String.raw`qemu-system-riscv64 -M virt -m 256M -nographic \
        -kernel build/platform/qemu/virt/firmware/fw_jump.elf \
        -device loader,file=/home/prongs/src/linux/arch/riscv/boot/Image,addr=0x80200000 \
        -drive file=/home/prongs/src/busybox/root.bin,format=raw,id=hd0 \
        -device virtio-blk-device,drive=hd0 \
        -append "root=/dev/vda rw console=ttyS0"
`,
    expected: {
      name: 'Record fw_jump',
      rr: 'record',
      rrfile: '${workspaceFolder}/.blkreplay/fw_jump.rr',
      kernel: '${workspaceFolder}/build/platform/qemu/virt/firmware/fw_jump.elf',
      append: 'root=/dev/vda rw console=ttyS0',
      load: ['/home/prongs/src/linux/arch/riscv/boot/Image@0x80200000'],
      memory: '256M',
      drives: [
        {
          id: 'hd0',
          image: '/home/prongs/src/busybox/root.bin',
          format: 'raw',
          overlay: '${workspaceFolder}/.blkreplay/fw_jump-hd0.qcow2',
          slot: 7,
          virtio: 'legacy',
        },
      ],
    },
    unmapped: [],
  },
];
