import { gzipSync } from 'node:zlib';
import { writeFdt } from '../../../debug-adapter/engine/machine/boot/fdt.ts';
import { makeElf } from '../../support/elf.ts';
import { uImage } from '../../support/wrappedImages.ts';
import { cli, noticeOf, TIMER } from './cli.ts';
import type { Row } from './rows.ts';

const MIB = 1 << 20;

const kernel = (bytes: Uint8Array | string, options = '') =>
  cli(`run --kernel bad --stop-at 1 ${options}`, { trouble: (sandbox) => void sandbox.write('bad', bytes) });

/** Boots a kernel at an address, which follows the file name in the option. */
const kernelAt = (bytes: Uint8Array | string, address: string) =>
  cli(`run --kernel bad@${address}`, { trouble: (sandbox) => void sandbox.write('bad', bytes) });

const file = (bytes: Uint8Array | string, options: string) =>
  cli(`run --kernel timer.elf --stop-at 1 ${options}`, { trouble: (sandbox) => void sandbox.write('bad', bytes) });

/** An ELF file with several program headers for the same segment. */
function elfWithSegments(count: number, change: (header: DataView, index: number) => void = () => {}): Uint8Array {
  const one = makeElf();
  const [headersAt, headerBytes] = [64, 56];
  const bytes = new Uint8Array(headersAt + count * headerBytes + 16);
  bytes.set(one.subarray(0, headersAt));
  new DataView(bytes.buffer).setUint16(56, count, true);
  for (let i = 0; i < count; i++) {
    bytes.set(one.subarray(headersAt, headersAt + headerBytes), headersAt + i * headerBytes);
    const header = new DataView(bytes.buffer, headersAt + i * headerBytes, headerBytes);
    header.setBigUint64(8, BigInt(headersAt + count * headerBytes), true);
    change(header, i);
  }
  return bytes;
}

/** A Linux Image: the magic number is at byte 56, and the data is not text. */
function linuxImage(): Uint8Array {
  const bytes = new Uint8Array(4096);
  bytes.set(Buffer.from('RSC\x05'), 56);
  bytes.set(Buffer.from('RISCV\0\0\0'), 48);
  return bytes;
}

const BUILD_AGAIN = /Build or copy it again/;
const MORE_MEMORY = /Give the machine more memory with --memory/;

