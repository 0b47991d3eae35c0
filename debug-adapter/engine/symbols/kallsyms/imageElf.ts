import { type KernelSymbol, readKallsyms } from './kallsyms.ts';

/** An ELF file made from a Linux `Image`. */
export interface ImageElf {
  bytes: Uint8Array;
  /** The link address of the image's first byte. */
  start: bigint;
}

/**
 * Converts a Linux `Image` back to an ELF file. The image's bytes become one section, at the address where the kernel
 * runs with the MMU enabled, and its kallsyms tables become the symbol table. With this file, blkreplay and gdb can
 * show symbol names, but not source lines or types. Returns undefined for an image without symbols. Takes about 200 ms
 * for a distribution's kernel.
 */
export function elfFromImage(image: Uint8Array, section = '.text'): ImageElf | undefined {
  const symbols = readKallsyms(image);
  // This symbol is at the start of the image, where the image header is.
  const start = symbols?.find(({ name }) => name === '_start')?.address;
  if (!symbols || start === undefined) return undefined;
  const strings = new StringTable();
  const end = start + BigInt(image.length);
  const table = symbolTable(symbols, strings, { start, end });
  const bytes = elfFile([
    { name: '', type: 0, bytes: new Uint8Array() },
    { name: section, type: SHT_PROGBITS, flags: SHF_ALLOC | SHF_EXECINSTR, address: start, bytes: image },
    { name: '.symtab', type: SHT_SYMTAB, bytes: table, link: 3, info: 1, entryBytes: SYMBOL_BYTES },
    { name: '.strtab', type: SHT_STRTAB, bytes: strings.bytes() },
  ]);
  return { bytes, start };
}

/**
 * The name of the only section. The section combines all sections of the original file, so its name differs from all of
 * theirs.
 */
export const IMAGE_SECTION = '.image';

/** Wraps code without symbols in an ELF file with one section. */
export function elfFromCode(bytes: Uint8Array, start: bigint): Uint8Array {
  return elfFile([
    { name: '', type: 0, bytes: new Uint8Array() },
    { name: IMAGE_SECTION, type: SHT_PROGBITS, flags: SHF_ALLOC | SHF_EXECINSTR, address: start, bytes },
  ]);
}

/** kallsyms does not store symbol sizes, so each symbol extends to the next one. */
function symbolTable(symbols: readonly KernelSymbol[], strings: StringTable, image: { start: bigint; end: bigint }) {
  const bytes = new Uint8Array(SYMBOL_BYTES * (symbols.length + 1));
  const view = new DataView(bytes.buffer);
  let next = image.end;
  for (let i = symbols.length - 1; i >= 0; i--) {
    const { name, type, address } = symbols[i];
    if (i + 1 < symbols.length && symbols[i + 1].address !== address) next = symbols[i + 1].address;
    const at = SYMBOL_BYTES * (i + 1);
    view.setUint32(at, strings.add(name), true);
    view.setUint8(at + 4, (STB_GLOBAL << 4) | typeOf(type, name));
    view.setUint16(at + 6, isIn(image, address) ? 1 : SHN_ABS, true);
    view.setBigUint64(at + 8, address, true);
    view.setBigUint64(at + 16, next > address ? next - address : 0n, true);
  }
  return bytes;
}

/**
 * If several symbols share an address, debuggers should show the function, not a label that separates two parts of the
 * kernel. Such labels get type STT_NOTYPE.
 */
function typeOf(type: string, name: string): number {
  if (/^_.*(start|stop|end|begin|text|\$x.*)$/.test(name)) return STT_NOTYPE;
  return /[tw]/i.test(type) ? STT_FUNC : STT_OBJECT;
}

const isIn = ({ start, end }: { start: bigint; end: bigint }, address: bigint) => start <= address && address < end;

class StringTable {
  private text = '\0';

