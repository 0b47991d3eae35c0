/** The hart and the disassembler decode the same bits to the same instruction with the same operands. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeInstruction } from '../../../debug-adapter/engine/isa/decodeInstruction.ts';
import { encode } from '../../../debug-adapter/engine/isa/expansion.ts';
import { formOf } from '../../../debug-adapter/engine/isa/forms.ts';
import { instructionNamed, instructionOf, instructions } from '../../../debug-adapter/engine/isa/instructions.ts';
import { decode } from '../../../debug-adapter/engine/machine/cpu/decode.ts';
import { OPERATION_NAMES } from '../../../debug-adapter/engine/machine/cpu/operations.ts';
import { times } from '../../support/extent.ts';
import { SeededRandom } from '../../support/seededRandom.ts';

const FLOAT_0 = 33;
/** The number of random words that are checked in each of two ways for each opcode, funct3 and funct7. */
const ROUNDS = times({ quick: 1, long: 4 });

/** Instructions that the disassembler supports but the hart does not. */
const NOT_IMPLEMENTED = new Set(['uret', 'dret', 'hinval.vvma', 'hinval.gvma']);
/** Operations without decoded operands: the hart reads the operands from the instruction bits, or ignores them. */
const WITHOUT_OPERANDS = new Set(['NOP', 'SYSTEM', 'WRS', 'ILLEGAL']);
const GROUPS: [RegExp, string][] = [
  [/^lui$/, 'LI'],
  [/^(jal|beq|bne|blt|bge|bltu|bgeu)$/, '$1_NEAR'],
  [/^fence(\.i)?$/, 'NOP'],
  [/^csrr[swc]i?$/, 'CSR'],
  [/^(ecall|ebreak|[ms]ret|wfi|sfence\.vma|sinval\.vma|sfence\.w\.inval|sfence\.inval\.ir)$/, 'SYSTEM'],
  [/^wrs\.[ns]to$/, 'WRS'],
  [/^cbo\.(inval|clean|flush)$/, 'CBO'],
  [/^amo\w+(\.[wd])\*$/, 'AMO$1'],
  [/^(lr|sc)(\.[wd])\*$/, '$1$2'],
];

/** The name of the hart's operation for a mnemonic from the instruction tables. */
function operationOf(mnemonic: string): string {
  const [pattern, name] = GROUPS.find(([known]) => known.test(mnemonic)) ?? [/$/, ''];
  return mnemonic.replace(pattern, name).toUpperCase().replaceAll('.', '_');
}

const TEMPLATES = new Map(instructions().map(({ mnemonic, operands }) => [mnemonic, operands]));

interface Instruction {
  operation: string;
  operands?: { rd: number; rs1: number; rs2: number; immediate: number };
}

/** Decodes an instruction with the disassembler's tables; the result is in the hart's notation. */
function listed(bits: number): Instruction {
  const { mnemonic, rd, rs1, rs2, immediate, ...others } = decodeInstruction(bits);
  const { mode } = others as { mode?: number };
  if (!mnemonic || NOT_IMPLEMENTED.has(mnemonic) || mode === 5 || mode === 6) return { operation: 'ILLEGAL' };
  const operation = operationOf(mnemonic);
  const template = TEMPLATES.get(mnemonic)!;
  const number = (name: string, register: number): number =>
    new RegExp(`\\bf${name}\\b`).test(template) ? FLOAT_0 + register : register;
  const isUpper = template.endsWith('upper');
  const isAmo = operation.startsWith('AMO');
  return canonical(operation, {
    rd: number('rd', rd),
    rs1: number('rs1', rs1),
    rs2: number('rs2', rs2),
    immediate: isUpper ? immediate << 12 : isAmo ? bits >>> 27 : (mode ?? immediate),
  });
}

