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
} from '../../../messages/boot.ts';
import type { GuestAddress } from '../../base/quantities.ts';
import { QEMU_FLASH } from '../memoryMap.ts';

/** The parts of an ELF file that a boot loader needs. */
export interface ElfImage {
  /** e_entry as stored in the file, often a virtual address (for example in Linux's vmlinux). */
  entry: bigint;
  /** e_entry as a physical address, computed from the segment that contains it; undefined if no segment contains it. */
  physicalEntry: GuestAddress | undefined;
  /**
   * The lowest segment's load address, even if that segment is empty. Firmware jumps to this address rather than to the
   * entry point, as in QEMU (riscv_load_kernel: "Use low address not ELF entry point").
   */
  lowestAddress: GuestAddress;
  /** The PT_LOAD segments that occupy memory, in file order. */
  segments: ElfSegment[];
}

/** A PT_LOAD segment. */
export interface ElfSegment {
  physicalAddress: GuestAddress;
  virtualAddress: bigint;
  /** The segment's bytes in the file, as a view. */
  bytes: Uint8Array;
  /** The size in memory, at least `bytes.length`; the memory after `bytes` is zeroed. */
  memoryBytes: number;
  /**
   * The number of leading bytes that belong to the ELF file's headers: more than 0 if the segment begins at the start
   * of the file.
   */
  headerBytes: number;
}

/**
 * Reads an ELF file's program headers for loading (System V ABI, "Program Header"). Accepts little-endian executables
 * for RV64, static or position-independent; throws a UserError for all other files. `name` is the file name used in the
 * message.
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
 * Returns the segments to load. Throws a UserError if a segment is outside RAM or if segments overlap in RAM. As in
 * QEMU, the parts that GNU ld places outside RAM when it is given only `-Ttext=0x80000000` are dropped. File headers
 * and zeroes in the page below RAM are removed from their segment. Separate segments far below RAM, which contain the
 * headers and data for a dynamic linker, are omitted.
 */
export function checkSegmentsFit(
  image: ElfImage,
  { ramBase, memoryBytes, name }: { ramBase: GuestAddress; memoryBytes: number; name: string },
): ElfSegment[] {
  const ram = { start: ramBase, end: ramBase + memoryBytes };
  const loaded = image.segments.map((segment) => withoutHeadersBelow(ramBase, segment));
  const inRam = loaded.filter((segment) => !isOutsideMemory(segment, image.entry, ramBase));
  const segments = inRam.length > 0 ? inRam : loaded;
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
 * A program may copy a segment from a ROM to its link address. The segment's size in memory then applies to the link
 * address, not to the load address in the ROM. As in QEMU (elf_ops.h), the zeroes after a segment's bytes are omitted
 * where they would overlap another segment.
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

/** Whether the segment is below RAM, where the machine has no memory, and does not contain the entry point. */
function isOutsideMemory(segment: ElfSegment, entry: bigint, ramBase: GuestAddress): boolean {
  const { physicalAddress: start, virtualAddress, memoryBytes } = segment;
  const end = start + memoryBytes;
  const containsEntry = entry >= virtualAddress && entry < virtualAddress + BigInt(memoryBytes);
  const isInFlash = start < QEMU_FLASH.end && end > QEMU_FLASH.start;
  return end <= ramBase && !containsEntry && !isInFlash;
}

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
  if (start + count * PROGRAM_HEADER_BYTES > bytes.length) throw kernelIsTruncated(name, 'program header table');
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
  // Above 2^53, the sum would be inexact, but there is no RAM at such addresses.
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

/**
 * The length of the headers at the start of the file: the ELF header and, if they directly follow it (the usual case),
 * the program headers.
 */
function headersEnd(view: DataView): number {
  const tableStart = Number(view.getBigUint64(E_PHOFF, true));
  return tableStart === HEADER_BYTES
    ? HEADER_BYTES + view.getUint16(E_PHNUM, true) * PROGRAM_HEADER_BYTES
    : HEADER_BYTES;
}

function toPhysical(address: bigint, segments: ElfSegment[]): GuestAddress | undefined {
  for (const { virtualAddress, physicalAddress, memoryBytes } of segments) {
    const overlaps = address - virtualAddress;
    if (overlaps >= 0n && overlaps < BigInt(memoryBytes)) return physicalAddress + Number(overlaps);
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
/** Linkers create about a dozen segments. A limit is needed because every pair of segments is compared. */
const PROGRAM_HEADERS_MAX = 4096;
const P_TYPE = 0;
const P_OFFSET = 8;
const P_VADDR = 16;
const P_PADDR = 24;
const P_FILESZ = 32;
const P_MEMSZ = 40;
const TYPE_LOAD = 1;
