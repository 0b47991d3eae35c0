import type { HostCompression } from '../../base/host.ts';
import { debugInfoIsDamaged, debugSectionIsCompressed } from '../../../messages/symbols.ts';
import { makeSection, type Section } from '../byteCursor.ts';
import { SHF_COMPRESSED, type ElfFile, type ElfSection } from './elfFile.ts';
import { symbolDamage } from '../../../messages/symbolDamage.ts';

/**
 * Finds a file's debug sections by name and inflates compressed sections if a HostCompression is available. A section
 * that is missing or cannot be inflated is treated as empty, and the reason is passed to `report`.
 */
export class DebugSections {
  private readonly file: ElfFile;
  private readonly name: string;
  private readonly compression: HostCompression | undefined;
  private readonly report: (sentence: string) => void;
  private readonly known = new Map<string, Section>();

  constructor(
    file: ElfFile,
    options: { name: string; compression?: HostCompression; report: (sentence: string) => void },
  ) {
    this.file = file;
    this.name = options.name;
    this.compression = options.compression;
    this.report = options.report;
  }

  /** Returns a section by its standard name, for example `.debug_info`. */
  get(name: string): Section {
    let section = this.known.get(name);
    if (!section) {
      const found = this.file.sections.find((candidate) => candidate.name === name);
      section = makeSection(name, found ? this.bytesOf(found) : this.gnuCompressed(name));
      this.known.set(name, section);
    }
    return section;
  }

  has(name: string): boolean {
    return this.file.sections.some((section) => section.name === name && section.bytes.length > 0);
  }

  addressOf(name: string): bigint {
    return this.file.sections.find((section) => section.name === name)?.address ?? 0n;
  }

  private bytesOf(section: ElfSection): Uint8Array {
    return section.flags & SHF_COMPRESSED ? this.inflate(section) : section.bytes;
  }

  /** `.zdebug_*` sections, which GNU tools wrote before SHF_COMPRESSED existed. They are not supported. */
  private gnuCompressed(name: string): Uint8Array {
    const old = name.replace('.debug_', '.zdebug_');
    if (this.file.sections.some((section) => section.name === old)) {
      this.report(debugSectionIsCompressed(this.name, old));
    }
    return new Uint8Array();
  }

  /**
   * Inflates a compressed section, which consists of an Elf64_Chdr and a zlib stream (System V ABI, "Section
   * Compression"; RFC 1950).
   */
  private inflate({ name, bytes }: ElfSection): Uint8Array {
    const nothing = new Uint8Array();
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const isZlib = bytes.length > CHDR_BYTES + ZLIB_BYTES && view.getUint32(0, true) === ELFCOMPRESS_ZLIB;
    if (!isZlib || !this.compression) {
      this.report(debugSectionIsCompressed(this.name, name));
      return nothing;
    }
    const size = Number(view.getBigUint64(8, true));
    try {
      // Deflate expands a byte to at most 1032 bytes. A larger declared size means that the file is damaged, so do not
      // allocate memory for it.
      if (size > bytes.length * 1032) throw new Error('size');
      return this.compression.inflate(bytes.subarray(CHDR_BYTES + 2, bytes.length - 4), size);
    } catch {
      this.report(debugInfoIsDamaged(this.name, name, symbolDamage.notDecompressed()));
      return nothing;
    }
  }
}

const ELFCOMPRESS_ZLIB = 1;
const CHDR_BYTES = 24;
const ZLIB_BYTES = 6;