/** Decodes an instruction as the hart does. */
function executed(bits: number): Instruction {
  const { operation, rd, rs1, rs2, immediate } = decode(bits);
  const name = OPERATION_NAMES[operation];
  const isFloat = /^F/.test(name) && !/^F[LS][HWD]$/.test(name);
  // The upper bits of a floating-point operation's immediate are not part of the instruction.
  const hasMode = isFloat && !/^F(MV|SGNJ|MIN|MAX|LE|LT|EQ|CLASS)/.test(name);
  return canonical(name, { rd, rs1, rs2, immediate: hasMode ? immediate & 7 : isFloat ? 0 : immediate });
}

/** Replaces the hart's pseudo-instructions with the instructions that they abbreviate. */
function canonical(operation: string, operands: NonNullable<Instruction['operands']>): Instruction {
  const { rd, rs1, immediate } = operands;
  if (operation === 'J_NEAR') return { operation: 'JAL_NEAR', operands };
  if (operation === 'MV') return canonical('ADDI', { ...operands, immediate: 0 });
  if (operation === 'ADDI' && rs1 === 0) return canonical('LI', operands);
  if (operation === 'LI' && rd === 0) return { operation: 'NOP' };
  if (WITHOUT_OPERANDS.has(operation)) return { operation };
  return { operation, operands: { ...operands, immediate: immediate | 0 } };
}

const check = (bits: number): void =>
  assert.deepEqual(executed(bits), listed(bits), `0x${(bits >>> 0).toString(16)}, ${formOf(bits)?.mnemonic}`);

test('the hart and the disassembler agree on every compressed instruction', () => {
  for (let half = 0; half < 0x1_0000; half++) if ((half & 3) !== 3) check(half);
});

test('the hart and the disassembler agree on 32-bit words with every opcode, funct3 and funct7', (t) => {
  const random = SeededRandom.forTest(t);
  for (let fields = 0; fields < 32 * 8 * 128; fields++) {
    const word = 3 | ((fields & 31) << 2) | (((fields >> 5) & 7) << 12) | ((fields >> 8) << 25);
    // In half of the words, rs1 is small and rs2 is 0, because some instructions require a specific value in these
    // fields.
    for (let round = 0; round < ROUNDS; round++) check(word | (random.below(32) << 7) | (random.below(8) << 15));
    for (let round = 0; round < ROUNDS; round++) check(word | (random.uint32() & 0x01ff_8f80));
  }
});

test('the hart and the disassembler agree on all instructions, and on words that differ from them in one bit', (t) => {
  const random = SeededRandom.forTest(t);
  for (const { mask, value } of instructions()) {
    for (let bit = 2; bit < 32; bit++) {
      const word = value | (random.uint32() & ~mask);
      check(word);
      check(word ^ (1 << bit));
    }
  }
});

test('no word matches the encodings of two instructions', () => {
  const all = instructions();
  const pairs = all.flatMap((a, i) => all.slice(i + 1).map((b) => [a, b] as const));
  const both = pairs.filter(([a, b]) => ((a.value ^ b.value) & a.mask & b.mask) === 0);
  assert.deepEqual(
    both.map(([a, b]) => `${a.mnemonic} and ${b.mnemonic}`),
    [],
  );
});

test('an instruction can be encoded from its text', () => {
  assert.equal(encode('addi sp,sp,-16') >>> 0, 0xff010113);
  assert.equal(encode('sd s0,-24(a5)') >>> 0, 0xfe87b423);
  assert.equal(encode('mret'), 0x30200073);
  assert.equal(encode('bne a0,zero,-6') >>> 0, 0xfe051de3);
  assert.equal(encode('jal ra,-4') >>> 0, 0xffdff0ef);
  assert.equal(encode('lui a0,0xfffff') >>> 0, 0xfffff537);
  assert.throws(() => encode('addi sp,sp'), /operands/);
  assert.throws(() => encode('addi sp,sp,x'), /unknown operand/);
  assert.throws(() => encode('bogus'), /unknown instruction/);
});

test('instructions can be found by encoding and by name, and each one belongs to an extension', () => {
  assert.equal(instructionOf(encode('czero.eqz a0,a1,a2'))?.extension, 'zicond');
  assert.equal(instructionNamed('fcvt.s.h').extension, 'zfhmin');
  for (const instruction of instructions()) assert.equal(instructionOf(instruction.value), instruction);
});
