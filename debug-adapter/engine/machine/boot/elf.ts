import {
  kernelDoesNotFit,
  kernelHasNothingToLoad,
  kernelHasTooManySegments,
  kernelIsBigEndian,
  kernelIsForAnotherMachine,
  kernelIsNotElf,
  kernelIsNotExecutable,
  kernelIsThirtyTwoBit,
  kernelIsTruncated,
  kernelSegmentIsBad,
  kernelSegmentsOverlap,
} from '../../errors/boot.ts';
import type { GuestAddress } from '../../base/quantities.ts';

/** What a boot loader needs of an ELF file. */
export interface ElfImage {
  /** e_entry as the file has it: often a virtual address (Linux's vmlinux). */
  entry: bigint;
  /** e_entry as a physical address, through the segment that holds it; undefined when none does. */
  physicalEntry: GuestAddress | undefined;
  /**
   * Where the lowest segment loads, also when that has no bytes. QEMU starts firmware's next stage here and not at the
   * entry (riscv_load_kernel: "Use low address not ELF entry point").
   */
  lowestAddress: GuestAddress;
  /** The PT_LOAD segments that take memory, in the file's order. */
  segments: ElfSegment[];
}

export interface ElfSegment {
  physicalAddress: GuestAddress;
  virtualAddress: bigint;
  /** What the file gives: a view into it. */
  bytes: Uint8Array;
  /** At least `bytes.length`; the rest is zeroes. */
  memoryBytes: number;
  /** How many of the bytes are the file's own headers: more than 0 in a segment that starts where the file does. */
  headerBytes: number;
}

/**
 * Reads an ELF's program headers for loading (System V ABI, "Program Header"). Takes static and position-independent
 * executables for RV64, little-endian, and refuses all else with one sentence; `name` is the file's name there.
 */
export function readElfImage(bytes: Uint8Array, name: string): ElfImage {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  checkIdentification(bytes, name);
  if (bytes.length < HEADER_BYTES) throw kernelIsTruncated(name, 'ELF header');
  checkHeader(view, name);
  const all = readSegments(view, bytes, name);
  const segments = all.map((segment) => withoutSharedZeroes(segment, all)).filter(({ memoryBytes }) => memoryBytes > 0);
  if (segments.length === 0) throw kernelHasNothingToLoad(name);
  const entry = view.getBigUint64(E_ENTRY, true);
  const lowestAddress = Math.min(...all.map((segment) => segment.physicalAddress));
  return { entry, physicalEntry: toPhysical(entry, segments), lowestAddress, segments };
}

/**
 * The segments to load. Refuses an image with a segment outside RAM, or with segments that overlap there. What GNU ld,
 * told `-Ttext=0x80000000` and no more, puts elsewhere is let pass, as QEMU loads it into nowhere: the file's headers and
 * zeroes in the page below, which the segment loses, and segments of their own far below, with the headers and what is
 * for a dynamic linker, which are left out.
 */
export function checkSegmentsFit(
  image: ElfImage,
  { ramBase, memoryBytes, name }: { ramBase: GuestAddress; memoryBytes: number; name: string },
): ElfSegment[] {
  const ram = { start: ramBase, end: ramBase + memoryBytes };
  const placed = image.segments.map((segment) => withoutHeadersBelow(ramBase, segment));
  const inRam = placed.filter((segment) => !isForNobody(segment, image.entry, ramBase));
  const segments = inRam.length > 0 ? inRam : placed;
  const ranges = segments.map((segment) => ({
    start: segment.physicalAddress,
    end: segment.physicalAddress + segment.memoryBytes,
  }));
  for (const range of ranges) {
    if (range.start < ram.start || range.end > ram.end) throw kernelDoesNotFit(name, range, ram);
  }
  ranges.sort((a, b) => a.start - b.start);
  for (let i = 1; i < ranges.length; i++) {
    if (ranges[i].start < ranges[i - 1].end) throw kernelSegmentsOverlap(name);
  }
  return segments;
}

/**
 * Segments may be packed for a ROM, from which the program copies them: what they take of memory then counts where they
 * are linked to, not where they are loaded. As in QEMU (elf_ops.h), the zeroes behind a segment's bytes are left out
 * where they would reach into another segment.
 */
function withoutSharedZeroes(segment: ElfSegment, all: readonly ElfSegment[]): ElfSegment {
  const { physicalAddress, bytes, memoryBytes } = segment;
  const zeroes = { start: physicalAddress + bytes.length, end: physicalAddress + memoryBytes };
  if (zeroes.start === zeroes.end) return segment;
  const isShared = all.some((other) => {
    const end = other.physicalAddress + other.memoryBytes;
    return other !== segment && other.physicalAddress < zeroes.end && zeroes.start < end;
  });
  return isShared ? { ...segment, memoryBytes: bytes.length } : segment;
}

/** Below RAM, where the machine has no memory, and not what the program starts with. */
function isForNobody(segment: ElfSegment, entry: bigint, ramBase: GuestAddress): boolean {
  const { physicalAddress: start, virtualAddress, memoryBytes } = segment;
  const end = start + memoryBytes;
  const isEntered = entry >= virtualAddress && entry < virtualAddress + BigInt(memoryBytes);
  const isInFlash = start < QEMU_FLASH.end && end > QEMU_FLASH.start;
  return end <= ramBase && !isEntered && !isInFlash;
}

/** There QEMU has memory, and we have none (hw/riscv/virt.c, VIRT_FLASH). */
const QEMU_FLASH = { start: 0x2000_0000, end: 0x2400_0000 };

