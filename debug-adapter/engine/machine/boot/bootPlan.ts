import { bootFilesOverlap, initrdDoesNotFit, kernelDoesNotFit } from '../../errors/boot.ts';
import type { GuestAddress } from '../../base/quantities.ts';
import { ISA } from '../cpu/extensions.ts';
import { RAM_BASE } from '../cpu/layout.ts';
import { MMU } from '../cpu/satp.ts';
import { bootRom } from './bootRom.ts';
import { buildDeviceTree, deviceTreeAddress } from './deviceTree.ts';
import { checkSegmentsFit, readElfImage } from './elf.ts';
import { FIRMWARE_MEMORY_BYTES } from './firmware.ts';
import { readLinuxImage } from './linuxImage.ts';
import { seedBytes } from './rngSeed.ts';

/**
 * What is where when the power comes on, as `qemu-system-riscv64 -M virt` with the same files has it (QEMU 7.2,
 * hw/riscv/boot.c): firmware at the start of RAM, the kernel where it wants to be or in the next 2 MiB, the initial RAM
 * disk half of RAM above it, the device tree near the end, and in the boot ROM what firmware looks for.
 */
export interface BootFiles {
  /** None for a kernel that starts in machine mode. */
  bios?: NamedFile;
  kernel: NamedFile;
  initrd?: NamedFile;
  append?: string;
  /** 64 hexadecimal digits for `/chosen/rng-seed`; without them there is no such property. */
  rngSeed?: string | null;
}

export interface NamedFile {
  name: string;
  bytes: Uint8Array;
}

export interface BootPlan {
  /** They overlap nowhere; the rest of RAM is zeroes. */
  pieces: Piece[];
  /** What the boot ROM holds, from its start. */
  rom: Uint8Array;
  treeAddress: GuestAddress;
  /** For semihosting: the kernel's name and its arguments, as QEMU puts them together. */
  commandLine: string;
}

interface Piece {
  name: string;
  address: GuestAddress;
  bytes: Uint8Array;
  /** What it needs of memory, with zeroes behind its bytes. */
  memoryBytes: number;
}

/** Throws what keeps these files from booting, before there is a machine. */
export function planBoot(files: BootFiles, memoryBytes: number, harts = 1, isa = ISA, mmu = MMU): BootPlan {
  const firmware = files.bios ? placeFirmware(files.bios, memoryBytes) : [];
  const kernel = placeKernel(files.kernel, { memoryBytes, after: endOf(firmware) });
  const initrd = files.initrd && placeInitrd(kernel.start, files.initrd, memoryBytes);
  const isOwnFirmware = files.bios?.name === BUILTIN;
  const tree = buildDeviceTree({
    memoryBytes,
    harts,
    isa,
    mmu,
    bootargs: files.append,
    rngSeed: files.rngSeed ? seedBytes(files.rngSeed) : undefined,
    initrd: initrd && { start: initrd.address, end: initrd.address + initrd.memoryBytes },
    reserved: isOwnFirmware ? { start: RAM_BASE, lengthBytes: FIRMWARE_MEMORY_BYTES } : undefined,
  });
  const treeAddress = deviceTreeAddress({ memoryBytes, sizeBytes: tree.length });
  const treePiece = { name: 'the device tree', address: treeAddress, bytes: tree, memoryBytes: tree.length };
  const pieces = [...firmware, ...kernel.pieces, ...(initrd ? [initrd] : []), treePiece];
  checkApart(pieces);
  const commandLine = [files.kernel.name, ...(files.append ?? '').split(' ')].filter(Boolean).join(' ');
  return { pieces, treeAddress, commandLine, rom: bootRom({ treeAddress, kernelAddress: kernel.start }) };
}

/** Where a Linux Image is loaded behind this firmware. */
export function imageAddress({ bios, kernel }: Pick<BootFiles, 'bios' | 'kernel'>, memoryBytes: number): GuestAddress {
  const firmware = bios ? placeFirmware(bios, memoryBytes) : [];
  return placeKernel(kernel, { memoryBytes, after: endOf(firmware) }).start;
}

/** The name of blkreplay's own firmware, where a file's name could be. */
export const BUILTIN = 'builtin';

/** An ELF where it is linked to, anything else at the start of RAM. */
function placeFirmware(file: NamedFile, memoryBytes: number): Piece[] {
  if (isElf(file.bytes)) return elfPieces(file, memoryBytes).pieces;
  const piece = { name: file.name, address: RAM_BASE, bytes: file.bytes, memoryBytes: file.bytes.length };
  checkFits(piece, memoryBytes);
  return [piece];
}

/** `start` is where the stage before jumps to. */
function placeKernel(
  file: NamedFile,
  { memoryBytes, after }: { memoryBytes: number; after: GuestAddress },
): { start: GuestAddress; pieces: Piece[] } {
  const image = readLinuxImage(file.bytes);
  if (!image) return elfPieces(file, memoryBytes);
  // QEMU riscv_calc_kernel_start_addr: 64-bit kernels start at 2 MiB boundaries.
  const start = Math.ceil(after / TWO_MIB) * TWO_MIB;
  const piece = { name: file.name, address: start, bytes: file.bytes, memoryBytes: image.memoryBytes };
  checkFits(piece, memoryBytes);
  return { start, pieces: [piece] };
}

function elfPieces({ name, bytes }: NamedFile, memoryBytes: number): { start: GuestAddress; pieces: Piece[] } {
  const image = readElfImage(bytes, name);
  const segments = checkSegmentsFit(image, { ramBase: RAM_BASE, memoryBytes, name });
  const pieces = segments.map((segment) => ({
    name,
    address: segment.physicalAddress,
    bytes: segment.bytes,
    memoryBytes: segment.memoryBytes,
  }));
  return { start: image.lowestAddress, pieces };
}

/** QEMU's place for it (riscv_load_initrd): half of RAM above the kernel, at most 128 MiB. */
function placeInitrd(kernel: GuestAddress, initrd: NamedFile, memoryBytes: number): Piece {
  const address = kernel + Math.min(memoryBytes / 2, MOST_ABOVE_KERNEL);
  const { name, bytes } = initrd;
  if (address + bytes.length > RAM_BASE + memoryBytes) {
    throw initrdDoesNotFit({ name, lengthBytes: bytes.length, memoryBytes });
  }
  return { name, address, bytes, memoryBytes: bytes.length };
}

const MOST_ABOVE_KERNEL = 128 << 20;
const TWO_MIB = 2 << 20;

function endOf(pieces: readonly Piece[]): GuestAddress {
  return Math.max(RAM_BASE, ...pieces.map((piece) => piece.address + piece.memoryBytes));
}

function checkFits({ name, address, memoryBytes }: Piece, ramBytes: number): void {
  const ram = { start: RAM_BASE, end: RAM_BASE + ramBytes };
  const end = address + memoryBytes;
  if (end > ram.end) throw kernelDoesNotFit(name, { start: address, end }, ram);
}

function checkApart(pieces: readonly Piece[]): void {
  const inOrder = [...pieces].sort((a, b) => a.address - b.address);
  for (let i = 1; i < inOrder.length; i++) {
    const [before, after] = [inOrder[i - 1], inOrder[i]];
    if (before.address + before.memoryBytes <= after.address) continue;
    throw bootFilesOverlap({ first: before.name, second: after.name, address: after.address });
  }
}

const ELF_MAGIC = [0x7f, 0x45, 0x4c, 0x46];

export function isElf(bytes: Uint8Array): boolean {
  return ELF_MAGIC.every((byte, i) => bytes[i] === byte);
}
