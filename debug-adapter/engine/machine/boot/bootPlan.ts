import {
  addressMissing,
  addressNotForElf,
  bootFileIsEmpty,
  bootFilesOverlap,
  fileDoesNotFit,
  imageAddressUnaligned,
  initrdDoesNotFit,
  kernelAddressIsOdd,
  kernelIsNotElf,
  needsKernel,
} from '../../errors/boot.ts';
import type { GuestAddress } from '../../base/quantities.ts';
import { ISA } from '../cpu/extensions.ts';
import { RAM_BASE } from '../cpu/layout.ts';
import { MMU, type MmuType } from '../cpu/satp.ts';
import { bootRom } from './bootRom.ts';
import { buildDeviceTree, deviceTreeAddress } from './deviceTree.ts';
import { checkSegmentsFit, readElfImage } from './elf.ts';
import { FIRMWARE_MEMORY_BYTES } from './firmware.ts';
import { givenDeviceTree, roomForGivenTree } from './givenDeviceTree.ts';
import { readIntelHex } from './intelHex.ts';
import { readLinuxImage } from './linuxImage.ts';
import { seedBytes } from './rngSeed.ts';
import { readUImage } from './uImage.ts';

/**
 * What is where when the power comes on, as `qemu-system-riscv64 -M virt` with the same files has it (QEMU 7.2,
 * hw/riscv/boot.c): firmware at the start of RAM, the kernel where it wants to be or in the next 2 MiB, the initial RAM
 * disk half of RAM above it, further files where they are told to be (`-device loader`), the device tree near the end, and
 * in the boot ROM what firmware looks for.
 */
export interface BootFiles {
  /** None for a kernel that starts in machine mode. */
  bios?: NamedFile;
  /** Decompressed. None where firmware or a loaded file is all there is. */
  kernel?: PlacedFile;
  initrd?: NamedFile;
  append?: string;
  /** 64 hexadecimal digits for `/chosen/rng-seed`; without them there is no such property. */
  rngSeed?: string | null;
  loads?: readonly PlacedFile[];
  /** In place of the machine's own device tree. */
  tree?: NamedFile;
}

export interface NamedFile {
  name: string;
  bytes: Uint8Array;
}

export interface PlacedFile extends NamedFile {
  /** Where what is no ELF file is loaded to. */
  address?: GuestAddress;
  /** Of a U-Boot image: where it starts. */
  entry?: GuestAddress;
}

export interface BootPlan {
  /** They overlap nowhere; the rest of RAM is zeroes. */
  pieces: Piece[];
  /** What the boot ROM holds, from its start. */
  rom: Uint8Array;
  treeAddress: GuestAddress;
  /** For semihosting: the kernel's name and its arguments, as QEMU puts them together. */
  commandLine: string;
  tree: Uint8Array;
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
  const kernel = files.kernel && placeKernel(files.kernel, { memoryBytes, after: endOf(firmware) });
  const loads = (files.loads ?? []).flatMap((file) => placeLoad(file, memoryBytes));
  checkWithoutKernel(files);
  const initrd = kernel && files.initrd && placeInitrd(kernel.start, files.initrd, memoryBytes);
  const { tree, treeAddress } = makeTree(files, { memoryBytes, harts, isa, mmu, initrd });
  const treePiece = { name: 'the device tree', address: treeAddress, bytes: tree, memoryBytes: tree.length };
  const pieces = [...firmware, ...(kernel?.pieces ?? []), ...(initrd ? [initrd] : []), ...loads, treePiece];
  checkApart(pieces);
  const commandLine = [files.kernel?.name, ...(files.append ?? '').split(' ')].filter(Boolean).join(' ');
  // Without a kernel QEMU, too, tells firmware of a next stage at 0.
  const rom = bootRom({ treeAddress, kernelAddress: kernel?.start ?? 0 });
  return { pieces, treeAddress, tree, commandLine, rom };
}

/** Where a kernel that is no ELF file is loaded behind this firmware. */
export function imageAddress(files: { bios?: NamedFile; kernel: PlacedFile }, memoryBytes: number): GuestAddress {
  const firmware = files.bios ? placeFirmware(files.bios, memoryBytes) : [];
  return placeKernel(files.kernel, { memoryBytes, after: endOf(firmware) }).start;
}

/**
 * Whether a kernel needs firmware to start it: a Linux Image runs in supervisor mode, and what leaves the start of RAM
 * free, where harts begin, is never come to without.
 */
export function needsFirmware(
  { kernel, loads = [] }: Pick<BootFiles, 'kernel' | 'loads'>,
  memoryBytes: number,
): boolean {
  if (!kernel) return false;
  if (readLinuxImage(kernel.bytes)) return true;
  const pieces = [...placeKernel(kernel, { memoryBytes, after: RAM_BASE }).pieces];
  for (const file of loads) pieces.push(...placeLoad(file, memoryBytes));
  return !pieces.some((piece) => piece.address <= RAM_BASE && piece.address + piece.memoryBytes > RAM_BASE);
}

/** The name of blkreplay's own firmware, where a file's name could be. */
export const BUILTIN = 'builtin';

/** What a device tree says of the machine. */
interface MachineShape {
  memoryBytes: number;
  harts: number;
  isa: string;
  mmu: MmuType;
}

