import { closeSync, openSync, writeSync } from 'node:fs';
import { Writer } from './writer.ts';

/**
 * The size and features of a generated file. All compilation units have the same number of entries, as if they included
 * the same headers.
 */
export interface BigElfShape {
  units: number;
  /**
   * The number of structures that every unit declares. Each structure has ten members, and a typedef and an enumeration
   * are declared with it.
   */
  sharedTypes: number;
  functionsPerUnit: number;
  /** A GNU build ID, or none. */
  buildId?: Uint8Array;
  /** Whether to write `.debug_aranges`. */
  aranges?: boolean;
  /** Whether the first function of every unit contains an inlined copy of `everywhere`, a function in a header. */
  hasInlined?: boolean;
  /** If this is false, the file contains the same program without debug information. */
  hasDebugInfo?: boolean;
}

/** A file of 400 MB with 3,001 units, like the one that gcc produces for a large C program with DWARF 5. */
export const BIG: BigElfShape = { units: 3001, sharedTypes: 690, functionsPerUnit: 24, aranges: true };

/**
 * Writes a bootable RISC-V ELF file with DWARF 5. The guest jumps to `work_<last unit>_0`, a loop. Unit N defines
 * `work_N_M`, `struct own_N`, `variable_N` and the enumerator `OWN_N`, and repeats the types `struct shared_M`,
 * `shared_M_t` and `enum kind_M`. Nothing is random, so the same shape always gives the same file.
 */
export function writeBigElf(path: string, shape: BigElfShape): void {
  const file = openSync(path, 'w');
  try {
    new ElfWriter(file, shape).write();
  } finally {
    closeSync(file);
  }
}

const TEXT_AT = 0x8000_0000;
const FUNCTION_BYTES = 16;
const ALIGNMENT = 4096;

class ElfWriter {
  private readonly file: number;
  private readonly shape: BigElfShape;
  private readonly strings = new Strings();
  private readonly sections: { name: string; type: number; flags: number; address: number; at: number; size: number }[];
  private end = ALIGNMENT;

  constructor(file: number, shape: BigElfShape) {
    this.file = file;
    this.shape = shape;
    this.sections = [{ name: '', type: 0, flags: 0, address: 0, at: 0, size: 0 }];
  }

  write(): void {
    const { units, buildId } = this.shape;
    this.section('.text', { type: 1, flags: 6, address: TEXT_AT }, [this.code()]);
    if (buildId) this.section('.note.gnu.build-id', { type: 7, flags: 0 }, [buildIdSection(buildId)]);
    if (this.shape.hasDebugInfo !== false) this.debugInformation();
    this.symbols(units);
    this.headers();
  }

  private debugInformation(): void {
    this.section('.debug_info', {}, this.info());
    this.section('.debug_abbrev', {}, [abbreviations()]);
    this.section('.debug_line', {}, this.lines());
    if (this.shape.aranges) this.section('.debug_aranges', {}, this.aranges());
    this.section('.debug_str', {}, [this.strings.bytes()]);
  }

  private functionAddress(unit: number, index: number): number {
    return TEXT_AT + FUNCTION_BYTES * (1 + unit * this.shape.functionsPerUnit + index);
  }

  /** The code: `_start` jumps to the last unit, and each function is an endless loop of two additions and a jump. */
  private code(): Uint8Array {
    const { units, functionsPerUnit } = this.shape;
    const code = new Writer();
    const start = this.functionAddress(units - 1, 0);
    code.u32(0x0000_0297 + upper(start - TEXT_AT)); // auipc t0, %pcrel_hi(start)
    code.u32(0x0002_8067 + lower(start - TEXT_AT)); // jr %pcrel_lo(start)(t0)
    code.u32(0x13).u32(0x13);
    for (let i = 0; i < units * functionsPerUnit; i++)
      code.u32(0x0015_0513).u32(0x0015_8593).u32(0xff9f_f06f).u32(0x13);
    return code.bytes();
  }

