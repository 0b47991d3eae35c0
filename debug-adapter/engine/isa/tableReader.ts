import { assert } from '../base/assert.ts';

/** How an instruction is shown: under its own name or as a pseudo-instruction. */
export interface Form {
  /** `data` if the disassembly shows the instruction as data, although a hart executes it. */
  mnemonic: string;
  /** A template such as `rd,imm(rs1)`, which consists of operand names and literals. */
  operands: string;
}

/** One row of the instruction tables. A word `bits` encodes the instruction if `bits & mask` equals `value`. */
export interface Row<Extension extends string> extends Form {
  /** The index in the list that `readTables` returns. */
  index: number;
  extension: Extension;
  mask: number;
  value: number;
  /** The rows of the pseudo-instructions that abbreviate the instruction, as unparsed text. */
  forms: string[];
}

/**
 * Parses instruction tables, one for each extension. A row consists of the mnemonic, the operands (`.` for none), and
 * the encoding in the manual's notation, from the highest bit to the lowest. In the encoding, 0 and 1 are fixed bits,
 * `-` matches either value, and spaces only separate fields. Every encoding must be `widthBits` bits long.
 *
 * The indented rows that follow an instruction are the pseudo-instructions that abbreviate it. Such a row consists of
 * the mnemonic, the operands, and the conditions under which the pseudo-instruction is used, for example `rd=0` or
 * `frs2=frs1`.
 */
export function readTables<Extension extends string>(
  tables: Readonly<Record<Extension, string>>,
  widthBits: 16 | 32,
): Row<Extension>[] {
  const rows: Row<Extension>[] = [];
  for (const extension in tables) {
    for (const line of tables[extension].split('\n')) {
      if (line.startsWith('  ')) rows[rows.length - 1].forms.push(line);
      else if (line !== '') rows.push(readRow(line, widthBits, rows.length, extension));
    }
  }
  return rows;
}

/**
 * Reads the encoding from right to left, with plain arithmetic. Parsing must be fast, because a guest cannot start
 * until the tables are parsed.
 */
function readRow<Extension extends string>(
  line: string,
  widthBits: number,
  index: number,
  extension: Extension,
): Row<Extension> {
  let mask = 0;
  let value = 0;
  let at = line.length;
  for (let bit = 0; bit < widthBits; at--) {
    const character = line.charCodeAt(at - 1);
    if (character === SPACE) continue;
    assert(character === ZERO || character === ONE || character === DASH, 'an encoding has all its bits');
    if (character !== DASH) mask |= 1 << bit;
    if (character === ONE) value |= 1 << bit;
    bit++;
  }
  const end = line.indexOf(' ');
  return {
    mnemonic: line.slice(0, end),
    operands: operandsIn(line.slice(end, at)),
    index,
    extension,
    mask,
    value,
    forms: [],
  };
}

const [SPACE, DASH, ZERO, ONE] = [0x20, 0x2d, 0x30, 0x31];

/** The operands in a table column, in which `.` stands for none. */
export function operandsIn(column: string): string {
  const operands = column.trim();
  return operands === '.' ? '' : operands;
}
