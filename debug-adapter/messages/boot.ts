import { shown } from './shown.ts';
import { badInput, notice, type Remedy } from './userError.ts';

/** Messages about the files that a machine boots from. `name` is the name of the file, as the user gave it. */
const USE_RISCV_FILE = 'Use an ELF file for 64-bit RISC-V, a Linux Image, or a raw binary.';
const USE_RISCV_ELF = 'Use a file that is built for 64-bit RISC-V.';
const MORE_MEMORY: Remedy = {
  cli: 'Give the machine more memory with --memory.',
  editor: 'Give the machine more memory with "memory".',
};

/** Binary data without an ELF header does not cause this error: it is loaded as a raw binary. */
export const kernelIsNotElf = (name: string, found?: 'empty' | 'text') =>
  badInput(
    'kernel-not-elf',
    { name, found },
    found === 'empty'
      ? `${name} is empty.`
      : `${name} is neither an ELF file nor a Linux Image${found === 'text' ? ', but a text file' : ''}.`,
    USE_RISCV_FILE,
  );

/** For boot files other than the kernel. */
export const bootFileIsEmpty = (name: string) =>
  badInput('boot-file-empty', { name }, `${name} is empty.`, USE_RISCV_FILE);

export const kernelDoesNotUnpack = ({ name, compression }: { name: string; compression: string }) =>
  badInput(
    'kernel-does-not-unpack',
    { name, compression },
    `${name} is damaged or truncated: its ${compression} data cannot be decompressed.`,
    'Build or copy it again.',
  );

export const kernelUnpacksTooLarge = ({ name, memoryBytes }: { name: string; memoryBytes: number }) =>
  badInput(
    'kernel-does-not-fit',
    { name, memoryBytes },
    `${name} decompresses to more than the machine's ${memoryBytes / (1 << 20)} MiB of memory.`,
    MORE_MEMORY,
  );

export const kernelCompressionUnknown = ({ name, compression }: { name: string; compression: string }) =>
  badInput(
    'kernel-compression-unknown',
    { name, compression },
    `${name} is compressed with ${shown(compression)}, which blkreplay does not support.`,
    'Decompress it first. Only gzip files and EFI zboot images that use gzip or zstd can be booted directly.',
  );

export const addressNotForElf = (name: string) =>
  badInput(
    'address-not-for-elf',
    { name },
    `${name} is an ELF file, so it cannot be loaded at a different address.`,
    'Leave out the address, or convert the file with objcopy -O binary.',
  );

export const addressNotForUImage = (name: string) =>
  badInput(
    'address-not-for-uimage',
    { name },
    `${name} is a U-Boot image, so it cannot be loaded at a different address.`,
    'Leave out the address.',
  );

export const uImageIsOther = (name: string, type: number) =>
  badInput(
    'uimage-of-other-type',
    { name, type },
    `${name} is a U-Boot image of type ${type}, but blkreplay loads only kernels (2) and initial RAM disks (3).`,
    'Create one of these with mkimage.',
  );

/** QEMU's loader also ignores the address given for such a file. */
export const addressNotUsed = (name: string) =>
  notice(
    'address-not-used',
    { name },
    `The address given for ${name} is ignored: the file contains its load address.`,
    'Leave out the address; only raw binaries need one.',
  );

export const addressMissing = (name: string) =>
  badInput(
    'load-address-missing',
    { name },
    `${name} is a raw binary, so it needs a load address.`,
    `Add an address, for example ${name}@0x80400000.`,
  );

export const kernelAddressIsOdd = ({ name, address }: { name: string; address: number }) =>
  badInput(
    'kernel-address-odd',
    { name, address },
    `Invalid address ${hex(address)} for ${name}: instructions start at even addresses.`,
    'Use an even address.',
  );

export const imageAddressUnaligned = ({ name, address }: { name: string; address: number }) =>
  badInput(
    'kernel-address-unaligned',
    { name, address },
    `Invalid address ${hex(address)} for ${name}: a Linux Image must be loaded at a multiple of 0x200000 (2 MiB).`,
    'Use a multiple of 0x200000.',
  );

export const needsKernel = (option: 'initrd' | 'append') =>
  badInput('needs-kernel', { option }, `${NEEDING_KERNEL[option]} was given without a kernel.`, {
    cli: `Add --kernel, or leave out --${option}.`,
    editor: `Add "kernel", or leave out "${option}".`,
  });

const NEEDING_KERNEL = { initrd: 'An initial RAM disk (initrd)', append: 'A kernel command line (append)' };

export const deviceTreeIsBad = ({ name, what }: { name: string; what: string }) =>
  badInput(
    'device-tree-bad',
    { name, what },
    `${name} is not a valid device tree: ${what}.`,
    'Use a .dtb file, for example one compiled with dtc.',
  );

/** What can be wrong with a device tree. */
export const deviceTreeDamage = {
  tooShort: () => 'it is shorter than its header',
  notOne: () => 'it does not begin with the magic number 0xd00dfeed',
  version: (found: number, known: number) => `it has version ${found}, but blkreplay reads version ${known}`,
  truncated: () => 'it is truncated',
  header: () => 'its header is damaged',
  roots: () => 'it does not have exactly one root node',
  nodeWithoutStart: () => 'an FDT_END_NODE token has no matching FDT_BEGIN_NODE token',
  propertyOutside: () => 'a property is not inside a node',
  propertyUnnamed: () => 'a property has no name',
  nodeNotEnded: () => 'a node is not closed',
  structure: () => 'its structure block is damaged',
  structureNotEnded: () => 'its structure block has no FDT_END token',
};