  /** Units differ only in names, addresses and offsets, so all of them are made from one template. */
  private *info(): Generator<Uint8Array> {
    const { units, functionsPerUnit } = this.shape;
    const { template, patches } = this.unitTemplate();
    const view = new DataView(template.buffer, template.byteOffset);
    for (let unit = 0; unit < units; unit++) {
      const address = this.functionAddress(unit, 0);
      view.setUint32(patches.unitName, this.strings.add(sourceName(unit)), true);
      view.setUint32(patches.line, unit * lineProgramBytes(functionsPerUnit), true);
      view.setBigUint64(patches.low, BigInt(address), true);
      view.setUint32(patches.ownStruct, this.strings.add(`own_${unit}`), true);
      view.setUint32(patches.ownEnumerator, this.strings.add(`OWN_${unit}`), true);
      view.setUint32(patches.variable, this.strings.add(`variable_${unit}`), true);
      if (patches.inlined > 0) view.setBigUint64(patches.inlined, BigInt(address + 4), true);
      patches.functions.forEach(({ name, low }, i) => {
        view.setUint32(name, this.strings.add(`work_${unit}_${i}`), true);
        view.setBigUint64(low, BigInt(address + i * FUNCTION_BYTES), true);
      });
      yield template;
    }
  }

  private unitTemplate() {
    const { sharedTypes, functionsPerUnit } = this.shape;
    const { strings } = this;
    const w = new Writer();
    w.u32(0).u16(5).u8(1).u8(8).u32(0);
    const unitName = w.u8(1).u32(strings.add('GNU C17 12.2.0 -O2 -g')).u8(0x1d).length;
    const line = w.u32(0).u32(strings.add('/build')).length + 16;
    const low = w.u64(0).u64(this.shape.functionsPerUnit * FUNCTION_BYTES).length - 16;
    w.u32(0);
    const intType = w.length;
    w.u8(2).u8(4).u8(5).u32(strings.add('int'));
    const members = Array.from({ length: 10 }, (_, i) => strings.add(`member_number_${i}`));
    const struct = (name: number) => {
      const nameAt = w.u8(3).length;
      const sibling = w.u32(name).u8(40).u8(1).u16(7).length;
      w.u32(0);
      members.forEach((member, i) =>
        w
          .u8(4)
          .u32(member)
          .u8(1)
          .u16(8 + i)
          .u32(intType)
          .u8(4 * i),
      );
      w.patch(sibling, w.u8(0).length);
      return nameAt;
    };
    const enumeration = (name: number, enumerators: number[]) => {
      const sibling = w.u8(5).u32(name).u8(4).u8(1).u16(9).length;
      w.u32(0);
      const at = w.length;
      enumerators.forEach((enumerator, i) => w.u8(6).u32(enumerator).u8(i));
      w.patch(sibling, w.u8(0).length);
      return at + 1;
    };
    for (let i = 0; i < sharedTypes; i++) {
      const at = w.length;
      struct(strings.add(`shared_${i}`));
      w.u8(7)
        .u32(strings.add(`shared_${i}_t`))
        .u8(1)
        .u16(i)
        .u32(at);
      enumeration(
        strings.add(`kind_${i}`),
        [0, 1, 2].map((n) => strings.add(`KIND_${i}_${n}`)),
      );
    }
    const ownStruct = struct(0);
    const ownEnumerator = enumeration(strings.add('own_kind'), [0]);
    const variable = w.u8(8).length;
    w.u32(0).u8(1).u16(3).u32(intType).u8(9).u8(3).u64(TEXT_AT);
    const abstract = w.length;
    if (this.shape.hasInlined) w.u8(11).u32(strings.add('everywhere')).u8(1).u16(5);
    let inlined = 0;
    const functions = Array.from({ length: functionsPerUnit }, (_, i) => {
      const name = w.u8(9).length;
      w.u32(0)
        .u8(1)
        .u16(10 * i + 10)
        .u32(intType);
      const lowAt = w.length;
      const sibling = w.u64(0).u64(12).u8(1).u8(0x9c).length;
      w.u32(0);
      w.u8(10).u32(strings.add('argument')).u8(1).u16(11).u32(intType).u8(1).u8(0x5a);
      if (this.shape.hasInlined && i === 0) {
        inlined = w.u8(12).u32(abstract).length;
        w.u64(0).u64(4);
        w.u8(13).u32(strings.add('listed')).u8(1).u16(12).u32(intType).u32(0);
      }
      w.patch(sibling, w.u8(0).length);
      return { name, low: lowAt };
    });
    w.u8(0);
    w.patch(0, w.length - 4);
    const patches = { unitName, line, low, ownStruct, ownEnumerator, variable, functions, inlined };
    return { template: w.bytes(), patches };
  }

