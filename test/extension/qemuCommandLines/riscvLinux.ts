import type { CommandLineCase } from './commandLineCase.ts';

export const RISCV_LINUX: readonly CommandLineCase[] = [
  {
    name: 'Linux with an initial RAM disk',
    source: 'msyksphinz-self/riscv_linux, linux_on_qemu/qemu_riscv_boot.sh',
    file: 'qemu_riscv_boot.sh',
    folder: '',
    text: String.raw`qemu-system-riscv64 -nographic -machine virt \
                    -kernel /linux_riscv/linux/arch/riscv/boot/Image \
                    -initrd /linux_riscv/rootfs.cpio \
                    -drive file=/linux_riscv/testfs.img,format=raw,id=testfs \
                    -device virtio-blk-device,drive=testfs \
                    -append "console=ttyS0 rdinit=/init"
`,
    expected: {
      name: 'Record Image',
      rr: 'record',
      rrfile: '${workspaceFolder}/.blkreplay/Image.rr',
      kernel: '/linux_riscv/linux/arch/riscv/boot/Image',
      initrd: '/linux_riscv/rootfs.cpio',
      append: 'console=ttyS0 rdinit=/init',
      drives: [
        {
          id: 'testfs',
          image: '/linux_riscv/testfs.img',
          format: 'raw',
          overlay: '${workspaceFolder}/.blkreplay/Image-testfs.qcow2',
          slot: 7,
          virtio: 'legacy',
        },
      ],
    },
    unmapped: [],
  },
];
