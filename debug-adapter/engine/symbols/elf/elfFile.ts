import {
  symbolsAreNotElf,
  symbolsAreNotLinked,
  symbolsAreNotRv64,
  symbolsAreTruncated,
} from '../../../messages/symbols.ts';
import type { AddressRange } from '../symbols.ts';
import { UserError } from '../../../messages/userError.ts';
import { allBytes, type FileBytes, partOfFile } from './fileBytes.ts';

/** An ELF file's sections (System V ABI, "ELF Header" and "Sections"). */
export interface ElfFile {
  /** The object that reads the file; undefined if the file is not read on demand. */
  onDemand: FileBytes | undefined;
  sections: ElfSection[];
  /** The file's bytes at an address (without the load bias). */
  bytesAt(address: bigint, lengthBytes: number): Uint8Array | undefined;
  /**
   * The bytes around an address, up to `reachBytes` in each direction, within the executable section that contains it.
   */
  codeAround(address: bigint, reachBytes: number): { address: bigint; bytes: Uint8Array } | undefined;
  /**
   * The address ranges of allocated sections. Debug information for addresses outside them describes code that the
   * linker discarded.
   */
  allocated: AddressRange[];
  /** The executable sections; in a file without a section header table, the executable segments. */
  code: ElfSection[];
  /** The GNU build ID in hexadecimal. */
  buildId: string | undefined;
  /** The differences between the load addresses and the virtual addresses of executable segments. */
  loadOffsets: bigint[];
}

export interface ElfSection {
  name: string;
  type: number;
  flags: number;
  address: bigint;
  /** In a symbol table: the index of its string table section. */
  link: number;
  /** The contents. If the file is read on demand, accessing this property reads the whole section. */
  readonly bytes: Uint8Array;
  /** The size of the contents in the file. */
  lengthBytes: number;
  /** The contents; only the loaded parts are valid. */
  contents: FileBytes;
  /** Size in memory; larger than `bytes` for .bss. */
  sizeBytes: bigint;
}

/**
 * Reads an ELF file's section or segment headers. Throws a UserError if the file is not a linked RV64 file. A section
 * whose bytes would lie outside the file is treated as empty. A file without a section header table (fully stripped)
 * has no sections; its code comes from its segments. Object files are rejected, because their addresses are not final.
 * With `isCompanion`, they are accepted, because `.dwo` and `.dwp` files contain no addresses.
 */
export function readElfFile(source: Uint8Array | FileBytes, name: string, { isCompanion = false } = {}): ElfFile {
  const file: FileBytes = 'bytes' in source ? source : { bytes: source };
  const { bytes } = file;
  file.load?.(0, Math.min(HEADER_BYTES, bytes.length));
  if (!MAGIC.every((byte, i) => bytes[i] === byte) || bytes.length < HEADER_BYTES) throw symbolsAreNotElf(name);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes[EI_CLASS] !== 2 || bytes[EI_DATA] !== 1 || view.getUint16(E_MACHINE, true) !== MACHINE_RISCV) {
    throw symbolsAreNotRv64(name);
  }
  const type = view.getUint16(E_TYPE, true);
  if (!isCompanion && type !== TYPE_EXECUTABLE && type !== TYPE_SHARED) throw symbolsAreNotLinked(name);
  const sections = readSections(view, file, name);
  const inMemory = sections.length > 0 ? sections : readSegments(view, file);
  const allocated = inMemory
    .filter((section) => section.flags & SHF_ALLOC && section.sizeBytes > 0n)
    .map(({ address, sizeBytes }) => ({ start: address, end: address + sizeBytes }));
  const code = withoutOverlaps(inMemory.filter(({ flags, sizeBytes }) => flags & SHF_EXECINSTR && sizeBytes > 0n));
  return {
    onDemand: file.load && file,
    sections,
    allocated,
    code,
    buildId: buildIdOf(sections),
    loadOffsets: loadOffsetsOf(view, file),
    bytesAt: (address, length) => bytesAt(inMemory, address, length),
    codeAround: (address, reach) => codeAround(code, address, reach),
  };
}

/**
 * Sorts sections by address and drops each section that overlaps an earlier one, which happens only in damaged files.
 * This limits the time needed to read all sections, because no byte is read twice.
 */
