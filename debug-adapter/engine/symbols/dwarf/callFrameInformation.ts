import { ByteCursor, type Section } from '../byteCursor.ts';
import { MalformedData } from '../damage.ts';
import type { DebugSections } from '../elf/debugSections.ts';
import { symbolDamage } from '../../../messages/symbolDamage.ts';

/** An FDE: the call frame instructions for one range of code. */
export interface FrameDescriptionEntry {
  start: bigint;
  end: bigint;
  common: CommonInformationEntry;
  instructions: ByteCursor;
}

/** A CIE: the information that several FDEs share. */
export interface CommonInformationEntry {
  codeAlignment: number;
  dataAlignment: number;
  returnColumn: number;
  /** Augmentation 'S': a trap enters this code, so its return address is the interrupted pc. */
  isSignalFrame: boolean;
  instructions: ByteCursor;
  /** Augmentation 'R': the encoding of addresses (DW_EH_PE). */
  encoding: number;
  hasAugmentationData: boolean;
  /** The file's load bias, which is added to addresses in the instructions. */
  bias: bigint;
}

/**
 * Call frame information in `.debug_frame` (DWARF 5, section 6.4.1) and `.eh_frame` (Linux Standard Base, "Exception
 * Frames"): an index from code addresses to FDEs. The first lookup builds the index from the entries' headers.
 * cfiProgram.ts executes the entries' instructions.
 */
export class CallFrameIndex {
  private readonly sections: DebugSections;
  private readonly bias: bigint;
  private readonly report: (damage: MalformedData) => void;
  private sorted: FrameDescriptionEntry[] | undefined;

  constructor(sections: DebugSections, options: { bias: bigint; report: (damage: MalformedData) => void }) {
    this.sections = sections;
    this.bias = options.bias;
    this.report = options.report;
  }

  find(pc: bigint): FrameDescriptionEntry | undefined {
    const all = this.all();
    let low = 0;
    let high = all.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (all[middle].start <= pc) low = middle + 1;
      else high = middle;
    }
    const description = all[low - 1];
    return description && pc < description.end ? description : undefined;
  }

  private all(): FrameDescriptionEntry[] {
    // The sort is stable: if two FDEs start at the same address, the one from `.debug_frame` comes last and is used.
    this.sorted ??= ['.eh_frame', '.debug_frame']
      .flatMap((name) => this.fdes(name))
      .sort((a, b) => (a.start < b.start ? -1 : a.start > b.start ? 1 : 0));
    return this.sorted;
  }

  private fdes(name: string): FrameDescriptionEntry[] {
    const reader = new FrameReader(this.sections.get(name), {
      isEh: name === '.eh_frame',
      address: this.sections.addressOf(name),
      bias: this.bias,
    });
    try {
      reader.readAll();
    } catch (error) {
      if (!(error instanceof MalformedData)) throw error;
      this.report(error);
    }
    return reader.descriptions;
  }
}

/** Reads one section of call frame information from start to end. */
class FrameReader {
  readonly descriptions: FrameDescriptionEntry[] = [];
  private readonly section: Section;
  private readonly isEh: boolean;
  /** The section's address, for PC-relative pointers. */
  private readonly address: bigint;
  private readonly bias: bigint;
  private readonly cies = new Map<number, CommonInformationEntry>();

  constructor(section: Section, options: { isEh: boolean; address: bigint; bias: bigint }) {
    this.section = section;
    this.isEh = options.isEh;
    this.address = options.address;
    this.bias = options.bias;
  }

  readAll(): void {
    const cursor = new ByteCursor(this.section);
    while (!cursor.atEnd) {
      const { length, is64 } = cursor.unitLength();
      // A length of 0 ends a list of entries in .eh_frame. A linker may append further lists.
      if (length === 0) continue;
      const c = cursor.subCursor(length);
      const idAt = c.at;
      const id = c.offset(is64 && !this.isEh);
      if (id !== this.cieId(is64)) this.readFde(c, this.isEh ? idAt - id : id);
    }
  }

  /** The value of the CIE_id field in a CIE. In an FDE, this field contains the offset of the CIE. */
  private cieId(is64: boolean): number {
    if (this.isEh) return 0;
    return is64 ? Infinity : 0xffff_ffff;
  }

  private readFde(c: ByteCursor, cieOffset: number): void {
    const common = this.cieAt(cieOffset);
    const start = this.pointer(c, common.encoding);
    // The length of the code range has the same format as the start address, but it is never PC-relative.
    const length = this.pointer(c, common.encoding & 0x0f);
    if (common.hasAugmentationData) c.skip(c.uleb());
    const biased = BigInt.asUintN(64, start + this.bias);
    this.descriptions.push({ start: biased, end: biased + length, common, instructions: c });
  }

  private cieAt(offset: number): CommonInformationEntry {
    let common = this.cies.get(offset);
    if (!common) {
      common = this.readCie(offset);
      this.cies.set(offset, common);
    }
    return common;
  }

  private readCie(offset: number): CommonInformationEntry {
    const cursor = new ByteCursor(this.section, offset);
    const { length, is64 } = cursor.unitLength();
    const c = cursor.subCursor(length);
    const id = c.offset(is64 && !this.isEh);
    if (id !== this.cieId(is64)) throw new MalformedData(this.section.name, symbolDamage.noCie());
    const version = c.u8();
    const augmentation = c.string();
    if (version >= 4) c.skip(2); // address_size, segment_selector_size
    const codeAlignment = c.uleb();
    const dataAlignment = c.sleb();
    const returnColumn = version === 1 ? c.u8() : c.uleb();
    const known = { codeAlignment, dataAlignment, returnColumn, encoding: 0, bias: this.bias };
    const isSignalFrame = augmentation.includes('S');
    const hasAugmentationData = augmentation.startsWith('z');
    const common = { ...known, isSignalFrame, hasAugmentationData, instructions: c };
    if (hasAugmentationData) common.encoding = this.readAugmentation(c.subCursor(c.uleb()), augmentation);
    return common;
  }

  private readAugmentation(c: ByteCursor, augmentation: string): number {
    let encoding = 0;
    for (const letter of augmentation.slice(1)) {
      if (letter === 'R') encoding = c.u8();
      else if (letter === 'L') c.u8();
      else if (letter === 'P') this.pointer(c, c.u8() & 0x0f);
      else if (letter !== 'S' && letter !== 'B') break;
    }
    return encoding;
  }

  /**
   * LSB, "DWARF Exception Header Encoding": the low four bits specify the format, and the high four bits specify the
   * base address.
   */
  private pointer(c: ByteCursor, encoding: number): bigint {
    const at = this.address + BigInt(c.at);
    const value = encodedNumber(c, encoding & 0x0f);
    const base = (encoding & 0x70) === PCREL ? at : 0n;
    return BigInt.asUintN(64, value + base);
  }
}

function encodedNumber(c: ByteCursor, format: number): bigint {
  switch (format) {
    case 0x0:
    case 0x4:
    case 0xc:
      return c.u64();
    case 0x1:
      return c.ulebBig();
    case 0x2:
      return BigInt(c.u16());
    case 0x3:
      return BigInt(c.u32());
    case 0x9:
      return c.slebBig();
    case 0xa:
      return BigInt(c.i16());
    case 0xb:
      return BigInt(c.i32());
    default:
      throw new MalformedData(c.section.name, symbolDamage.addressEncoding(format));
  }
}

const PCREL = 0x10;
