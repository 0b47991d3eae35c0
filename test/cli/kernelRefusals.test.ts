import { makeElf } from '../support/elf.ts';
import { DEMO, fresh } from './recordedScene.ts';
import { MIB, record, type Refusal, refuses } from './refusal.ts';

const elf = (bytes: Uint8Array): Pick<Refusal, 'trouble' | 'command'> => ({
  trouble: (place) => place.write('bad.elf', bytes),
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
    says: /^bad\.elf is neither an ELF file nor a Linux Image/,
  },
  {
    what: '32 bits',
    ...elf(makeElf({ class: 1 })),
    code: 'kernel-32-bit',
    says: /^bad\.elf is a 32-bit ELF and the machine is RV64: give an ELF built for RISC-V 64-bit, or/,
  },
  {
    what: 'big-endian',
    ...elf(makeElf({ byteOrder: 2 })),
    code: 'kernel-big-endian',
    says: /^bad\.elf is a big-endian ELF/,
  },
  {
    what: 'another processor',
    ...elf(makeElf({ machine: 62 })),
    code: 'kernel-other-machine',
    says: /^bad\.elf is an ELF for another processor \(e_machine 62\)/,
  },
  {
    what: 'an object file',
    ...elf(makeElf({ type: 1 })),
    code: 'kernel-not-executable',
    says: /^bad\.elf is an ELF that is not linked/,
  },
  {
    what: 'nothing to load',
    ...elf(makeElf({ segments: 0 })),
    code: 'kernel-empty',
    says: /^bad\.elf has no segment to load: link it/,
  },
  {
    what: 'cut short',
    ...elf(makeElf().subarray(0, 122)),
    code: 'kernel-truncated',
    says: /^bad\.elf is cut short/,
  },
  {
    what: 'linked below RAM',
    ...elf(makeElf({ address: 0x1000n })),
    code: 'kernel-does-not-fit',
    says: /^bad\.elf loads to 0x1000\.\.0x1010, outside RAM at 0x80000000\.\.0x88000000: link it to an address in RAM/,
  },
  {
    what: 'linked above RAM',
    ...elf(makeElf({ address: 0x8800_0000n })),
    code: 'kernel-does-not-fit',
    says: /^bad\.elf loads to 0x88000000.*give the machine more memory/,
  },
  {
    what: 'larger than RAM',
    ...elf(makeElf({ memoryBytes: 256 * MIB })),
    code: 'kernel-does-not-fit',
    says: /^bad\.elf loads to 0x80000000\.\.0x90000000.*give the machine more memory/,
  },
];

refuses('record refuses as a kernel', fresh, KERNELS);