function withoutHeadersBelow(ramBase: GuestAddress, segment: ElfSegment): ElfSegment {
  const below = ramBase - segment.physicalAddress;
  const { bytes, headerBytes } = segment;
  if (below < 1 || headerBytes === 0 || below < headerBytes || below >= bytes.length) return segment;
  if (bytes.subarray(headerBytes, below).some((byte) => byte !== 0)) return segment;
  return {
    physicalAddress: ramBase,
    virtualAddress: segment.virtualAddress + BigInt(below),
    bytes: bytes.subarray(below),
    memoryBytes: segment.memoryBytes - below,
    headerBytes: 0,
  };
}

function checkIdentification(bytes: Uint8Array, name: string): void {
  if (!MAGIC.every((byte, i) => bytes[i] === byte)) throw kernelIsNotElf(name);
  if (bytes.length < IDENTIFICATION_BYTES) throw kernelIsTruncated(name, 'ELF header');
  if (bytes[EI_CLASS] === CLASS_32) throw kernelIsThirtyTwoBit(name);
  if (bytes[EI_CLASS] !== CLASS_64) throw kernelIsNotElf(name);
  if (bytes[EI_DATA] === DATA_BIG_ENDIAN) throw kernelIsBigEndian(name);
  if (bytes[EI_DATA] !== DATA_LITTLE_ENDIAN) throw kernelIsNotElf(name);
}

function checkHeader(view: DataView, name: string): void {
  const machine = view.getUint16(E_MACHINE, true);
  if (machine !== MACHINE_RISCV) throw kernelIsForAnotherMachine(name, machine);
  const type = view.getUint16(E_TYPE, true);
  if (type !== TYPE_EXECUTABLE && type !== TYPE_POSITION_INDEPENDENT) throw kernelIsNotExecutable(name);
  const entryBytes = view.getUint16(E_PHENTSIZE, true);
  if (view.getUint16(E_PHNUM, true) > 0 && entryBytes !== PROGRAM_HEADER_BYTES) throw kernelSegmentIsBad(name, 0);
}

function readSegments(view: DataView, bytes: Uint8Array, name: string): ElfSegment[] {
  const start = Number(view.getBigUint64(E_PHOFF, true));
  const count = view.getUint16(E_PHNUM, true);
  if (count > PROGRAM_HEADERS_MAX) throw kernelHasTooManySegments(name, { count, most: PROGRAM_HEADERS_MAX });
  if (start + count * PROGRAM_HEADER_BYTES > bytes.length) throw kernelIsTruncated(name, 'table of program headers');
  const segments: ElfSegment[] = [];
  for (let index = 0; index < count; index++) {
    const at = start + index * PROGRAM_HEADER_BYTES;
    if (view.getUint32(at + P_TYPE, true) !== TYPE_LOAD) continue;
    segments.push(readSegment(view, bytes, { at, index, name }));
  }
  return segments;
}

function readSegment(
  view: DataView,
  bytes: Uint8Array,
  { at, index, name }: { at: number; index: number; name: string },
): ElfSegment {
  const field = (offset: number) => Number(view.getBigUint64(at + offset, true));
  const [offset, fileBytes, memoryBytes, physicalAddress] = [P_OFFSET, P_FILESZ, P_MEMSZ, P_PADDR].map(field);
  if (offset + fileBytes > bytes.length) throw kernelIsTruncated(name, `segment ${index}`);
  // Above 2^53 the sum would not be exact; no RAM is there.
  if (fileBytes > memoryBytes || !Number.isSafeInteger(physicalAddress + memoryBytes)) {
    throw kernelSegmentIsBad(name, index);
  }
  return {
    physicalAddress,
    virtualAddress: view.getBigUint64(at + P_VADDR, true),
    bytes: bytes.subarray(offset, offset + fileBytes),
    memoryBytes,
    headerBytes: offset === 0 ? Math.min(fileBytes, headersEnd(view)) : 0,
  };
}

/** Where the ELF header and the program headers, which commonly follow it, end. */
function headersEnd(view: DataView): number {
  const tableStart = Number(view.getBigUint64(E_PHOFF, true));
  return tableStart === HEADER_BYTES
    ? HEADER_BYTES + view.getUint16(E_PHNUM, true) * PROGRAM_HEADER_BYTES
    : HEADER_BYTES;
}

function toPhysical(address: bigint, segments: ElfSegment[]): GuestAddress | undefined {
  for (const { virtualAddress, physicalAddress, memoryBytes } of segments) {
    const within = address - virtualAddress;
    if (within >= 0n && within < BigInt(memoryBytes)) return physicalAddress + Number(within);
  }
  return undefined;
}

// System V ABI, "ELF Header" and "Program Header", the 64-bit layouts.
const MAGIC = [0x7f, 0x45, 0x4c, 0x46];
const IDENTIFICATION_BYTES = 16;
const EI_CLASS = 4;
const EI_DATA = 5;
const CLASS_32 = 1;
const CLASS_64 = 2;
const DATA_LITTLE_ENDIAN = 1;
const DATA_BIG_ENDIAN = 2;
const HEADER_BYTES = 64;
const E_TYPE = 16;
const E_MACHINE = 18;
const E_ENTRY = 24;
const E_PHOFF = 32;
const E_PHENTSIZE = 54;
const E_PHNUM = 56;
const TYPE_EXECUTABLE = 2;
const TYPE_POSITION_INDEPENDENT = 3;
const MACHINE_RISCV = 243;
const PROGRAM_HEADER_BYTES = 56;
/** Linkers make a dozen. Each is compared with each. */
const PROGRAM_HEADERS_MAX = 4096;
const P_TYPE = 0;
const P_OFFSET = 8;
const P_VADDR = 16;
const P_PADDR = 24;
const P_FILESZ = 32;
const P_MEMSZ = 40;
const TYPE_LOAD = 1;
