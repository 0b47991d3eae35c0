import type { CommandLineCase } from './commandLineCase.ts';

export const S3K: readonly CommandLineCase[] = [
  {
    name: 's3k',
    source: 'kth-step/s3k, projects/hello/scripts/qemu.sh',
    file: 'projects/hello/scripts/qemu.sh',
    folder: '',
    text: String.raw`#!/usr/bin/env bash

KERNEL=build/s3k
APP0=build/app0
APP1=build/app1

qemu-system-riscv64 -M virt -smp 4 -m 128M		\
	-nographic -bios none -kernel $KERNEL.elf	\
	-device loader,file=$APP0.bin,addr=0x80010000	\
	-device loader,file=$APP1.bin,addr=0x80020000	\
	$@
`,
    expected: {
      name: 'Record s3k',
      rr: 'record',
      rrfile: '${workspaceFolder}/.blkreplay/s3k.rr',
      kernel: '${workspaceFolder}/build/s3k.elf',
      bios: 'none',
      load: ['${workspaceFolder}/build/app0.bin@0x80010000', '${workspaceFolder}/build/app1.bin@0x80020000'],
      harts: 4,
    },
    unmapped: [],
  },
];
