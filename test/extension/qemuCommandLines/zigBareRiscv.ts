import type { CommandLineCase } from './commandLineCase.ts';

export const ZIG_BARE_RISCV: readonly CommandLineCase[] = [
  {
    name: 'zig-bare-riscv',
    source: 'archaic-archea/zig-bare-riscv, run.zsh',
    file: 'run.zsh',
    folder: '',
    text: String.raw`rm -rf drive

qemu-system-riscv64 \
    -machine virt \
    -cpu rv64 \
    -smp 1 \
    -m 8G \
    -global virtio-mmio.force-legacy=false \
    -object rng-random,filename=/dev/urandom,id=rng0 \
    -device nvme,serial=deadbeff,drive=disk1 -drive id=disk1,format=raw,if=none,file=fat:rw:drive \
    -device virtio-rng-device,rng=rng0 \
    -device virtio-gpu-device \
    -bios conf/opensbi-riscv64-generic-fw_jump.bin \
    -kernel conf/spark-riscv-sbi-release.bin \
    -serial mon:stdio \
    -d int,guest_errors \
    -no-reboot
`,
    expected: {
      name: 'Record spark-riscv-sbi-release',
      rr: 'record',
      rrfile: '${workspaceFolder}/.blkreplay/spark-riscv-sbi-release.rr',
      kernel: '${workspaceFolder}/conf/spark-riscv-sbi-release.bin',
      bios: '${workspaceFolder}/conf/opensbi-riscv64-generic-fw_jump.bin',
      memory: '2G',
      rng: true,
      noReboot: true,
    },
    unmapped: [
      '-m 8G',
      '-device virtio-gpu-device',
      '-d int,guest_errors',
      '-kernel conf/spark-riscv-sbi-release.bin',
      '-device nvme,serial=deadbeff,drive=disk1',
    ],
  },
];
