import { ByteCursor } from '../byteCursor.ts';
import { Damage } from '../damage.ts';
import type { SourceFile } from '../symbols.ts';
import { joinPath } from '../lines/paths.ts';
import { readForm, type FormSizes } from './forms.ts';
import type { DebugInfo } from './info.ts';
import { stringIn } from './str.ts';

/**
 * The header of a unit's line number program in `.debug_line` (DWARF 5, section 6.2.4): how its opcodes are meant, and
 * its files. The program itself runs in lineProgram.ts.
 */
export interface LineHeader {
  version: number;
  minimumInstructionLength: number;
  defaultIsStatement: boolean;
  lineBase: number;
  lineRange: number;
  opcodeBase: number;
  /** How many LEB128 operands each standard opcode has, from opcode 1 on. */
  operandCounts: number[];
  /** By the numbers that the program and DW_AT_decl_file use; holes are undefined. */
  files: (SourceFile | undefined)[];
  /** The program. */
  program: ByteCursor;
}

export function readLineHeader(
  info: DebugInfo,
  { offset, compDir, unitName }: { offset: number; compDir: string; unitName: string },
): LineHeader {
  const section = new ByteCursor(info.sections.get('.debug_line'), offset);
  const { length, is64 } = section.unitLength();
  const c = section.part(length);
  const version = c.u16();
  if (version < 2 || version > 5) throw new Damage('.debug_line', `version ${version} is unknown`);
  if (version >= 5) c.skip(2); // address_size, segment_selector_size: set_address says its own length
  const headerLength = c.offset(is64);
  const header = c.part(headerLength);
  const minimumInstructionLength = header.u8();
  if (version >= 4) header.u8(); // maximum_operations_per_instruction: 1, RISC-V is no VLIW
  const defaultIsStatement = header.u8() !== 0;
  const lineBase = header.i8();
  const lineRange = header.u8();
  const opcodeBase = header.u8();
  if (lineRange === 0) throw new Damage('.debug_line', 'line_range is 0');
  const operandCounts = Array.from({ length: Math.max(0, opcodeBase - 1) }, () => header.u8());
  const names = version >= 5 ? readFiles(info, header, { version, is64, addressBytes: 8 }) : readOldFiles(header);
  const files = resolveFiles(names, { compDir, unitName, version });
  const opcodes = { minimumInstructionLength, defaultIsStatement, lineBase, lineRange, opcodeBase, operandCounts };
  return { version, ...opcodes, files, program: c };
}

interface FileNames {
  directories: string[];
  files: { name: string; directory: number }[];
}

/** Versions 2 to 4: directories and files end with an empty name; numbers begin at 1, directory 0 is comp_dir. */
function readOldFiles(c: ByteCursor): FileNames {
  const directories = [''];
  for (let name = c.string(); name !== ''; name = c.string()) directories.push(name);
  const files: FileNames['files'] = [];
  for (let name = c.string(); name !== ''; name = c.string()) {
    files.push({ name, directory: c.uleb() });
    c.skipLeb(); // time
    c.skipLeb(); // length
  }
  return { directories, files };
}

/** Version 5: tables that say themselves what they hold. Numbers begin at 0: the unit's directory and file. */
function readFiles(info: DebugInfo, c: ByteCursor, sizes: FormSizes): FileNames {
  const directories = readEntries(info, c, sizes).map((entry) => entry.name);
  return { directories, files: readEntries(info, c, sizes) };
}

function readEntries(info: DebugInfo, c: ByteCursor, sizes: FormSizes): FileNames['files'] {
  const format = Array.from({ length: c.u8() }, () => ({ content: c.uleb(), form: c.uleb() }));
  const count = c.uleb();
  // An entry without content takes no bytes: damage must not make an endless table of such.
  if (count > c.end - c.at) throw new Damage('.debug_line', 'a table of files is too long');
  return Array.from({ length: count }, () => {
    const entry = { name: '', directory: 0 };
    for (const { content, form } of format) {
      const value = readForm(c, form, sizes, undefined);
      if (content === LNCT_PATH) entry.name = textOf(info, value);
      if (content === LNCT_DIRECTORY_INDEX && value.kind === 'constant') entry.directory = Number(value.value);
    }
    return entry;
  });
}

function textOf(info: DebugInfo, value: ReturnType<typeof readForm>): string {
  if (value.kind === 'text') return value.value;
  return value.kind === 'textAt' ? stringIn(info.sections, value.section, value.offset) : '';
}

/** Paths as a person would open them: the directory before the name, comp_dir before that, unless absolute. */
function resolveFiles(
  { directories, files }: FileNames,
  { compDir, unitName, version }: { compDir: string; unitName: string; version: number },
): (SourceFile | undefined)[] {
  const resolved = files.map(({ name, directory }) => {
    const folder = joinPath(compDir, directories[directory] ?? '');
    return { path: joinPath(folder, name), name, compDir };
  });
  // Before version 5 the unit's own file had no number of its own beside those of the table.
  if (version >= 5) return resolved;
  return [{ path: joinPath(compDir, unitName), name: unitName, compDir }, ...resolved];
}

const LNCT_PATH = 1;
const LNCT_DIRECTORY_INDEX = 2;
