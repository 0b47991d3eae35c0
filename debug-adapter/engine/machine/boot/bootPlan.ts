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
} from '../../../messages/boot.ts';
import type { GuestAddress } from '../../base/quantities.ts';
import { ISA } from '../cpu/extensions.ts';
import { MMU, type MmuType } from '../cpu/satp.ts';
import { RAM_BASE } from '../memoryMap.ts';
import { bootRom } from './bootRom.ts';
import { buildDeviceTree, deviceTreeAddress } from './deviceTree.ts';
import { checkSegmentsFit, readElfImage } from './elf.ts';
import { FIRMWARE_MEMORY_BYTES } from './firmware.ts';
import { userDeviceTree, userTreeAllocationBytes } from './userDeviceTree.ts';
import { readIntelHex } from './intelHex.ts';
import { readLinuxImage } from './linuxImage.ts';
import { seedBytes } from './rngSeed.ts';
import { readUImage } from './uImage.ts';

/** The files to boot, as the user selected them. */
export interface BootFiles {
  /** The firmware; absent for a kernel that starts in machine mode. */
  bios?: NamedFile;
  /** The decompressed kernel; absent if only firmware or loaded files are booted. */
  kernel?: LoadableFile;
  initrd?: NamedFile;
  append?: string;
  /** 64 hexadecimal digits for `/chosen/rng-seed`; if absent, the property is omitted. */
  rngSeed?: string | null;
  loads?: readonly LoadableFile[];
  /** A device tree that replaces the machine's own. */
  tree?: NamedFile;
}

/** A file's contents, and the name that messages use for it. */
export interface NamedFile {
  name: string;
  bytes: Uint8Array;
}

/** A file with a load address. */
export interface LoadableFile extends NamedFile {
  /** The load address of a non-ELF file. */
  address?: GuestAddress;
  /** A U-Boot image's entry point. */
  entry?: GuestAddress;
}

/** The contents of memory and registers at power-on. */
export interface BootPlan {
  /** The regions do not overlap; the rest of RAM is zeroed. */
  regions: MemoryRegion[];
  /** The contents of the boot ROM, from its start. */
  rom: Uint8Array;
  treeAddress: GuestAddress;
  /** The command line that semihosting returns: the kernel's name and its arguments, joined as in QEMU. */
  commandLine: string;
  tree: Uint8Array;
}

interface MemoryRegion {
  name: string;
  address: GuestAddress;
  bytes: Uint8Array;
  /** The size in memory; the bytes after `bytes` are zero. */
  memoryBytes: number;
}

/**
 * Determines the contents of memory at power-on, in the same way as `qemu-system-riscv64 -M virt` does for the same
 * files (QEMU 7.2, hw/riscv/boot.c). Firmware is placed at the start of RAM, and the kernel at its own address or at
 * the next 2 MiB boundary. The initial RAM disk is placed half the size of RAM above the start of the kernel, but at
 * most 128 MiB above it. Other files are placed at the addresses given for them (`-device loader`), and the device tree
 * near the end of RAM. The boot ROM contains the information that firmware needs. If these files cannot be booted,
 * throws a UserError before a machine is created.
 */
export function planBoot(files: BootFiles, memoryBytes: number, harts = 1, isa = ISA, mmu = MMU): BootPlan {
  const firmware = files.bios ? placeFirmware(files.bios, memoryBytes) : [];
  const kernel = files.kernel && placeKernel(files.kernel, { memoryBytes, firmwareEnd: endOf(firmware) });
  const loads = (files.loads ?? []).flatMap((file) => placeLoad(file, memoryBytes));
  checkWithoutKernel(files);
  const initrd = kernel && files.initrd && placeInitrd(kernel.start, files.initrd, memoryBytes);
  const { tree, treeAddress } = makeTree(files, { memoryBytes, harts, isa, mmu, initrd });
  const treePiece = { name: 'the device tree', address: treeAddress, bytes: tree, memoryBytes: tree.length };
  const regions = [...firmware, ...(kernel?.regions ?? []), ...(initrd ? [initrd] : []), ...loads, treePiece];
  checkNoOverlap(regions);
  const commandLine = [files.kernel?.name, ...(files.append ?? '').split(' ')].filter(Boolean).join(' ');
  // As in QEMU, firmware receives 0 as the next stage's address if there is no kernel.
  const rom = bootRom({ treeAddress, kernelAddress: kernel?.start ?? 0 });
  return { regions: regions.map(withOwnBytes), treeAddress, tree, commandLine, rom };
}