  private *lines(): Generator<Uint8Array> {
    const { units, functionsPerUnit } = this.shape;
    for (let unit = 0; unit < units; unit++) yield lineProgram(unit, functionsPerUnit, this.functionAddress(unit, 0));
  }

  private *aranges(): Generator<Uint8Array> {
    const { units, functionsPerUnit } = this.shape;
    const unitBytes = this.unitTemplate().template.length;
    for (let unit = 0; unit < units; unit++) {
      const w = new Writer();
      w.u32(44)
        .u16(2)
        .u32(unit * unitBytes)
        .u8(8)
        .u8(0)
        .u32(0);
      w.u64(this.functionAddress(unit, 0))
        .u64(functionsPerUnit * FUNCTION_BYTES)
        .u64(0)
        .u64(0);
      yield w.bytes();
    }
  }

  private symbols(units: number): void {
    const names = new Strings();
    const w = new Writer();
    w.u64(0).u64(0).u64(0);
    w.u32(names.add('_start')).u8(0x12).u8(0).u16(1).u64(TEXT_AT).u64(8);
    for (let unit = 0; unit < units; unit++) {
      for (let i = 0; i < this.shape.functionsPerUnit; i++) {
        w.u32(names.add(`work_${unit}_${i}`))
          .u8(0x12)
          .u8(0)
          .u16(1)
          .u64(this.functionAddress(unit, i))
          .u64(12);
      }
    }
    this.section('.symtab', { type: 2 }, [w.bytes()]);
    this.section('.strtab', { type: 3 }, [names.bytes()]);
  }

  private section(
    name: string,
    { type = 1, flags = 0, address = 0 }: { type?: number; flags?: number; address?: number },
    parts: Iterable<Uint8Array>,
  ): void {
    const at = this.end;
    for (const bytes of parts) {
      writeSync(this.file, bytes, 0, bytes.length, this.end);
      this.end += bytes.length;
    }
    this.sections.push({ name, type, flags, address, at, size: this.end - at });
    this.end = Math.ceil(this.end / ALIGNMENT) * ALIGNMENT;
  }

  private headers(): void {
    const names = new Strings();
    for (const { name } of this.sections) names.add(name);
    names.add('.shstrtab');
    this.section('.shstrtab', { type: 3 }, [names.bytes()]);
    const table = new Writer();
    const symbolNames = this.sections.findIndex(({ name }) => name === '.strtab');
    for (const { name, type, flags, address, at, size } of this.sections) {
      table
        .u32(name ? names.add(name) : 0)
        .u32(type)
        .u64(flags)
        .u64(address)
        .u64(at)
        .u64(size);
      table
        .u32(type === 2 ? symbolNames : 0)
        .u32(type === 2 ? 1 : 0)
        .u64(1)
        .u64(type === 2 ? 24 : 0);
    }
    const tableAt = this.end;
    writeSync(this.file, table.bytes(), 0, table.length, tableAt);
    const text = this.sections[1];
    const header = new Writer();
    header.u32(0x464c_457f).u8(2).u8(1).u8(1).u8(0).u64(0);
    header.u16(2).u16(243).u32(1).u64(TEXT_AT).u64(64).u64(tableAt).u32(0);
    header
      .u16(64)
      .u16(56)
      .u16(1)
      .u16(64)
      .u16(this.sections.length)
      .u16(this.sections.length - 1);
    header.u32(1).u32(5).u64(text.at).u64(TEXT_AT).u64(TEXT_AT).u64(text.size).u64(text.size).u64(ALIGNMENT);
    writeSync(this.file, header.bytes(), 0, header.length, 0);
  }
}

/** A string table that contains each string once. */
class Strings {
  private readonly offsets = new Map<string, number>([['', 0]]);
  private readonly parts: string[] = [''];
  private length = 1;

  add(text: string): number {
    let offset = this.offsets.get(text);
    if (offset === undefined) {
      offset = this.length;
      this.offsets.set(text, offset);
      this.parts.push(text);
      this.length += text.length + 1;
    }
    return offset;
  }