function makeTree(
  files: BootFiles,
  { memoryBytes, harts, isa, mmu, initrd }: MachineShape & { initrd: Piece | undefined },
): { tree: Uint8Array; treeAddress: GuestAddress } {
  const isOwnFirmware = files.bios?.name === BUILTIN;
  const options = {
    memoryBytes,
    harts,
    isa,
    mmu,
    bootargs: files.append,
    rngSeed: files.rngSeed ? seedBytes(files.rngSeed) : undefined,
    initrd: initrd && { start: initrd.address, end: initrd.address + initrd.memoryBytes },
    reserved: isOwnFirmware ? { start: RAM_BASE, lengthBytes: FIRMWARE_MEMORY_BYTES } : undefined,
  };
  const tree = files.tree ? givenDeviceTree(files.tree, options) : buildDeviceTree(options);
  const sizeBytes = files.tree ? Math.max(roomForGivenTree(files.tree.bytes.length), tree.length) : tree.length;
  return { tree, treeAddress: deviceTreeAddress({ memoryBytes, sizeBytes }) };
}

/** As in QEMU. An empty file as firmware is none. */
function checkWithoutKernel({ kernel, bios, initrd, append, loads }: BootFiles): void {
  if (kernel) return;
  if (bios?.bytes.length === 0 && !loads?.length) throw bootFileIsEmpty(bios.name);
  if (initrd) throw needsKernel('initrd');
  if (append !== undefined) throw needsKernel('append');
}

/** An ELF where it is linked to, anything else at the start of RAM. */
function placeFirmware(file: NamedFile, memoryBytes: number): Piece[] {
  if (isElf(file.bytes)) return elfPieces(file, memoryBytes).pieces;
  return [rawPiece(file, RAM_BASE, memoryBytes)];
}

/** `start` is where the stage before jumps to. */
function placeKernel(
  file: PlacedFile,
  { memoryBytes, after }: { memoryBytes: number; after: GuestAddress },
): { start: GuestAddress; pieces: Piece[] } {
  const { name, bytes, address, entry } = file;
  if (entry !== undefined && address !== undefined) {
    return { start: entry, pieces: [rawPiece(file, address, memoryBytes)] };
  }
  if (isElf(bytes)) {
    if (address !== undefined) throw addressNotForElf(name);
    return elfPieces(file, memoryBytes);
  }
  const image = readLinuxImage(bytes);
  if (bytes.length === 0) throw kernelIsNotElf(name, 'empty');
  if (!image && isText(bytes)) throw kernelIsNotElf(name, 'text');
  if (address !== undefined && address % 2 !== 0) throw kernelAddressIsOdd({ name, address });
  if (image && address !== undefined && address % TWO_MIB !== 0) throw imageAddressUnaligned({ name, address });
  // QEMU riscv_calc_kernel_start_addr: 64-bit kernels start at 2 MiB boundaries.
  const start = address ?? Math.ceil(after / TWO_MIB) * TWO_MIB;
  return { start, pieces: [rawPiece(file, start, memoryBytes, image?.memoryBytes)] };
}

/** QEMU's generic loader, which does not look at an ELF file's address. */
function placeLoad(file: PlacedFile, memoryBytes: number): Piece[] {
  if (isElf(file.bytes)) return elfPieces(file, memoryBytes).pieces;
  const { name, bytes, address } = file;
  if (bytes.length === 0) throw bootFileIsEmpty(name);
  const blocks = readIntelHex(bytes);
  if (blocks) return blocks.map((block) => rawPiece({ name, bytes: block.bytes }, block.address, memoryBytes));
  if (address === undefined) throw addressMissing(name);
  return [rawPiece(file, address, memoryBytes)];
}

/** An ELF file, a U-Boot image (unpacked), or Intel HEX. */
export function saysWhereItIsLoaded({ bytes, entry }: PlacedFile): boolean {
  return isElf(bytes) || entry !== undefined || readIntelHex(bytes) !== undefined;
}

function rawPiece(
  { name, bytes }: NamedFile,
  address: GuestAddress,
  ramBytes: number,
  memoryBytes = bytes.length,
): Piece {
  const [ram, end] = [{ start: RAM_BASE, end: RAM_BASE + ramBytes }, address + memoryBytes];
  if (address < ram.start || end > ram.end) throw fileDoesNotFit(name, { start: address, end }, ram);
  return { name, address, bytes, memoryBytes };
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

/** Scripts and sources, given by mistake: no instruction has all of its bytes printable for long. */
function isText(bytes: Uint8Array): boolean {
  const start = bytes.subarray(0, TEXT_BYTES);
  return start.length > 0 && start.every((byte) => (byte >= 0x20 && byte < 0x7f) || (byte >= 0x09 && byte <= 0x0d));
}

const TEXT_BYTES = 512;

/** QEMU's place for it (riscv_load_initrd): half of RAM above the kernel, at most 128 MiB. */
function placeInitrd(kernel: GuestAddress, initrd: NamedFile, memoryBytes: number): Piece {
  const address = kernel + Math.min(memoryBytes / 2, MOST_ABOVE_KERNEL);
  const { name } = initrd;
  const image = readUImage(initrd);
  const bytes = image?.kind === 'ramdisk' ? image.data : initrd.bytes;
  if (address < RAM_BASE) {
    // Above a kernel that is not in RAM.
    throw fileDoesNotFit(
      name,
      { start: address, end: address + bytes.length },
      { start: RAM_BASE, end: RAM_BASE + memoryBytes },
    );
  }
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
