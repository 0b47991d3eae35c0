/** A prologue is recognized both with compressed and with 32-bit instructions. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { expand } from '../../../debug-adapter/engine/isa/expansion.ts';
import { type Prologue, scanPrologue } from '../../../debug-adapter/engine/symbols/unwinding/prologueScan.ts';
import { prologueBefore } from '../../../debug-adapter/engine/symbols/unwinding/shrinkWrappedPrologue.ts';

const RA = 1;
const S0 = 8;
const A2 = 12;

const HALVES = {
  'addi sp,sp,-32': 0x1101,
  'sd ra,24(sp)': 0xec06,
  'sd s0,16(sp)': 0xe822,
  'addi s0,sp,32': 0x1000,
  'li a5,1': 0x4785,
  'lui a4,0x2': 0x6709,
  'mv a3,a0': 0x86aa,
  'sd a2,8(s0)': 0xe410,
  'beqz a0,24': 0xcd01,
  ret: 0x8082,
  'lw a5,0(a0)': 0x411c,
  'ld ra,24(sp)': 0x60e2,
  'addi sp,sp,32': 0x6105,
};
type Line = keyof typeof HALVES;

const compressed = (lines: Line[]): Uint8Array =>
  new Uint8Array(Uint16Array.from(lines.map((line) => HALVES[line])).buffer);
const words = (lines: Line[]): Uint8Array =>
  new Uint8Array(Uint32Array.from(lines.map((line) => expand(HALVES[line]))).buffer);

const reader = (code: Uint8Array) => (address: bigint, lengthBytes: number) =>
  Number(address) + lengthBytes <= code.length
    ? code.subarray(Number(address), Number(address) + lengthBytes)
    : undefined;

const scan = (code: Uint8Array): Prologue => scanPrologue(reader(code), { start: 0n, end: BigInt(code.length) });

test('compressed and 32-bit instructions have the same effect in a prologue', () => {
  const lines: Line[] = [
    ...(['addi sp,sp,-32', 'sd ra,24(sp)', 'li a5,1', 'sd s0,16(sp)', 'addi s0,sp,32', 'lui a4,0x2'] as const),
    ...(['mv a3,a0', 'sd a2,8(s0)', 'lw a5,0(a0)', 'addi sp,sp,-32'] as const),
  ];
  const expected = {
    frameBytes: 32,
    framePointerOffset: 0,
    saved: new Map([
      [RA, -8],
      [S0, -16],
      [A2, 8],
    ]),
  };
  // The last load, `lw`, is not part of the prologue.
  assert.deepEqual(scan(compressed(lines)), { ...expected, end: 16n });
  assert.deepEqual(scan(words(lines)), { ...expected, end: 32n });
});

test('a prologue that follows a branch applies up to the next return', () => {
  const lines: Line[] = ['beqz a0,24', 'addi sp,sp,-32', 'sd ra,24(sp)', 'lw a5,0(a0)'];
  for (const encode of [compressed, words]) {
    const frameBytes = (shown: Line[]): number => {
      const code = encode(shown);
      return prologueBefore(reader(code), { start: 0n, end: BigInt(code.length), isExact: true }).frameBytes;
    };
    assert.equal(frameBytes(lines), 32);
    assert.equal(frameBytes([...lines, 'ret', 'lw a5,0(a0)']), 0);
  }
});

test('a prologue applies until sp is restored before the return', () => {
  const lines: Line[] = [
    'addi sp,sp,-32',
    'sd ra,24(sp)',
    'lw a5,0(a0)',
    'ld ra,24(sp)',
    'addi sp,sp,32',
    'mv a3,a0',
    'ret',
  ];
  for (const [encode, lengthBytes] of [[compressed, 2] as const, [words, 4] as const]) {
    const frameBytes = (index: number): number =>
      prologueBefore(reader(encode(lines)), { start: 0n, end: BigInt(index * lengthBytes), isExact: true }).frameBytes;
    assert.deepEqual(
      lines.map((_, index) => frameBytes(index)),
      [0, 32, 32, 32, 32, 0, 0],
    );
  }
});