function withoutOverlaps(sections: readonly ElfSection[]): ElfSection[] {
  let end = 0n;
  const ascending = [...sections].sort((a, b) => (a.address < b.address ? -1 : a.address > b.address ? 1 : 0));
  return ascending.filter(({ address, sizeBytes }) => {
    if (address < end) return false;
    end = address + sizeBytes;
    return true;
  });
}

/** The GNU build ID of a file; undefined if it has none or is not an ELF file that `readElfFile` accepts. */
export function buildIdOfFile(source: Uint8Array | FileBytes, name: string): string | undefined {
  try {
    return readElfFile(source, name).buildId;
  } catch (error) {
    if (error instanceof UserError) return undefined;
    throw error;
  }
}

function readSections(view: DataView, file: FileBytes, name: string): ElfSection[] {
  const { bytes } = file;
  const start = Number(view.getBigUint64(E_SHOFF, true));
  if (start === 0) return [];
  if (start + SECTION_HEADER_BYTES > bytes.length) throw symbolsAreTruncated(name);
  if (view.getUint16(E_SHENTSIZE, true) !== SECTION_HEADER_BYTES) throw symbolsAreTruncated(name);
  file.load?.(start, start + SECTION_HEADER_BYTES);
  // With 0xff00 or more sections, section 0 holds the count and the index of the section name table.
  const count = view.getUint16(E_SHNUM, true) || Number(view.getBigUint64(start + SH_SIZE, true));
  const shortIndex = view.getUint16(E_SHSTRNDX, true);
  const namesIndex = shortIndex === SHN_XINDEX ? view.getUint32(start + SH_LINK, true) : shortIndex;
  if (start + count * SECTION_HEADER_BYTES > bytes.length) throw symbolsAreTruncated(name);
  file.load?.(start, start + count * SECTION_HEADER_BYTES);
  const headers = Array.from({ length: count }, (_, i) => start + i * SECTION_HEADER_BYTES);
  const names = namesIndex < count ? allBytes(sectionContents(view, file, headers[namesIndex])) : new Uint8Array();
  return headers.map((at) =>
    makeElfSection(sectionContents(view, file, at), {
      name: stringAt(names, view.getUint32(at + SH_NAME, true)),
      type: view.getUint32(at + SH_TYPE, true),
      flags: Number(BigInt.asUintN(32, view.getBigUint64(at + SH_FLAGS, true))),
      address: view.getBigUint64(at + SH_ADDR, true),
      link: view.getUint32(at + SH_LINK, true),
      sizeBytes: view.getBigUint64(at + SH_SIZE, true),
    }),
  );
}

function loadOffsetsOf(view: DataView, file: FileBytes): bigint[] {
  const offsets = segmentHeaders(view, file)
    .filter((at) => (view.getUint32(at + P_FLAGS, true) & PF_X) !== 0)
    .map((at) => BigInt.asUintN(64, view.getBigUint64(at + P_PADDR, true) - view.getBigUint64(at + P_VADDR, true)));
  return [...new Set(offsets)];
}

function makeElfSection(
  contents: FileBytes,
  header: Pick<ElfSection, 'name' | 'type' | 'flags' | 'address' | 'link' | 'sizeBytes'>,
): ElfSection {
  return {
    ...header,
    contents,
    lengthBytes: contents.bytes.length,
    get bytes() {
      return allBytes(contents);
    },
  };
}

/** The offsets of the program headers of loaded segments. */
function segmentHeaders(view: DataView, file: FileBytes): number[] {
  const { bytes } = file;
  const start = Number(view.getBigUint64(E_PHOFF, true));
  const count = view.getUint16(E_PHNUM, true);
  if (view.getUint16(E_PHENTSIZE, true) !== PROGRAM_HEADER_BYTES) return [];
  const headers = Array.from({ length: count }, (_, i) => start + i * PROGRAM_HEADER_BYTES);
  file.load?.(Math.min(start, bytes.length), Math.min(start + count * PROGRAM_HEADER_BYTES, bytes.length));
  return headers.filter((at) => at + PROGRAM_HEADER_BYTES <= bytes.length && view.getUint32(at, true) === PT_LOAD);
}

