/** The disassembly matches objdump's for all guest code, all compressed instructions and words with every opcode. */
import assert from 'node:assert/strict';
import { globSync } from 'node:fs';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { disassembleOne } from '../../../debug-adapter/engine/index.ts';
import { SeededRandom } from '../../support/seededRandom.ts';
import { requireTool } from '../../support/tools.ts';
import { supportsAllInstructions, type ListedInstruction, listBytes, listElf, OBJDUMP } from './objdump.ts';
import { longTest, some } from '../../support/extent.ts';

const ELF_FILES = globSync('test/**/*.elf', { cwd: path.resolve(import.meta.dirname, '../../..') });

for (const file of some(ELF_FILES, 5)) {
  test(`the code of ${file} disassembles as in objdump`, (t) => {
    if (!requireTool(OBJDUMP, t)) return;
    // Some files have strings between their functions. objdump decodes fewer of the strings' bytes as instructions than
    // blkreplay does, since the ELF attributes do not list F and D.
    const listed = listElf(file).filter(({ text }) => !/^\.(\dbyte|word|short) /.test(text));
    assert.ok(listed.length > 5, 'the file has code');
    assertSame(listed);
  });
}

test('all 65,536 halfwords disassemble as in objdump, as compressed instructions or as the low half of words', (t) => {
  if (!requireTool(OBJDUMP, t)) return;
  const random = SeededRandom.forTest(t);
  const halves = Array.from({ length: 0x10000 }, (_, half) => half).filter((half) => !isLonger(half));
  const bytes = halves.flatMap((half) => [half, ...((half & 3) === 3 ? [random.below(0x10000)] : [])]);
  const listed = listBytes(new Uint8Array(Uint16Array.from(bytes).buffer));
  assert.equal(listed.length, halves.length);
  assertSame(listed);
});

longTest('32-bit words with every opcode, funct3 and funct7 disassemble as in objdump', (t) => {
  if (!requireTool(OBJDUMP, t)) return;
  const random = SeededRandom.forTest(t);
  const kinds = Array.from({ length: 8 * 128 * 32 }, (_, kind) => kind);
  const words = kinds.flatMap((kind) => {
    const opcode = ((kind & 31) << 2) | 3;
    const word = opcode | (((kind >> 5) & 7) << 12) | ((kind >> 8) << 25);
    return isLonger(word) ? [] : Array.from({ length: 8 }, () => word | registers(random));
  });
  assertWords(words, t);
});

test('system instructions with every 12-bit immediate disassemble as in objdump', (t) => {
  if (!requireTool(OBJDUMP, t)) return;
  const random = SeededRandom.forTest(t);
  const numbers = Array.from({ length: 8 * 4096 }, (_, i) => (((i & 0xfff) << 20) | ((i >> 12) << 12) | 0x73) >>> 0);
  assertWords(
    numbers.flatMap((word) => [word, word | (registers(random) & 0xfff80)]),
    t,
  );
});

test('cache-block operations and prefetches with every 12-bit immediate disassemble as in objdump', (t) => {
  if (!requireTool(OBJDUMP, t)) return;
  const random = SeededRandom.forTest(t);
  const rs1 = (): number => random.below(32) << 15;
  const numbers = Array.from({ length: 4096 }, (_, i) => i << 20);
  assertWords(
    numbers.flatMap((number) => [number | rs1() | 0x200f, number | rs1() | 0x6013].map((word) => word >>> 0)),
    t,
  );
});

test('random 32-bit words disassemble as in objdump', (t) => {
  if (!requireTool(OBJDUMP, t)) return;
  const random = SeededRandom.forTest(t);
  const words = Array.from({ length: 100_000 }, () => random.uint32() | 3).filter((word) => !isLonger(word));
  assertWords(words, t);
});

test('an address is shown with its symbol if it has one', () => {
  const jump = 0x0100006f;
  assert.equal(disassembleOne(jump, 0x8000_0000n).text, 'j 0x80000010');
  assert.equal(disassembleOne(jump, 0x8000_0000n, () => 'main+0x4').text, 'j 80000010 <main+0x4>');
  assert.equal(disassembleOne(jump, -16n).text, 'j 0x0', 'addresses wrap around');
});

