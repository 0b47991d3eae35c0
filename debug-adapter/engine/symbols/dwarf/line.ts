import { ByteCursor } from '../byteCursor.ts';
import { MalformedData } from '../damage.ts';
import type { SourceFile } from '../symbols.ts';
import { joinPath } from '../lines/paths.ts';
import { readForm, type FormSizes } from './forms.ts';
import type { SectionSource } from '../elf/debugSections.ts';
import { stringIn } from './str.ts';
import { symbolDamage } from '../../../messages/symbolDamage.ts';

/** The header of a unit's line number program in `.debug_line` (DWARF 5, section 6.2.4). */
export interface LineHeader {
  version: number;
  minimumInstructionLength: number;
  defaultIsStatement: boolean;
  lineBase: number;
  lineRange: number;
  opcodeBase: number;
  /** The number of LEB128 operands of each standard opcode, from opcode 1. */
  operandCounts: number[];
  /**
   * The source files, indexed by the file numbers that the program and DW_AT_decl_file use. Unused numbers are
   * undefined.
   */
  files: (SourceFile | undefined)[];
  /** The line number program, which lineProgram.ts runs. */
  program: ByteCursor;
}

/**
 * Reads the header of a unit's line number program: the encoding of its opcodes, and its file table. lineProgram.ts
 * runs the program itself.
 */
export function readLineHeader(
  sections: SectionSource,
  { name, offset, compDir, unitName }: { name: string; offset: number; compDir: string; unitName: string },
): LineHeader {
  const readText: ReadText = (section, at) => stringIn(sections, section, at);
  const { names, ...header } = readHeader(sections, { name, offset, readText });
  return { ...header, files: resolveFiles(names, { compDir, unitName, version: header.version }) };
}

/** Reads a string by its offset in a section. */
export type ReadText = (section: '.debug_str' | '.debug_line_str', offset: number) => string;

/** The names in the file table of a line number program in `.debug_line`, without their directories. */
export function lineFileNames(sections: SectionSource, offset: number, readText: ReadText): string[] {
  return readHeader(sections, { name: '.debug_line', offset, readText }).names.files.map((file) => file.name);
}

function readHeader(
  sections: SectionSource,
  { name, offset, readText }: { name: string; offset: number; readText: ReadText },
): Omit<LineHeader, 'files'> & { names: FileNames } {
  const section = new ByteCursor(sections.get(name), offset);
  const { length, is64 } = section.unitLength();
  const c = section.subCursor(length);
  const version = c.u16();
  if (version < 2 || version > 5) throw new MalformedData('.debug_line', symbolDamage.version(version));
  // address_size and segment_selector_size are not needed: DW_LNE_set_address specifies the length of its address.
  if (version >= 5) c.skip(2);
  const headerLength = c.offset(is64);
  const header = c.subCursor(headerLength);
  const minimumInstructionLength = header.u8();
  if (version >= 4) header.u8(); // maximum_operations_per_instruction is 1, since RISC-V is not VLIW
  const defaultIsStatement = header.u8() !== 0;
  const lineBase = header.i8();
  const lineRange = header.u8();
  const opcodeBase = header.u8();
  if (lineRange === 0) throw new MalformedData('.debug_line', symbolDamage.lineRange());
  const operandCounts = Array.from({ length: Math.max(0, opcodeBase - 1) }, () => header.u8());
  const names = version >= 5 ? readFiles(readText, header, { version, is64, addressBytes: 8 }) : readOldFiles(header);
  const opcodes = { minimumInstructionLength, defaultIsStatement, lineBase, lineRange, opcodeBase, operandCounts };
  return { version, ...opcodes, names, program: c };
}

interface FileNames {
  directories: string[];
  files: { name: string; directory: number }[];
}

/**
 * In versions 2 to 4, an empty name ends each of the two tables (directories and files). Numbers start at 1; directory
 * 0 is comp_dir.
 */
function readOldFiles(c: ByteCursor): FileNames {
  const directories = [''];
  for (let name = c.string(); name !== ''; name = c.string()) directories.push(name);
  const files: FileNames['files'] = [];
  for (let name = c.string(); name !== ''; name = c.string()) {
    files.push({ name, directory: c.uleb() });
    c.skipLeb(); // modification time
    c.skipLeb(); // file length
  }
  return { directories, files };
}

/** In version 5, each table describes its own format. Numbers start at 0; entry 0 is the unit's directory or file. */
function readFiles(readText: ReadText, c: ByteCursor, sizes: FormSizes): FileNames {
  const directories = readEntries(readText, c, sizes).map((entry) => entry.name);
  return { directories, files: readEntries(readText, c, sizes) };
}

function readEntries(readText: ReadText, c: ByteCursor, sizes: FormSizes): FileNames['files'] {
  const format = Array.from({ length: c.u8() }, () => ({ content: c.uleb(), form: c.uleb() }));
  const count = c.uleb();
  // Limit the count: entries may be zero bytes long, so a damaged file could declare a huge table.
  if (count > c.end - c.at) throw new MalformedData('.debug_line', symbolDamage.fileTableTooLong());
  return Array.from({ length: count }, () => {
    const entry = { name: '', directory: 0 };
    for (const { content, form } of format) {
      const value = readForm(c, form, sizes, undefined);
      if (content === LNCT_PATH) entry.name = textOf(readText, value);
      if (content === LNCT_DIRECTORY_INDEX && value.kind === 'constant') entry.directory = Number(value.value);
    }
    return entry;
  });
}

function textOf(readText: ReadText, value: ReturnType<typeof readForm>): string {
  if (value.kind === 'text') return value.value;
  return value.kind === 'textAt' ? readText(value.section, value.offset) : '';
}

/** Builds each full path from comp_dir, the directory and the name; an absolute part replaces the parts before it. */
function resolveFiles(
  { directories, files }: FileNames,
  { compDir, unitName, version }: { compDir: string; unitName: string; version: number },
): (SourceFile | undefined)[] {
  const resolved = files.map(({ name, directory }) => {
    const folder = joinPath(compDir, directories[directory] ?? '');
    return { path: joinPath(folder, name), name, compDir };
  });
  // Before version 5, the table does not list the unit's own file.
  if (version >= 5) return resolved;
  const own = unitName === '' ? undefined : { path: joinPath(compDir, unitName), name: unitName, compDir };
  return [own, ...resolved];
}

const LNCT_PATH = 1;
const LNCT_DIRECTORY_INDEX = 2;