/** The loaded segments, as sections without names (System V ABI, "Program Header"). */
function readSegments(view: DataView, file: FileBytes): ElfSection[] {
  return segmentHeaders(view, file).map((at) => {
    const offset = Number(view.getBigUint64(at + P_OFFSET, true));
    const fileBytes = Number(view.getBigUint64(at + P_FILESZ, true));
    const isExecutable = (view.getUint32(at + P_FLAGS, true) & PF_X) !== 0;
    return makeElfSection(partOfFile(file, offset, fileBytes), {
      name: '',
      type: SHT_PROGBITS,
      flags: SHF_ALLOC | (isExecutable ? SHF_EXECINSTR : 0),
      address: view.getBigUint64(at + P_VADDR, true),
      link: 0,
      sizeBytes: view.getBigUint64(at + P_MEMSZ, true),
    });
  });
}

/**
 * The build ID, which is the description in a note (System V ABI, "Note Section"). A note consists of the size of its
 * name, the size of its description, its type, the name (padded to 4 bytes) and the description.
 */
function buildIdOf(sections: readonly ElfSection[]): string | undefined {
  const bytes = sections.find(({ name }) => name === '.note.gnu.build-id')?.bytes;
  if (!bytes || bytes.length <= BUILD_ID_AT) return undefined;
  return Array.from(bytes.subarray(BUILD_ID_AT), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function sectionContents(view: DataView, file: FileBytes, at: number): FileBytes {
  if (view.getUint32(at + SH_TYPE, true) === SHT_NOBITS) return { bytes: new Uint8Array() };
  const offset = Number(view.getBigUint64(at + SH_OFFSET, true));
  return partOfFile(file, offset, Number(view.getBigUint64(at + SH_SIZE, true)));
}

function bytesAt(sections: ElfSection[], address: bigint, lengthBytes: number): Uint8Array | undefined {
  for (const section of sections) {
    if (!(section.flags & SHF_ALLOC) || address < section.address) continue;
    const offset = address - section.address;
    if (offset + BigInt(lengthBytes) > BigInt(section.lengthBytes)) continue;
    const { bytes, load } = section.contents;
    load?.(Number(offset), Number(offset) + lengthBytes);
    return bytes.subarray(Number(offset), Number(offset) + lengthBytes);
  }
  return undefined;
}

function codeAround(code: ElfSection[], address: bigint, reachBytes: number) {
  const section = code.find((candidate) => {
    return candidate.address <= address && address < candidate.address + BigInt(candidate.lengthBytes);
  });
  if (!section) return undefined;
  const offset = Number(address - section.address);
  const from = Math.max(0, offset - reachBytes);
  return { address: section.address + BigInt(from), bytes: section.bytes.subarray(from, offset + reachBytes) };
}

/** The string at an offset in a string table; empty if the offset is out of range. */
export function stringAt(table: Uint8Array, offset: number): string {
  if (offset >= table.length) return '';
  const end = table.indexOf(0, offset);
  return decoder.decode(table.subarray(offset, end < 0 ? table.length : end));
}

const decoder = new TextDecoder();

export const SHF_COMPRESSED = 0x800;
export const SHT_SYMTAB = 2;
const SHT_PROGBITS = 1;
const SHT_NOBITS = 8;
const SHF_ALLOC = 2;
const SHF_EXECINSTR = 4;
const SHN_XINDEX = 0xffff;

// The layouts of the 64-bit headers (System V ABI).
const MAGIC = [0x7f, 0x45, 0x4c, 0x46];
const EI_CLASS = 4;
const EI_DATA = 5;
const HEADER_BYTES = 64;
const E_TYPE = 16;
const E_MACHINE = 18;
const E_PHOFF = 32;
const E_SHOFF = 40;
const E_PHENTSIZE = 54;
const E_PHNUM = 56;
const E_SHENTSIZE = 58;
const E_SHNUM = 60;
const E_SHSTRNDX = 62;
const TYPE_EXECUTABLE = 2;
const TYPE_SHARED = 3;
const MACHINE_RISCV = 243;
const SECTION_HEADER_BYTES = 64;
const SH_NAME = 0;
const SH_TYPE = 4;
const SH_FLAGS = 8;
const SH_ADDR = 16;
const SH_OFFSET = 24;
const SH_SIZE = 32;
const SH_LINK = 40;
const PROGRAM_HEADER_BYTES = 56;
const PT_LOAD = 1;
const PF_X = 1;
const P_FLAGS = 4;
const P_OFFSET = 8;
const P_VADDR = 16;
const P_PADDR = 24;
const P_FILESZ = 32;
const P_MEMSZ = 40;
/** The offset of the build ID in its note, after the note's header and the name "GNU". */
const BUILD_ID_AT = 16;
