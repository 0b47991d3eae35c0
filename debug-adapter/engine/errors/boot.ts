import { badInput } from './userError.ts';

/**
 * What can be wrong with the files a machine boots from. `name` is the file as the user knows it.
 */
const HOW_TO_GET_ONE = 'give an ELF built for RISC-V 64-bit, or an uncompressed Linux Image, as the kernel';

export const kernelIsNotElf = (name: string) =>
  badInput('kernel-not-elf', `${name} is neither an ELF file nor a Linux Image: ${HOW_TO_GET_ONE}.`);

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

export const kernelDoesNotFit = (
  name: string,
  segment: { start: number; end: number },
  ram: { start: number; end: number },
) =>
  badInput(
    'kernel-does-not-fit',
    `${name} loads to ${hex(segment.start)}..${hex(segment.end)}, outside RAM at ${hex(ram.start)}..${hex(ram.end)}: ` +
      (segment.start >= ram.start
        ? 'give the machine more memory, or link it lower.'
        : 'link it to an address in RAM.'),
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
    `${both.first} and ${both.second} would both be loaded to ${hex(both.address)}: give the machine more memory, or ` +
      `link them apart (firmware takes the start of RAM; without any, "bios" is "none").`,
  );