export const deviceTreeTargetExists = (path: string) =>
  badInput(
    'device-tree-exists',
    { path },
    `${path} already exists.`,
    'Choose another name for the device tree, or delete the existing file.',
  );

export const kernelIsThirtyTwoBit = (name: string) =>
  badInput('kernel-32-bit', { name }, `${name} is a 32-bit ELF file, but the machine is 64-bit.`, USE_RISCV_ELF);

export const kernelIsBigEndian = (name: string) =>
  badInput('kernel-big-endian', { name }, `${name} is big-endian, but the machine is little-endian.`, USE_RISCV_ELF);

export const kernelIsForAnotherMachine = (name: string, machine: number) =>
  badInput(
    'kernel-other-machine',
    { name, machine },
    `${name} is an ELF file for another processor architecture (e_machine ${machine}).`,
    USE_RISCV_ELF,
  );

export const kernelIsNotExecutable = (name: string) =>
  badInput(
    'kernel-not-executable',
    { name },
    `${name} is an ELF file that is not linked, for example an object file.`,
    'Link it first.',
  );

export const kernelIsTruncated = (name: string, part: string) =>
  badInput(
    'kernel-truncated',
    { name, part },
    `${name} is truncated: its ${part} extends past the end of the file.`,
    'Build or copy it again.',
  );

export const kernelSegmentIsBad = (name: string, index: number) =>
  badInput(
    'kernel-segment-bad',
    { name, index },
    `Program header ${index} of ${name} is damaged: the segment is larger in the file than in memory, or its address is invalid.`,
    'Build it again.',
  );

export const kernelHasNothingToLoad = (name: string) =>
  badInput(
    'kernel-empty',
    { name },
    `${name} has no loadable segments.`,
    "Link it with a PT_LOAD program header for an address in the machine's RAM.",
  );

export const kernelHasTooManySegments = (name: string, { count, most }: { count: number; most: number }) =>
  badInput(
    'kernel-segments-too-many',
    { name, count, most },
    `${name} has ${count} program headers; at most ${most} are supported.`,
    'Link it with fewer segments.',
  );

interface Range {
  start: number;
  end: number;
}

export const kernelDoesNotFit = (name: string, segment: Range, ram: Range) =>
  badInput(
    'kernel-does-not-fit',
    { name, ...addressFields(segment, ram) },
    outsideRam(name, segment, ram),
    segment.start >= ram.start
      ? {
          cli: 'Give the machine more memory with --memory, or link the file at a lower address.',
          editor: 'Give the machine more memory with "memory", or link the file at a lower address.',
        }
      : 'Link it at an address in RAM.',
  );

/** For files that are loaded at an address given by the user. */
export const fileDoesNotFit = (name: string, file: Range, ram: Range) =>
  badInput(
    'kernel-does-not-fit',
    { name, ...addressFields(file, ram) },
    outsideRam(name, file, ram),
    file.start >= ram.start && file.start < ram.end
      ? {
          cli: 'Give the machine more memory with --memory, or use a lower address.',
          editor: 'Give the machine more memory with "memory", or use a lower address.',
        }
      : 'Use an address in RAM.',
  );

const outsideRam = (name: string, file: Range, ram: Range) =>
  `${name} would be loaded at ${hex(file.start)}..${hex(file.end)}, outside RAM (${hex(ram.start)}..${hex(ram.end)}).`;

const addressFields = (file: Range, ram: Range) => ({
  start: file.start,
  end: file.end,
  ramStart: ram.start,
  ramEnd: ram.end,
});

export const kernelSegmentsOverlap = (name: string) =>
  badInput(
    'kernel-segments-overlap',
    { name },
    `${name} has segments that overlap in physical memory.`,
    'Correct its linker script.',
  );

export const deviceTreeDoesNotFit = (sizeBytes: number, memoryBytes: number) =>
  badInput(
    'device-tree-does-not-fit',
    { sizeBytes, memoryBytes },
    `A device tree of ${sizeBytes} bytes and a kernel do not fit in ${memoryBytes} bytes of RAM.`,
    {
      cli: 'Use a smaller device tree, or give the machine more memory with --memory.',
      editor: 'Use a smaller device tree, or give the machine more memory with "memory".',
    },
  );

export const initrdDoesNotFit = (initrd: { name: string; lengthBytes: number; memoryBytes: number }) =>
  badInput(
    'initrd-does-not-fit',
    initrd,
    `${initrd.name} (${initrd.lengthBytes} bytes) does not fit above the kernel in ${initrd.memoryBytes / (1 << 20)} MiB of memory.`,
    MORE_MEMORY,
  );

export const bootFilesOverlap = (both: { first: string; second: string; address: number }) =>
  badInput(
    'boot-files-overlap',
    both,
    `${both.first} and ${both.second} would both be loaded at ${hex(both.address)}.`,
    {
      cli: 'Give the machine more memory with --memory, or load or link the files at other addresses. Firmware occupies the start of RAM; to boot without firmware, pass --bios none.',
      editor:
        'Give the machine more memory with "memory", or load or link the files at other addresses. Firmware occupies the start of RAM; to boot without firmware, set "bios" to "none".',
    },
  );

function hex(address: number): string {
  return `0x${address.toString(16)}`;
}