test('instructions that older versions of objdump cannot decode are disassembled', () => {
  assert.equal(disassembleOne(0x0ee0d1b3, 0n).text, 'czero.eqz gp,ra,a4');
  assert.equal(disassembleOne(0x0e637c33, 0n).text, 'czero.nez s8,t1,t1');
});

test('bits that encode no instruction are shown as data', () => {
  assert.deepEqual(disassembleOne(0xffff_ffff, 0n), { text: '.4byte 0xffffffff', lengthBytes: 4 });
  assert.deepEqual(disassembleOne(-1, 0n), { text: '.4byte 0xffffffff', lengthBytes: 4 });
  assert.deepEqual(disassembleOne(0x1234_0004, 0n), { text: '.2byte 0x4', lengthBytes: 2 });
});

/** objdump takes these bits for the start of an instruction of 48 or more bits; blkreplay shows them as `.4byte`. */
const isLonger = (bits: number): boolean => (bits & 0x1f) === 0x1f;

/**
 * Random rd, rs1 and rs2, sometimes with register numbers for which the instruction is shown as a pseudo-instruction.
 */
function registers(random: SeededRandom): number {
  const register = (): number => (random.chance(0.3) ? random.below(6) : random.below(32));
  const [rd, rs1] = [register(), register()];
  const rs2 = random.chance(0.2) ? rs1 : register();
  return (rd << 7) | (rs1 << 15) | (rs2 << 20);
}

function assertWords(words: number[], t: TestContext): void {
  const listed = listBytes(new Uint8Array(Uint32Array.from(words).buffer));
  assert.equal(listed.length, words.length);
  const known = listed.filter(({ text }) => !text.startsWith('.4byte')).length;
  t.diagnostic(`${words.length} words, ${known} of them instructions`);
  assert.ok(known > words.length / 100);
  assertSame(listed);
}

/** Compares blkreplay's disassembly with objdump's, using the symbols that objdump shows for the addresses. */
function assertSame(listed: readonly ListedInstruction[]): void {
  const symbols = new Map(listed.flatMap(({ text }) => symbolsIn(text)));
  const isUnknown = (bits: number): boolean => !knows && isConditionalZero(bits);
  const knows = supportsAllInstructions();
  const ours = listed.map(({ bits, address }) => disassembleOne(bits, address, (at) => symbols.get(at)));
  const differences = listed.flatMap(({ bits, text, lengthBytes }, i) => {
    const same = comparable(ours[i].text) === comparable(text) && ours[i].lengthBytes === lengthBytes;
    return same || isDeliberate(bits) || isUnknown(bits)
      ? []
      : [`${bits.toString(16)}: objdump: ${text}, ours: ${ours[i].text}`];
  });
  assert.deepEqual(differences.slice(0, 20), []);
}

function symbolsIn(text: string): [bigint, string][] {
  const [, address, symbol] = /\b([0-9a-f]+) <(.*)>$/.exec(text) ?? [];
  return address === undefined ? [] : [[BigInt(`0x${address}`), symbol]];
}

/**
 * Before version 2.41, objdump wrote `add` for addi, `sll` for slli and `csrs` for csrsi. blkreplay uses the manual's
 * names.
 */
const comparable = (text: string): string =>
  text.replace(/^(add|and|or|xor|slt|sll|srl|sra|ror|bclr|bext|binv|bset|csrr?[wsc])i(w|u|\.uw)? /, '$1$2 ');

const isConditionalZero = (bits: number): boolean => [0x0e005033, 0x0e007033].includes((bits & 0xfe00707f) >>> 0);

/**
 * Whether the difference from objdump is deliberate. This is the case for draft instructions that version 1.10 of the
 * privileged manual removed, for one reserved instruction, and for a hint. objdump shows the hint as a fence if the
 * file's attributes do not list the hint's extension.
 */
function isDeliberate(bits: number): boolean {
  const isHret = bits === 0x20200073;
  const isSfenceVm = (bits & 0xfff07fff) >>> 0 === 0x10400073;
  const isAdjustByNothing = bits === 0x6101; // C.ADDI16SP with an immediate of 0
  const isPause = bits === 0x0100000f;
  return isHret || isSfenceVm || isAdjustByNothing || isPause;
}