  bytes(): Uint8Array {
    return Buffer.from(`${this.parts.join('\0')}\0`, 'latin1');
  }
}

function buildIdSection(buildId: Uint8Array): Uint8Array {
  const w = new Writer();
  w.u32(4).u32(buildId.length).u32(3).u32(0x0055_4e47);
  for (const byte of buildId) w.u8(byte);
  return w.bytes();
}

/** The abbreviation table. Each entry consists of a tag, a flag for children, and pairs of attribute and form. */
function abbreviations(): Uint8Array {
  const w = new Writer();
  const [strp, data1, data2, ref4, addr, data8, exprloc, secOffset] = [0x0e, 0x0b, 0x05, 0x13, 0x01, 0x07, 0x18, 0x17];
  const declared = [0x03, strp, 0x3a, data1, 0x3b, data2];
  const table: number[][] = [
    [0x11, 1, 0x25, strp, 0x13, data1, 0x03, strp, 0x1b, strp, 0x11, addr, 0x12, data8, 0x10, secOffset],
    [0x24, 0, 0x0b, data1, 0x3e, data1, 0x03, strp],
    [0x13, 1, 0x03, strp, 0x0b, data1, 0x3a, data1, 0x3b, data2, 0x01, ref4],
    [0x0d, 0, ...declared, 0x49, ref4, 0x38, data1],
    [0x04, 1, 0x03, strp, 0x0b, data1, 0x3a, data1, 0x3b, data2, 0x01, ref4],
    [0x28, 0, 0x03, strp, 0x1c, data1],
    [0x16, 0, ...declared, 0x49, ref4],
    [0x34, 0, ...declared, 0x49, ref4, 0x02, exprloc],
    [0x2e, 1, ...declared, 0x49, ref4, 0x11, addr, 0x12, data8, 0x40, exprloc, 0x01, ref4],
    [0x05, 0, ...declared, 0x49, ref4, 0x02, exprloc],
    [0x2e, 0, ...declared],
    [0x1d, 0, 0x31, ref4, 0x11, addr, 0x12, data8],
    [0x34, 0, ...declared, 0x49, ref4, 0x02, secOffset],
  ];
  table.forEach(([tag, hasChildren, ...attributes], i) => {
    w.u8(i + 1)
      .u8(tag)
      .u8(hasChildren);
    for (const value of attributes) w.u8(value);
    w.u8(0).u8(0);
  });
  return w.u8(0).bytes();
}

function lineProgramBytes(functions: number): number {
  return lineProgram(0, functions, 0).length;
}

function lineProgram(unit: number, functions: number, address: number): Uint8Array {
  const w = new Writer();
  w.u32(0).u16(5).u8(8).u8(0).u32(0);
  const headerAt = w.length;
  w.u8(1).u8(1).u8(1).u8(0xfb).u8(14).u8(13);
  for (const count of [0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1]) w.u8(count);
  w.u8(1).u8(1).u8(0x08).u8(1).text('/build');
  w.u8(2).u8(1).u8(0x08).u8(2).u8(0x0b).u8(2);
  for (let i = 0; i < 2; i++) w.text(sourceName(unit)).u8(0);
  w.patch(headerAt - 4, w.length - headerAt);
  for (let i = 0; i < functions; i++) {
    w.u8(0)
      .u8(9)
      .u8(2)
      .u64(address + i * FUNCTION_BYTES);
    w.u8(3)
      .u8((10 * i + 10 - (i === 0 ? 1 : 10 * i + 2)) & 0x7f)
      .u8(1); // advance_line, copy
    w.u8(2).u8(4).u8(3).u8(1).u8(1); // advance_pc 4, advance_line 1, copy
    w.u8(2).u8(4).u8(3).u8(1).u8(1);
  }
  w.u8(2).u8(8).u8(0).u8(1).u8(1);
  w.patch(0, w.length - 4);
  return w.bytes();
}

/** The name of a unit's source file. All names have the same length, so that all line programs have the same length. */
const sourceName = (unit: number) => `src/unit_${String(unit).padStart(5, '0')}.c`;

const upper = (offset: number) => ((offset + 0x800) & 0xffff_f000) >>> 0;
const lower = (offset: number) => ((offset & 0xfff) << 20) >>> 0;
