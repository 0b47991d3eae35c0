import { type Code, type Local, I64, call, i32, i64, select, sequence, set } from '../../base/wasm/code.ts';
import type { Frame, FunctionHandle, ModuleBuilder } from '../../base/wasm/moduleBuilder.ts';
import type { OperationName } from './operations.ts';
// Cycle: the table below is part of the table in semantics.ts and uses that table's entry type.
import type { Semantics } from './semantics.ts';

const low = i32.wrap;
const sext = i64.extendS;
const flag = i64.extendU;
const word = (value: Code): Code => i64.and(value, i64.const(0xffffffffn));
const not = (value: Code): Code => i64.xor(value, i64.const(-1));
const shifted = (amount: number, value: Code): Code => i64.shl(value, i64.const(amount));
const bit = (index: Code): Code => i64.shl(i64.const(1), index);
const everyFourth =
  (holds: typeof i64.ltS): Semantics =>
  ({ a, b }) =>
    select(holds(a, b), a, b);

/**
 * The bit manipulation instructions (Volume I, chapter 28): Zba (addresses), Zbb (basic), Zbc (carry-less
 * multiplication) and Zbs (single bits). This table is part of the table in semantics.ts.
 */
export const BIT_MANIPULATION: Partial<Record<OperationName, Semantics>> = {
  ADD_UW: ({ a, b }) => i64.add(word(a), b),
  SH1ADD: ({ a, b }) => i64.add(shifted(1, a), b),
  SH2ADD: ({ a, b }) => i64.add(shifted(2, a), b),
  SH3ADD: ({ a, b }) => i64.add(shifted(3, a), b),
  SH1ADD_UW: ({ a, b }) => i64.add(shifted(1, word(a)), b),
  SH2ADD_UW: ({ a, b }) => i64.add(shifted(2, word(a)), b),
  SH3ADD_UW: ({ a, b }) => i64.add(shifted(3, word(a)), b),
  SLLI_UW: ({ a, imm }) => i64.shl(word(a), imm),
  ANDN: ({ a, b }) => i64.and(a, not(b)),
  ORN: ({ a, b }) => i64.or(a, not(b)),
  XNOR: ({ a, b }) => not(i64.xor(a, b)),
  CLZ: ({ a }) => i64.clz(a),
  CLZW: ({ a }) => flag(i32.clz(low(a))),
  CTZ: ({ a }) => i64.ctz(a),
  CTZW: ({ a }) => flag(i32.ctz(low(a))),
  CPOP: ({ a }) => i64.popcnt(a),
  CPOPW: ({ a }) => flag(i32.popcnt(low(a))),
  MIN: everyFourth(i64.ltS),
  MINU: everyFourth(i64.ltU),
  MAX: everyFourth(i64.gtS),
  MAXU: everyFourth(i64.gtU),
  SEXT_B: ({ a }) => i64.extend8S(a),
  SEXT_H: ({ a }) => i64.extend16S(a),
  ZEXT_H: ({ a }) => i64.and(a, i64.const(0xffff)),
  ROL: ({ a, b }) => i64.rotl(a, b),
  ROLW: ({ a, b }) => sext(i32.rotl(low(a), low(b))),
  ROR: ({ a, b }) => i64.rotr(a, b),
  RORI: ({ a, imm }) => i64.rotr(a, imm),
  RORW: ({ a, b }) => sext(i32.rotr(low(a), low(b))),
  RORIW: ({ a, imm }) => sext(i32.rotr(low(a), low(imm))),
  ORC_B: ({ a, helpers }) => call(helpers.orcB, a),
  REV8: ({ a, helpers }) => call(helpers.rev8, a),
  BCLR: ({ a, b }) => i64.and(a, not(bit(b))),
  BCLRI: ({ a, imm }) => i64.and(a, not(bit(imm))),
  BEXT: ({ a, b }) => i64.and(i64.shrU(a, b), i64.const(1)),
  BEXTI: ({ a, imm }) => i64.and(i64.shrU(a, imm), i64.const(1)),
  BINV: ({ a, b }) => i64.xor(a, bit(b)),
  BINVI: ({ a, imm }) => i64.xor(a, bit(imm)),
  BSET: ({ a, b }) => i64.or(a, bit(b)),
  BSETI: ({ a, imm }) => i64.or(a, bit(imm)),
  CLMUL: ({ a, b, helpers }) => call(helpers.clmul, a, b),
  CLMULR: ({ a, b, helpers }) => call(helpers.clmulr, a, b),
  CLMULH: ({ a, b, helpers }) => i64.shrU(call(helpers.clmulr, a, b), i64.const(1)),
};

