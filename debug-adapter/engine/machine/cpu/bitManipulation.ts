import { type Code, I64, call, i32, i64, select, sequence, set } from '../../base/wasm/code.ts';
import type { Frame, FunctionHandle, ModuleBuilder } from '../../base/wasm/moduleBuilder.ts';
import type { OperationName } from './operations.ts';
import type { Semantics } from './semantics.ts';

/**
 * What the instructions of the B extension compute: Zba (addresses), Zbb (basic bit manipulation), Zbs (single bits).
 * A part of the table in semantics.ts. (ISA manual Volume I, chapter 28.)
 */
const low = i32.wrap;
const sext = i64.extendS;
const flag = i64.extendU;
const word = (value: Code): Code => i64.and(value, i64.const(0xffffffffn));
const not = (value: Code): Code => i64.xor(value, i64.const(-1));
const shifted = (amount: number, value: Code): Code => i64.shl(value, i64.const(amount));
const bit = (index: Code): Code => i64.shl(i64.const(1), index);
const pick =
  (holds: typeof i64.ltS): Semantics =>
  ({ a, b }) =>
    select(holds(a, b), a, b);

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
  MIN: pick(i64.ltS),
  MINU: pick(i64.ltU),
  MAX: pick(i64.gtS),
  MAXU: pick(i64.gtU),
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
};

export interface BitHelpers {
  orcB: FunctionHandle;
  rev8: FunctionHandle;
}

/** Those that use their operand several times, as functions (i64) -> i64. */
export function addBitHelpers(builder: ModuleBuilder): BitHelpers {
  const add = (body: (frame: Frame) => Code): FunctionHandle =>
    builder.add({ parameters: [I64], results: [I64] }, undefined, body);
  return { orcB: add(orcBBody), rev8: add(rev8Body) };
}

/** Each byte that is not zero becomes all ones: its top bit says so, which times 255 fills it. */
function orcBBody(frame: Frame): Code {
  const [a] = frame.parameters;
  const lowBits = i64.const(0x7f7f_7f7f_7f7f_7f7fn);
  const topBits = i64.and(i64.or(i64.add(i64.and(a.get, lowBits), lowBits), a.get), i64.const(-0x7f7f_7f7f_7f7f_7f80n));
  return i64.mul(i64.shrU(topBits, i64.const(7)), i64.const(255));
}

/** Neighbouring bytes change places, then pairs of bytes, then words. */
function rev8Body(frame: Frame): Code {
  const [a] = frame.parameters;
  const exchange = (bits: number, mask: bigint): Code =>
    set(
      a,
      i64.or(
        i64.and(i64.shrU(a.get, i64.const(bits)), i64.const(mask)),
        i64.shl(i64.and(a.get, i64.const(mask)), i64.const(bits)),
      ),
    );
  return sequence(
    exchange(8, 0x00ff_00ff_00ff_00ffn),
    exchange(16, 0x0000_ffff_0000_ffffn),
    i64.rotl(a.get, i64.const(32)),
  );
}