/** Files that cannot be booted. */
export const bootRows: readonly Row[] = [
  {
    message: 'boot/kernelIsNotElf',
    provoke: kernel('#!/bin/sh\n'),
    cause: /neither an ELF file nor a Linux Image, but a text file/,
    where: /^bad /,
    remedy: /Use an ELF file for 64-bit RISC-V/,
  },
  {
    message: 'boot/bootFileIsEmpty',
    provoke: file('', '--load bad@0x84000000'),
    cause: /is empty/,
    where: /^bad /,
    remedy: /Use an ELF file/,
  },
  {
    message: 'boot/kernelDoesNotUnpack',
    provoke: kernel(gzipSync(makeElf()).subarray(0, 60)),
    cause: /damaged or truncated: its gzip data cannot be decompressed/,
    where: /^bad /,
    remedy: BUILD_AGAIN,
  },
  {
    message: 'boot/kernelUnpacksTooLarge',
    provoke: kernel(gzipSync(new Uint8Array(17 * MIB), { level: 1 }), '--memory 16M'),
    cause: /decompresses to more than the machine's 16 MiB/,
    where: /^bad /,
    remedy: MORE_MEMORY,
  },
  {
    message: 'boot/kernelCompressionUnknown',
    provoke: kernel(Uint8Array.of(0xfd, 0x37, 0x7a, 0x58, 0x5a, 0, 0)),
    cause: /is compressed with xz, which blkreplay does not support/,
    where: /^bad /,
    remedy: /Decompress it first/,
  },
  {
    message: 'boot/addressNotForElf',
    provoke: kernelAt(makeElf(), '0x80200000'),
    cause: /is an ELF file, so it cannot be loaded at a different address/,
    where: /^bad /,
    remedy: /Leave out the address, or convert the file with objcopy/,
  },
  {
    message: 'boot/addressNotForUImage',
    provoke: kernelAt(uImage(makeElf(), { loadAddress: 0x8020_0000 }), '0x80200000'),
    cause: /is a U-Boot image, so it cannot be loaded at a different address/,
    where: /^bad /,
    remedy: /Leave out the address/,
  },
  {
    message: 'boot/uImageIsOther',
    provoke: kernel(uImage(makeElf(), { type: 6 })),
    cause: /is a U-Boot image of type 6, but/,
    where: /^bad /,
    remedy: /Create one of these with mkimage/,
  },
  {
    message: 'boot/addressNotUsed',
    provoke: noticeOf('run --kernel timer.elf --load bad@0x84000000 --stop-at 1', {
      trouble: (sandbox) => void sandbox.write('bad', makeElf({ address: 0x8400_0000n })),
    }),
    cause: /is ignored: the file contains its load address/,
    where: /The address given for bad /,
    remedy: /Leave out the address/,
  },
  {
    message: 'boot/addressMissing',
    provoke: file('data', '--load bad'),
    cause: /needs a load address/,
    where: /^bad /,
    remedy: /Add an address, for example bad@0x80400000/,
  },
  {
    message: 'boot/kernelAddressIsOdd',
    provoke: kernelAt(Uint8Array.of(0x13, 0, 0, 0), '0x80000001'),
    cause: /instructions start at even addresses/,
    where: /0x80000001 for bad/,
    remedy: /Use an even address/,
  },
  {
    message: 'boot/imageAddressUnaligned',
    provoke: kernelAt(linuxImage(), '0x80001000'),
    cause: /a Linux Image must be loaded at a multiple of 0x200000/,
    where: /0x80001000 for bad/,
    remedy: /Use a multiple of 0x200000/,
  },
  {
    message: 'boot/needsKernel',
    provoke: cli('run --bios demo.elf --append quiet'),
    cause: /was given without a kernel/,
    where: /A kernel command line \(append\)/,
    remedy: /Add --kernel, or leave out --append/,
  },
  {
    message: 'boot/deviceTreeIsBad',
    provoke: file('/dts-v1/;\n/ { };\n'.repeat(5), '--dtb bad'),
    cause: /is not a valid device tree: it does not begin with the magic number 0xd00dfeed/,
    where: /^bad /,
    remedy: /Use a \.dtb file/,
  },
  {
    message: 'boot/deviceTreeTargetExists',
    provoke: cli('run --kernel timer.elf --dumpdtb demo.c'),
    cause: /already exists/,
    where: /^demo\.c /,
    remedy: /Choose another name for the device tree, or delete the existing file/,
  },
  {
    message: 'boot/kernelIsThirtyTwoBit',
    provoke: kernel(makeElf({ class: 1 })),
    cause: /is a 32-bit ELF file, but the machine is 64-bit/,
    where: /^bad /,
    remedy: /Use a file that is built for 64-bit RISC-V/,
  },
  {
    message: 'boot/kernelIsBigEndian',
    provoke: kernel(makeElf({ byteOrder: 2 })),
    cause: /is big-endian, but the machine is little-endian/,
    where: /^bad /,
    remedy: /Use a file that is built for/,
  },
  {
    message: 'boot/kernelIsForAnotherMachine',
    provoke: kernel(makeElf({ machine: 62 })),
    cause: /for another processor architecture \(e_machine 62\)/,
    where: /^bad /,
    remedy: /Use a file that is built for/,
  },
  {
    message: 'boot/kernelIsNotExecutable',
    provoke: kernel(makeElf({ type: 1 })),
    cause: /is not linked/,
    where: /^bad /,
    remedy: /Link it first/,
  },
  {
    message: 'boot/kernelIsTruncated',
    provoke: kernel(makeElf().subarray(0, 122)),
    cause: /is truncated: its segment 0 extends past the end/,
    where: /^bad /,
    remedy: BUILD_AGAIN,
  },
  {
    message: 'boot/kernelSegmentIsBad',
    provoke: kernel(elfWithSegments(1, (header) => header.setBigUint64(40, 1n, true))),
    cause: /the segment is larger in the file than in memory/,
    where: /^Program header 0 of bad /,
    remedy: /Build it again/,
  },
  {
    message: 'boot/kernelHasNothingToLoad',
    provoke: kernel(makeElf({ segments: 0 })),
    cause: /has no loadable segments/,
    where: /^bad /,
    remedy: /Link it with a PT_LOAD program header/,
  },
  {
    message: 'boot/kernelHasTooManySegments',
    provoke: kernel(elfWithSegments(5000)),
    cause: /has 5000 program headers; at most \d+ are supported/,
    where: /^bad /,
    remedy: /Link it with fewer segments/,
  },
  {
    message: 'boot/kernelDoesNotFit',
    provoke: kernel(makeElf({ address: 0x8800_0000n })),
    cause: /would be loaded at 0x88000000.*outside RAM/,
    where: /^bad /,
    remedy: MORE_MEMORY,
  },
  {
    message: 'boot/fileDoesNotFit',
    provoke: file('data', '--load bad@0x10000000'),
    cause: /would be loaded at 0x10000000\.\.0x10000004, outside RAM/,
    where: /^bad /,
    remedy: /Use an address in RAM/,
  },
  {
    message: 'boot/kernelSegmentsOverlap',
    provoke: kernel(elfWithSegments(2, (header, i) => header.setBigUint64(24, 0x8000_0000n + BigInt(4 * i), true))),
    cause: /has segments that overlap/,
    where: /^bad /,
    remedy: /Correct its linker script/,
  },
  {
    message: 'boot/deviceTreeDoesNotFit',
    provoke: file(largeTree(), '--dtb bad --memory 16M'),
    cause: /A device tree of \d+ bytes and a kernel do not fit/,
    where: /in 16777216 bytes of RAM/,
    remedy: /with --memory/,
  },
  {
    message: 'boot/initrdDoesNotFit',
    provoke: cli('run --bios builtin --kernel bad --initrd initrd --memory 16M', {
      trouble: (sandbox) => {
        sandbox.write('bad', makeElf({ address: 0x8020_0000n }));
        sandbox.write('initrd', new Uint8Array(15 * MIB));
      },
    }),
    cause: /does not fit above the kernel in 16 MiB/,
    where: /^initrd \(15728640 bytes\)/,
    remedy: MORE_MEMORY,
  },
  {
    message: 'boot/bootFilesOverlap',
    provoke: cli(`run ${TIMER.replace('--rrfile a.rr', '')} --bios builtin`),
    cause: /would both be loaded at 0x80000000/,
    where: /timer\.elf/,
    remedy: /to boot without firmware, pass --bios none/,
  },
];

/** A device tree that almost fills 16 MiB. */
function largeTree(): Uint8Array {
  return writeFdt({ name: '', properties: { model: 'm'.repeat(15 * MIB) } });
}
