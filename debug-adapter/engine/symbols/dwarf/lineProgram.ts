import { MalformedData } from '../damage.ts';
import type { ByteCursor } from '../byteCursor.ts';
import type { LineHeader } from './line.ts';
import { symbolDamage } from '../../../messages/symbolDamage.ts';

/** A row of the line number table. */
export interface LineRow {
  /** The address, without the load bias. */
  address: bigint;
  file: number;
  line: number;
  column: number;
  isStatement: boolean;
  prologueEnd: boolean;
  endSequence: boolean;
  discriminator: number;
}

/**
 * Runs a line number program (DWARF 5, section 6.2.5) and passes each row to `onRow`, in program order. The row object
 * is reused, so `onRow` must copy a row to keep it. Each opcode takes at least one byte and emits at most one row, so
 * the section's size bounds the work.
 */
export function runLineProgram(header: LineHeader, onRow: (row: Readonly<LineRow>) => void): void {
  const { program: start, minimumInstructionLength, lineBase, lineRange, opcodeBase } = header;
  // Use a copy of the cursor, because a header's program may be run several times.
  const c = start.clone();
  const row = firstRow(header);
  const advance = (operations: number) => {
    row.address = BigInt.asUintN(64, row.address + BigInt(operations * minimumInstructionLength));
  };
  const emit = () => {
    onRow(row);
    row.discriminator = 0;
    row.prologueEnd = false;
  };
  while (!c.atEnd) {
    const opcode = c.u8();
    if (opcode >= opcodeBase) {
      const adjusted = opcode - opcodeBase;
      advance(Math.floor(adjusted / lineRange));
      row.line += lineBase + (adjusted % lineRange);
      emit();
    } else if (opcode === 0) {
      extendedOpcode(c, row);
      if (row.endSequence) {
        emit();
        Object.assign(row, firstRow(header));
      }
    } else if (opcode === LNS.copy) emit();
    else if (opcode === LNS.constAddPc) advance(Math.floor((255 - opcodeBase) / lineRange));
    else if (opcode === LNS.advancePc) advance(c.uleb());
    else standardOpcode(c, opcode, header, row);
  }
}

function standardOpcode(c: ByteCursor, opcode: number, header: LineHeader, row: LineRow): void {
  switch (opcode) {
    case LNS.advanceLine:
      row.line += c.sleb();
      return;
    case LNS.setFile:
      row.file = c.uleb();
      return;
    case LNS.setColumn:
      row.column = c.uleb();
      return;
    case LNS.negateStmt:
      row.isStatement = !row.isStatement;
      return;
    case LNS.setBasicBlock:
    case LNS.setEpilogueBegin:
      return;
    case LNS.fixedAdvancePc:
      row.address = BigInt.asUintN(64, row.address + BigInt(c.u16()));
      return;
    case LNS.setPrologueEnd:
      row.prologueEnd = true;
      return;
    default:
      for (let i = 0; i < header.operandCounts[opcode - 1]; i++) c.skipLeb();
  }
}

function extendedOpcode(section: ByteCursor, row: LineRow): void {
  const length = section.uleb();
  if (length === 0) throw new MalformedData('.debug_line', symbolDamage.opcodeEmpty());
  const c = section.subCursor(length);
  const opcode = c.u8();
  if (opcode === LNE_END_SEQUENCE) row.endSequence = true;
  else if (opcode === LNE_SET_ADDRESS) row.address = c.unsigned(length - 1);
  else if (opcode === LNE_SET_DISCRIMINATOR) row.discriminator = c.uleb();
}

function firstRow(header: LineHeader): LineRow {
  const isStatement = header.defaultIsStatement;
  const flags = { isStatement, prologueEnd: false, endSequence: false };
  return { address: 0n, file: 1, line: 1, column: 0, discriminator: 0, ...flags };
}

const LNS = {
  copy: 1,
  advancePc: 2,
  advanceLine: 3,
  setFile: 4,
  setColumn: 5,
  negateStmt: 6,
  setBasicBlock: 7,
  constAddPc: 8,
  fixedAdvancePc: 9,
  setPrologueEnd: 10,
  setEpilogueBegin: 11,
};
const LNE_END_SEQUENCE = 1;
const LNE_SET_ADDRESS = 2;
const LNE_SET_DISCRIMINATOR = 4;
