import { assert } from '../base/assert.ts';
import { lazy } from '../base/once.ts';
import { FLOATING_POINT } from './floatingPoint.ts';
import { INTEGER } from './integer.ts';
import { SYSTEM } from './system.ts';
import { readTables, type Row } from './tableReader.ts';

const TABLES = { ...INTEGER, ...FLOATING_POINT, ...SYSTEM };

/** A 32-bit instruction. The extension `n` was removed from the manual; `debug` stands for the debug specification. */
export type Instruction = Row<keyof typeof TABLES>;

/**
 * The 32-bit instructions of RV64GC, of the extensions in the tables, and of the privileged architecture. The list
 * includes extensions that this machine does not implement, because guest code may still contain their instructions.
 * The tables are parsed on first use, so that they do not delay startup. No two encodings overlap.
 */
export const instructions = lazy((): readonly Instruction[] => readTables(TABLES, 32));

/** The instruction with this mnemonic; an assertion fails if there is none. */
export function instructionNamed(mnemonic: string): Instruction {
  const instruction = byName().get(mnemonic);
  assert(instruction !== undefined, `unknown instruction ${mnemonic}`);
  return instruction;
}

const byName = lazy(() => new Map(instructions().map((instruction) => [instruction.mnemonic, instruction])));

/** The instruction that a 32-bit word encodes; undefined if the encoding is reserved or unknown. */
export function instructionOf(word: number): Instruction | undefined {
  if ((word & 3) !== 3) return undefined;
  const candidates = candidatesFor(word);
  for (let i = 0; i < candidates.length; i++) {
    if ((word & candidates[i].mask) === candidates[i].value) return candidates[i];
  }
  return undefined;
}

/**
 * The instructions whose opcode and funct3 match a word. If all instructions with the opcode have a funct7 field, it
 * must match too.
 */
function candidatesFor(word: number): Instruction[] {
  const opcode = (word >>> 2) & 0x1f;
  const { list, fields, byFields } = byOpcode()[opcode];
  const key = ((word & fields) >>> 25) | ((word >>> 5) & 0x380);
  return (byFields[key] ??= list.filter(({ mask, value }) => ((value ^ word) & mask & fields) === 0));
}

interface Opcode {
  list: Instruction[];
  /** A mask of the bits of funct3. It includes the bits of funct7 if all instructions in the list have that field. */
  fields: number;
  /**
   * The instructions with a given funct7 and funct3, indexed by these fields. Each list is created when it is needed.
   */
  byFields: Instruction[][];
}

const byOpcode = lazy(() => {
  const opcodes = Array.from({ length: 32 }, (): Opcode => ({ list: [], fields: FUNCT7 | FUNCT3, byFields: [] }));
  for (const instruction of instructions()) {
    const opcode = opcodes[(instruction.value >>> 2) & 0x1f];
    opcode.list.push(instruction);
    if ((instruction.mask & FUNCT5) !== FUNCT5) opcode.fields = FUNCT3;
  }
  return opcodes;
});

const FUNCT3 = 0x7000;
const FUNCT7 = 0xfe00_0000 | 0;
/** The part of funct7 that every atomic instruction specifies; the other two bits of funct7 encode the ordering. */
const FUNCT5 = 0xf800_0000 | 0;
