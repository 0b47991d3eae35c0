import { shown } from './shown.ts';
import { badInput } from './userError.ts';

/**
 * What can be wrong with the files a machine boots from. `name` is the file as the user knows it.
 */
const HOW_TO_GET_ONE = 'give an ELF built for RISC-V 64-bit, or a Linux Image or raw binary';

/** Raw binaries aside, which could be anything but this. */
export const kernelIsNotElf = (name: string, butIs?: 'empty' | 'text') =>
  badInput(
    'kernel-not-elf',
    `${name} is neither an ELF file nor a Linux Image${butIs ? `, but ${butIs}` : ''}: ${HOW_TO_GET_ONE}.`,
  );

/** Of any role but the kernel's. */
export const bootFileIsEmpty = (name: string) =>
  badInput('boot-file-empty', `${name} is empty, so there is nothing to load: ${HOW_TO_GET_ONE}.`);

export const nothingToBoot = () =>
  badInput('nothing-to-boot', 'There is nothing to boot: name a kernel, firmware from a file, or a file to load.');

export const kernelDoesNotUnpack = (packed: { name: string; compression: string }) =>
  badInput(
    'kernel-does-not-unpack',
    `${packed.name} is damaged or cut short (its ${packed.compression} data does not decompress): build or copy it again.`,
  );

export const kernelUnpacksTooLarge = (packed: { name: string; memoryBytes: number }) =>
  badInput(
    'kernel-does-not-fit',
    `${packed.name} decompresses to more than the ${packed.memoryBytes / (1 << 20)} MiB of memory: give the machine more memory.`,
  );

export const kernelCompressionUnknown = (packed: { name: string; compression: string }) =>
  badInput(
    'kernel-compression-unknown',
    `${packed.name} is compressed with ${shown(packed.compression)}, which is not decompressed here: decompress it first ` +
      '(gzip, and EFI zboot images with gzip or zstd, boot as they are).',
  );

export const addressNotForElf = (name: string) =>
  badInput(
    'address-not-for-elf',
    `${name} is an ELF file, which says itself where it is loaded: leave its address out, or convert it with objcopy -O binary.`,
  );

export const addressNotForUImage = (name: string) =>
  badInput(
    'address-not-for-uimage',
    `${name} is a U-Boot image, which says itself where it is loaded: leave its address out.`,
  );

export const uImageIsOther = (name: string, type: number) =>
  badInput(
    'uimage-of-other-type',
    `${name} is a U-Boot image of type ${type}, and only kernels (2) and initial RAM disks (3) are loaded: make one with mkimage.`,
  );

/** A notice: QEMU's loader does not look at the address either. */
export const addressNotUsed = (name: string): string =>
  `${name} says itself where it is loaded, so its address is not used: only raw binaries are loaded where one tells.`;

export const addressMissing = (name: string) =>
  badInput(
    'load-address-missing',
    `${name} is no ELF file, so it does not say where it is loaded: add an address, as in ${name}@0x80400000.`,
  );

export const kernelAddressIsOdd = (kernel: { name: string; address: number }) =>
  badInput(
    'kernel-address-odd',
    `${kernel.name} cannot start at ${hex(kernel.address)}: instructions begin at even addresses, so give an even one.`,
  );

export const imageAddressUnaligned = (kernel: { name: string; address: number }) =>
  badInput(
    'kernel-address-unaligned',
    `${kernel.name} is a Linux Image and cannot run at ${hex(kernel.address)}: give a multiple of 0x200000 (2 MiB).`,
  );

export const needsKernel = (option: 'initrd' | 'append') =>
  badInput('needs-kernel', `"${option}" is for a kernel, and none is given: add the kernel, or leave ${option} out.`);

/** `what` says what is wrong with it. */
export const deviceTreeIsBad = (tree: { name: string; what: string }) =>
  badInput(
    'device-tree-bad',
    `${tree.name} is no device tree that can be used (${tree.what}): give a .dtb file, as dtc or --dumpdtb writes it.`,
  );