/**
 * Copies the bytes of a region if they are only a small part of their file, as in a kernel with debug information. The
 * plan is kept for resets; without the copy, it would keep the whole file in memory.
 */
function withOwnBytes(region: MemoryRegion): MemoryRegion {
  const { bytes } = region;
  return bytes.length * 2 < bytes.buffer.byteLength ? { ...region, bytes: bytes.slice() } : region;
}

/** The load address of a non-ELF kernel that follows this firmware. */
export function imageAddress(files: { bios?: NamedFile; kernel: LoadableFile }, memoryBytes: number): GuestAddress {
  const firmware = files.bios ? placeFirmware(files.bios, memoryBytes) : [];
  return placeKernel(files.kernel, { memoryBytes, firmwareEnd: endOf(firmware) }).start;
}

/**
 * Whether a kernel needs firmware to start it. A Linux Image does, because it runs in supervisor mode. Harts start at
 * the beginning of RAM, so without firmware they would never reach a kernel that is loaded elsewhere.
 */
export function needsFirmware(
  { kernel, loads = [] }: Pick<BootFiles, 'kernel' | 'loads'>,
  memoryBytes: number,
): boolean {
  if (!kernel) return false;
  if (readLinuxImage(kernel.bytes)) return true;
  const regions = [...placeKernel(kernel, { memoryBytes, firmwareEnd: RAM_BASE }).regions];
  for (const file of loads) regions.push(...placeLoad(file, memoryBytes));
  return !regions.some((piece) => piece.address <= RAM_BASE && piece.address + piece.memoryBytes > RAM_BASE);
}

/** The name that selects blkreplay's own firmware instead of a firmware file. */
export const BUILTIN = 'builtin';

/** The properties of a machine that its device tree describes. */
interface MachineConfiguration {
  memoryBytes: number;
  harts: number;
  isa: string;
  mmu: MmuType;
}

function makeTree(
  files: BootFiles,
  { memoryBytes, harts, isa, mmu, initrd }: MachineConfiguration & { initrd: MemoryRegion | undefined },
): { tree: Uint8Array; treeAddress: GuestAddress } {
  const isBuiltinFirmware = files.bios?.name === BUILTIN;
  const options = {
    memoryBytes,
    harts,
    isa,
    mmu,
    bootargs: files.append,
    rngSeed: files.rngSeed ? seedBytes(files.rngSeed) : undefined,
    initrd: initrd && { start: initrd.address, end: initrd.address + initrd.memoryBytes },
    reserved: isBuiltinFirmware ? { start: RAM_BASE, lengthBytes: FIRMWARE_MEMORY_BYTES } : undefined,
  };
  const tree = files.tree ? userDeviceTree(files.tree, options) : buildDeviceTree(options);
  const sizeBytes = files.tree ? Math.max(userTreeAllocationBytes(files.tree.bytes.length), tree.length) : tree.length;
  return { tree, treeAddress: deviceTreeAddress({ memoryBytes, sizeBytes }) };
}

/**
 * Throws if an option requires a kernel and there is none, as in QEMU. An empty firmware file counts as no firmware.
 */
function checkWithoutKernel({ kernel, bios, initrd, append, loads }: BootFiles): void {
  if (kernel) return;
  if (bios?.bytes.length === 0 && !loads?.length) throw bootFileIsEmpty(bios.name);
  if (initrd) throw needsKernel('initrd');
  if (append !== undefined) throw needsKernel('append');
}

/** Puts an ELF file at its link address, and any other file at the start of RAM. */
function placeFirmware(file: NamedFile, memoryBytes: number): MemoryRegion[] {
  if (isElf(file.bytes)) return elfPieces(file, memoryBytes).regions;
  return [rawPiece(file, RAM_BASE, memoryBytes)];
}