  /** Returns the string's offset. Kernel symbol names are ASCII. */
  add(name: string): number {
    const at = this.text.length;
    this.text += `${name}\0`;
    return at;
  }

  bytes(): Uint8Array {
    return new TextEncoder().encode(this.text);
  }
}

interface Section {
  name: string;
  type: number;
  bytes: Uint8Array;
  flags?: number;
  address?: bigint;
  link?: number;
  info?: number;
  entryBytes?: number;
}

/** Builds a 64-bit ELF file (System V ABI): the header, the sections and the section header table. */
function elfFile(parts: readonly Section[]): Uint8Array {
  const names = new StringTable();
  const nameAt = parts.map(({ name }) => (name === '' ? 0 : names.add(name)));
  nameAt.push(names.add('.shstrtab'));
  const sections: Section[] = [...parts, { name: '.shstrtab', type: SHT_STRTAB, bytes: names.bytes() }];
  let end = HEADER_BYTES;
  const offsets = sections.map(({ bytes }) => {
    const at = end;
    end = Math.ceil((at + bytes.length) / 8) * 8;
    return at;
  });
  const file = new Uint8Array(end + SECTION_HEADER_BYTES * sections.length);
  const view = new DataView(file.buffer);
  writeHeader(view, { sectionsAt: end, count: sections.length, entry: parts[1].address! });
  sections.forEach((section, i) => {
    file.set(section.bytes, offsets[i]);
    writeSection(view, end + SECTION_HEADER_BYTES * i, { section, nameAt: nameAt[i], bytesAt: offsets[i] });
  });
  return file;
}

function writeHeader(
  view: DataView,
  { sectionsAt, count, entry }: { sectionsAt: number; count: number; entry: bigint },
) {
  // The magic number, then the codes for a 64-bit, little-endian file of version 1.
  [0x7f, 0x45, 0x4c, 0x46, 2, 1, 1].forEach((byte, i) => view.setUint8(i, byte));
  view.setUint16(16, ET_EXEC, true);
  view.setUint16(18, EM_RISCV, true);
  view.setUint32(20, 1, true);
  view.setBigUint64(24, entry, true);
  view.setBigUint64(40, BigInt(sectionsAt), true);
  // EF_RISCV_RVC and the double-float ABI: gdb then uses two-byte breakpoint instructions where required.
  view.setUint32(48, 5, true);
  view.setUint16(52, HEADER_BYTES, true);
  view.setUint16(58, SECTION_HEADER_BYTES, true);
  view.setUint16(60, count, true);
  view.setUint16(62, count - 1, true);
}

function writeSection(
  view: DataView,
  at: number,
  { section, nameAt, bytesAt }: { section: Section; nameAt: number; bytesAt: number },
): void {
  view.setUint32(at, nameAt, true);
  view.setUint32(at + 4, section.type, true);
  view.setBigUint64(at + 8, BigInt(section.flags ?? 0), true);
  view.setBigUint64(at + 16, section.address ?? 0n, true);
  view.setBigUint64(at + 24, BigInt(bytesAt), true);
  view.setBigUint64(at + 32, BigInt(section.bytes.length), true);
  view.setUint32(at + 40, section.link ?? 0, true);
  view.setUint32(at + 44, section.info ?? 0, true);
  view.setBigUint64(at + 48, 8n, true);
  view.setBigUint64(at + 56, BigInt(section.entryBytes ?? 0), true);
}

const HEADER_BYTES = 64;
const SECTION_HEADER_BYTES = 64;
const SYMBOL_BYTES = 24;
const ET_EXEC = 2;
const EM_RISCV = 243;
const SHT_PROGBITS = 1;
const SHT_SYMTAB = 2;
const SHT_STRTAB = 3;
const SHF_ALLOC = 2;
const SHF_EXECINSTR = 4;
const SHN_ABS = 0xfff1;
const STB_GLOBAL = 1;
const STT_NOTYPE = 0;
const STT_FUNC = 2;
const STT_OBJECT = 1;