export const deviceTreeTargetExists = (path: string) =>
  badInput('device-tree-exists', `${path} exists already: name another file for the device tree, or remove that one.`);

export const kernelIsThirtyTwoBit = (name: string) =>
  badInput('kernel-32-bit', `${name} is a 32-bit ELF and the machine is RV64: ${HOW_TO_GET_ONE}.`);

export const kernelIsBigEndian = (name: string) =>
  badInput('kernel-big-endian', `${name} is a big-endian ELF and RISC-V is little-endian here: ${HOW_TO_GET_ONE}.`);

export const kernelIsForAnotherMachine = (name: string, machine: number) =>
  badInput(
    'kernel-other-machine',
    `${name} is an ELF for another processor (e_machine ${machine}): ${HOW_TO_GET_ONE}.`,
  );

export const kernelIsNotExecutable = (name: string) =>
  badInput(
    'kernel-not-executable',
    `${name} is an ELF that is not linked (an object file?): link it, or give the linked file as the kernel.`,
  );

export const kernelIsTruncated = (name: string, what: string) =>
  badInput(
    'kernel-truncated',
    `${name} is cut short: its ${what} ends past the end of the file; build or copy it again.`,
  );

export const kernelSegmentIsBad = (name: string, index: number) =>
  badInput(
    'kernel-segment-bad',
    `${name} has a damaged program header (number ${index}: more bytes in the file than in memory, or an impossible address); build it again.`,
  );

export const kernelHasNothingToLoad = (name: string) =>
  badInput(
    'kernel-empty',
    `${name} has no segment to load: link it with a PT_LOAD program header in the machine's RAM.`,
  );

export const kernelHasTooManySegments = (name: string, segments: { count: number; most: number }) =>
  badInput(
    'kernel-segments-too-many',
    `${name} has ${segments.count} program headers, and ${segments.most} are the most: link it with fewer segments.`,
  );

interface Range {
  start: number;
  end: number;
}

export const kernelDoesNotFit = (name: string, segment: Range, ram: Range) =>
  badInput(
    'kernel-does-not-fit',
    `${name} loads to ${hex(segment.start)}..${hex(segment.end)}, outside RAM at ${hex(ram.start)}..${hex(ram.end)}: ` +
      (segment.start >= ram.start
        ? 'give the machine more memory, or link it lower.'
        : 'link it to an address in RAM.'),
  );

/** What is no ELF file goes where it is told to. */
export const fileDoesNotFit = (name: string, file: Range, ram: Range) =>
  badInput(
    'kernel-does-not-fit',
    `${name} loads to ${hex(file.start)}..${hex(file.end)}, outside RAM at ${hex(ram.start)}..${hex(ram.end)}: ` +
      (file.start >= ram.start && file.start < ram.end
        ? 'give the machine more memory, or a lower address.'
        : 'give an address in RAM.'),
  );

export const kernelSegmentsOverlap = (name: string) =>
  badInput(
    'kernel-segments-overlap',
    `${name} has segments that overlap in physical memory: correct its linker script.`,
  );

export const deviceTreeDoesNotFit = (sizeBytes: number, memoryBytes: number) =>
  badInput(
    'device-tree-does-not-fit',
    `${memoryBytes} bytes of RAM are too few for a kernel and a device tree of ${sizeBytes} bytes: give the machine 4 MiB or more.`,
  );

function hex(address: number): string {
  return `0x${address.toString(16)}`;
}

export const initrdDoesNotFit = (initrd: { name: string; lengthBytes: number; memoryBytes: number }) =>
  badInput(
    'initrd-does-not-fit',
    `${initrd.name} takes ${initrd.lengthBytes} bytes, which does not fit above the kernel in ${initrd.memoryBytes / (1 << 20)} MiB of memory: give the machine more memory.`,
  );

export const bootFilesOverlap = (both: { first: string; second: string; address: number }) =>
  badInput(
    'boot-files-overlap',
    `${both.first} and ${both.second} would both be loaded to ${hex(both.address)}: give the machine more memory or ` +
      `other addresses, or link them apart (firmware takes the start of RAM; without any, "bios" is "none").`,
  );