/** `start` is the address to which the previous stage jumps. */
function placeKernel(
  file: LoadableFile,
  { memoryBytes, firmwareEnd }: { memoryBytes: number; firmwareEnd: GuestAddress },
): { start: GuestAddress; regions: MemoryRegion[] } {
  const { name, bytes, address, entry } = file;
  if (entry !== undefined && address !== undefined) {
    return { start: entry, regions: [rawPiece(file, address, memoryBytes)] };
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
  const start = address ?? Math.ceil(firmwareEnd / TWO_MIB) * TWO_MIB;
  return { start, regions: [rawPiece(file, start, memoryBytes, image?.memoryBytes)] };
}

/** Like QEMU's generic loader, ignores the given address for an ELF file. */
function placeLoad(file: LoadableFile, memoryBytes: number): MemoryRegion[] {
  if (isElf(file.bytes)) return elfPieces(file, memoryBytes).regions;
  const { name, bytes, address } = file;
  if (bytes.length === 0) throw bootFileIsEmpty(name);
  const blocks = readIntelHex(bytes);
  if (blocks) return blocks.map((block) => rawPiece({ name, bytes: block.bytes }, block.address, memoryBytes));
  if (address === undefined) throw addressMissing(name);
  return [rawPiece(file, address, memoryBytes)];
}

/** Whether a file determines its own load address: an ELF file, an unpacked U-Boot image, or Intel HEX. */
export function hasLoadAddress({ bytes, entry }: LoadableFile): boolean {
  return isElf(bytes) || entry !== undefined || readIntelHex(bytes) !== undefined;
}

function rawPiece(
  { name, bytes }: NamedFile,
  address: GuestAddress,
  ramBytes: number,
  memoryBytes = bytes.length,
): MemoryRegion {
  const [ram, end] = [{ start: RAM_BASE, end: RAM_BASE + ramBytes }, address + memoryBytes];
  if (address < ram.start || end > ram.end) throw fileDoesNotFit(name, { start: address, end }, ram);
  return { name, address, bytes, memoryBytes };
}

function elfPieces({ name, bytes }: NamedFile, memoryBytes: number): { start: GuestAddress; regions: MemoryRegion[] } {
  const image = readElfImage(bytes, name);
  const segments = checkSegmentsFit(image, { ramBase: RAM_BASE, memoryBytes, name });
  const regions = segments.map((segment) => ({
    name,
    address: segment.physicalAddress,
    bytes: segment.bytes,
    memoryBytes: segment.memoryBytes,
  }));
  return { start: image.lowestAddress, regions };
}

/**
 * Detects scripts and source files that were passed by mistake. Unlike these, machine code contains no long runs of
 * printable bytes.
 */
function isText(bytes: Uint8Array): boolean {
  const start = bytes.subarray(0, TEXT_BYTES);
  return start.length > 0 && start.every((byte) => (byte >= 0x20 && byte < 0x7f) || (byte >= 0x09 && byte <= 0x0d));
}

const TEXT_BYTES = 512;

/**
 * Puts the RAM disk at the same address as QEMU does (riscv_load_initrd): half the size of RAM above the start of the
 * kernel, but at most 128 MiB above it.
 */
function placeInitrd(kernel: GuestAddress, initrd: NamedFile, memoryBytes: number): MemoryRegion {
  const address = kernel + Math.min(memoryBytes / 2, INITRD_OFFSET_MAX);
  const { name } = initrd;
  const image = readUImage(initrd);
  const bytes = image?.kind === 'ramdisk' ? image.data : initrd.bytes;
  if (address < RAM_BASE) {
    // The kernel is not in RAM, so there is no room for the RAM disk above it.
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

const INITRD_OFFSET_MAX = 128 << 20;
const TWO_MIB = 2 << 20;

function endOf(regions: readonly MemoryRegion[]): GuestAddress {
  return Math.max(RAM_BASE, ...regions.map((piece) => piece.address + piece.memoryBytes));
}

function checkNoOverlap(regions: readonly MemoryRegion[]): void {
  const inOrder = [...regions].sort((a, b) => a.address - b.address);
  for (let i = 1; i < inOrder.length; i++) {
    const [before, firmwareEnd] = [inOrder[i - 1], inOrder[i]];
    if (before.address + before.memoryBytes <= firmwareEnd.address) continue;
    throw bootFilesOverlap({ first: before.name, second: firmwareEnd.name, address: firmwareEnd.address });
  }
}

const ELF_MAGIC = [0x7f, 0x45, 0x4c, 0x46];

/** Whether a file starts with the ELF magic number. */
export function isElf(bytes: Uint8Array): boolean {
  return ELF_MAGIC.every((byte, i) => bytes[i] === byte);
}
