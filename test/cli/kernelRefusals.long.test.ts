/** A kernel, firmware or memory size that cannot work is rejected before any file is created. */
import { gzipSync } from 'node:zlib';
import { writeFdt } from '../../debug-adapter/engine/machine/boot/fdt.ts';
import { makeElf } from '../support/elf.ts';
import { DEMO, fresh, TIMER } from './freshScene.ts';
import { MIB, record, type Refusal, testRefusals } from './refusal.ts';

const elf = (bytes: Uint8Array): Pick<Refusal, 'trouble' | 'command'> => ({
  trouble: (sandbox) => sandbox.write('bad.elf', bytes),
  command: record({ ...DEMO, kernel: 'bad.elf' }),
});

const KERNELS: Refusal[] = [
  {
    what: 'text',
    ...elf(Buffer.from('#!/bin/sh\n')),
    code: 'kernel-not-elf',
    says: /^bad\.elf is neither an ELF file nor a Linux Image/,
  },
  {
    what: 'an empty file',
    ...elf(new Uint8Array(0)),
    code: 'kernel-not-elf',
    says: /^bad\.elf is empty\. Use an ELF file/,
  },
  {
    what: '32 bits',
    ...elf(makeElf({ class: 1 })),
    code: 'kernel-32-bit',
    says: /^bad\.elf is a 32-bit ELF file, but the machine is 64-bit\. Use a file/,
  },
  {
    what: 'truncated gzip',
    ...elf(gzipSync(makeElf()).subarray(0, 60)),
    code: 'kernel-does-not-unpack',
    says: /^bad\.elf is damaged or truncated: its gzip data cannot be decompressed\. Build or copy it again/,
  },
  {
    what: 'gzip data larger than RAM',
    ...elf(gzipSync(new Uint8Array(200 * MIB), { level: 1 })),
    code: 'kernel-does-not-fit',
    says: /^bad\.elf decompresses to more than the machine's 128 MiB of memory\. Give the machine more memory/,
  },
  {
    what: 'xz',
    ...elf(Uint8Array.of(0xfd, 0x37, 0x7a, 0x58, 0x5a, 0, 0)),
    code: 'kernel-compression-unknown',
    says: /^bad\.elf is compressed with xz, which blkreplay does not support\. Decompress it first/,
  },
  {
    what: 'big-endian',
    ...elf(makeElf({ byteOrder: 2 })),
    code: 'kernel-big-endian',
    says: /^bad\.elf is big-endian/,
  },
  {
    what: 'another processor',
    ...elf(makeElf({ machine: 62 })),
    code: 'kernel-other-machine',
    says: /^bad\.elf is an ELF file for another processor architecture \(e_machine 62\)/,
  },
  {
    what: 'an object file',
    ...elf(makeElf({ type: 1 })),
    code: 'kernel-not-executable',
    says: /^bad\.elf is an ELF file that is not linked/,
  },
  {
    what: 'no loadable segments',
    ...elf(makeElf({ segments: 0 })),
    code: 'kernel-empty',
    says: /^bad\.elf has no loadable segments\. Link it/,
  },
  {
    what: 'truncated',
    ...elf(makeElf().subarray(0, 122)),
    code: 'kernel-truncated',
    says: /^bad\.elf is truncated/,
  },
  {
    what: 'linked below RAM',
    ...elf(makeElf({ address: 0x1000n })),
    code: 'kernel-does-not-fit',
    says: /^bad\.elf would be loaded at 0x1000\.\.0x1010, outside RAM \(0x80000000\.\.0x88000000\)\. Link it at an address in RAM/,
  },
  {
    what: 'linked above RAM',
    ...elf(makeElf({ address: 0x8800_0000n })),
    code: 'kernel-does-not-fit',
    says: /^bad\.elf would be loaded at 0x88000000.*Give the machine more memory/,
  },
  {
    what: 'larger than RAM',
    ...elf(makeElf({ memoryBytes: 256 * MIB })),
    code: 'kernel-does-not-fit',
    says: /^bad\.elf would be loaded at 0x80000000\.\.0x90000000.*Give the machine more memory/,
  },
];

const file = (bytes: Uint8Array | string, ...options: string[]): Pick<Refusal, 'trouble' | 'command'> => ({
  trouble: (sandbox) => sandbox.write('bad', bytes),
  command: record(TIMER, ...options),
});
const TREE = writeFdt({ name: '', properties: { model: 'mine' } });

const FILES: Refusal[] = [
  {
    what: 'an empty file to load',
    ...file('', '--load', 'bad@0x84000000'),
    code: 'boot-file-empty',
    says: /^bad is empty\./,
  },
  {
    what: 'a raw file to load without an address',
    ...file('data', '--load', 'bad'),
    code: 'load-address-missing',
    says: /^bad is a raw binary, so it needs a load address\. Add an address, for example bad@0x80400000/,
  },
  {
    what: 'a file to load into a device',
    ...file('data', '--load', 'bad@0x10000000'),
    code: 'kernel-does-not-fit',
    says: /^bad would be loaded at 0x10000000\.\.0x10000004, outside RAM .*\. Use an address in RAM/,
  },
  {
    what: 'a file to load that is larger than RAM',
    ...file(new Uint8Array(17 * MIB), '--load', 'bad@0x80000000', '--memory', '16M'),
    code: 'kernel-does-not-fit',
    says: /^bad would be loaded at .* Give the machine more memory with --memory, or use a lower address/,
  },
  {
    what: 'a file to load over the kernel',
    ...file('data', '--load', 'bad@0x80000004'),
    code: 'boot-files-overlap',
    says: /^timer\.elf and bad would both be loaded at 0x80000004/,
  },
  {
    what: 'a file to load over the device tree',
    ...file('data', '--load', 'bad@0x87e00010'),
    code: 'boot-files-overlap',
    says: /^the device tree and bad would both be loaded at 0x87e00010/,
  },
  {
    what: 'an ELF file of another machine to load',
    ...file(makeElf({ machine: 62 }), '--load', 'bad'),
    code: 'kernel-other-machine',
    says: /^bad is an ELF file for another processor architecture/,
  },
  {
    what: 'text as a device tree',
    ...file('/dts-v1/;\n/ { };\n'.repeat(5), '--dtb', 'bad'),
    code: 'device-tree-bad',
    says: /^bad is not a valid device tree: it does not begin with the magic number 0xd00dfeed\. Use a \.dtb file/,
  },
  {
    what: 'an empty device tree',
    ...file('', '--dtb', 'bad'),
    code: 'device-tree-bad',
    says: /^bad is not a valid device tree: it is shorter/,
  },
  {
    what: 'a truncated device tree',
    ...file(TREE.subarray(0, 60), '--dtb', 'bad'),
    code: 'device-tree-bad',
    says: /^bad is not a valid device tree: it is truncated/,
  },
  {
    what: 'a device tree larger than Linux accepts',
    ...file(new Uint8Array(17 * MIB), '--dtb', 'bad'),
    code: 'file-too-large',
    says: /^bad /,
  },
  {
    what: 'a recording that is the file to load',
    trouble: (sandbox) => sandbox.write('bad', 'data'),
    command: record({ ...TIMER, rrfile: 'bad' }, '--load', 'bad@0x84000000', '--overwrite'),
    code: 'recording-is-input',
    says: /^bad /,
  },
];

testRefusals('record rejects as a kernel', fresh, KERNELS);
testRefusals('record rejects as another boot file', fresh, FILES);