export interface BitHelpers {
  orcB: FunctionHandle;
  rev8: FunctionHandle;
  clmul: FunctionHandle;
  clmulr: FunctionHandle;
}

/** Adds functions (i64) -> i64 or (i64, i64) -> i64 for the operations that use an operand more than once. */
export function addBitHelpers(builder: ModuleBuilder): BitHelpers {
  const add = (body: (frame: Frame) => Code, operands: 1 | 2 = 1): FunctionHandle =>
    builder.add({ parameters: operands === 1 ? [I64] : [I64, I64], results: [I64] }, undefined, body);
  const rev8 = add(rev8Body);
  const reversed = add((frame) => reversedBody(frame, rev8));
  const clmul = add(clmulBody, 2);
  // Reversing the bits of both factors reverses the bits of their 127-bit product, so the low bits of the reversed
  // product are the reversed upper bits of the original product.
  const clmulr = add(
    ({ parameters: [a, b] }) => call(reversed, call(clmul, call(reversed, a.get), call(reversed, b.get))),
    2,
  );
  return { orcB: add(orcBBody), rev8, clmul, clmulr };
}

/**
 * The top bit of each byte indicates whether the byte is nonzero; multiplying by 255 copies this bit to the whole byte.
 */
function orcBBody(frame: Frame): Code {
  const [a] = frame.parameters;
  const lowBits = i64.const(0x7f7f_7f7f_7f7f_7f7fn);
  const topBits = i64.and(i64.or(i64.add(i64.and(a.get, lowBits), lowBits), a.get), i64.const(-0x7f7f_7f7f_7f7f_7f80n));
  return i64.mul(i64.shrU(topBits, i64.const(7)), i64.const(255));
}

/** Swaps adjacent bytes, then adjacent pairs of bytes, then words. */
function rev8Body(frame: Frame): Code {
  const [a] = frame.parameters;
  return sequence(
    swapGroups(a, 8, 0x00ff_00ff_00ff_00ffn),
    swapGroups(a, 16, 0x0000_ffff_0000_ffffn),
    i64.rotl(a.get, i64.const(32)),
  );
}

/** Reverses all 64 bits: the bits within each byte, then the bytes. */
function reversedBody(frame: Frame, rev8: FunctionHandle): Code {
  const [a] = frame.parameters;
  return sequence(
    swapGroups(a, 1, 0x5555_5555_5555_5555n),
    swapGroups(a, 2, 0x3333_3333_3333_3333n),
    swapGroups(a, 4, 0x0f0f_0f0f_0f0f_0f0fn),
    call(rev8, a.get),
  );
}

/** Swaps adjacent groups of bits; `mask` selects the lower group of each pair. */
function swapGroups(a: Local, bits: number, mask: bigint): Code {
  return set(
    a,
    i64.or(
      i64.and(i64.shrU(a.get, i64.const(bits)), i64.const(mask)),
      i64.shl(i64.and(a.get, i64.const(mask)), i64.const(bits)),
    ),
  );
}

/**
 * The low 64 bits of the carry-less product, computed with ordinary multiplications. Each factor is split into four
 * parts, each of which keeps only every fourth bit of the factor. When two parts are multiplied, at most 15 ones are
 * added in each bit position below the topmost, so the carries stay in the three bits above that position. These bits
 * are masked off (Thomas Pornin, BearSSL, "Constant-Time Mul").
 */
function clmulBody(frame: Frame): Code {
  const [a, b] = frame.parameters;
  const every4th = (offset: number): Code => i64.const(BigInt.asIntN(64, 0x1111_1111_1111_1111n << BigInt(offset)));
  const part = (value: Local, offset: number): Code => i64.and(value.get, every4th(offset));
  const offsets = [0, 1, 2, 3];
  const column = (offset: number): Code => {
    const products = offsets.map((i) => i64.mul(part(a, i), part(b, (offset - i + 4) % 4)));
    return i64.and(
      products.reduce((sum, product) => i64.xor(sum, product)),
      every4th(offset),
    );
  };
  return offsets.map(column).reduce((all, bits) => i64.or(all, bits));
}
