import { type Code, br, brIf, call, i32, i64, sequence, set, when } from '../../base/wasm/code.ts';
import { slot32 } from './coreContext.ts';
import { FAST_SHIFT, HALF_SHIFT, MODE_MASK, THIRD_SOURCE_MASK } from './floatImmediate.ts';
import {
  bits64,
  boxed,
  boxedHalf,
  FCSR_MODE_SHIFT,
  FLAG,
  floatsAreClean,
  INFINITY_D,
  markFloatsDirty,
  ROUNDING,
  SIGN,
} from './floatFormat.ts';
import type { FastFloat, FloatSemantics } from './floatSemantics.ts';
import type { Format } from './floatNames.ts';
import { ROUNDED_TO_INFINITY, roundedToHalf, SMALLEST_NORMAL_HALF } from './hostHalf.ts';
import { type Handler, type Variables, immediate32, next, storePc, rs1, rs2, setRd } from './handlerContext.ts';
import { READ_TLB, REGISTERS } from './layout.ts';
import { setAddress, storeHandler, tlbAddress, tlbHit } from './memoryHandlers.ts';
import { MSTATUS } from '../../isa/traps.ts';
import type { FLOAT_LOADS, STORES } from './semantics.ts';

const floatState = (): Code => i32.and(slot32('MSTATUS'), i32.const(MSTATUS.FS));
/** Rejects the instruction while mstatus.FS is Off, because floating-point instructions are then illegal. */
const requireFloats = (v: Variables): Code => brIf(v.illegal, i32.eqz(floatState()));

const third = (v: Variables): Code => i64.load(i32.and(immediate32(v), i32.const(THIRD_SOURCE_MASK)), REGISTERS);

/**
 * The handler for a floating-point instruction. It checks that the unit is enabled and determines the rounding mode. It
 * uses the host's instruction if that gives the correct result and flags; otherwise, it uses the software
 * implementation. Writing a register or raising a flag marks the floating-point state dirty. The software
 * implementation continues at the label `stored`, because a change to fcsr or mstatus ends the hart's run if CSRs are
 * watched.
 */
export function floatHandler(v: Handler, { compute, hasMode, result, fast }: FloatSemantics): Code {
  const operands = { a: rs1(v), b: rs2(v), c: third(v), mode: v.low.get, helpers: v.core.helpers };
  return sequence(
    fast ? fastFloat(v, fast) : sequence(),
    requireFloats(v),
    hasMode ? loadRoundingMode(v) : sequence(),
    setRd(v, compute(operands)),
    result === 'float' ? markFloatsDirty : sequence(),
    br(v.stored),
  );
}

/** One handler for all half-precision operations; the immediate stores the operation's index. */
export function halfHandler(v: Handler): Code {
  const index = i32.shrU(immediate32(v), i32.const(HALF_SHIFT));
  return sequence(
    requireFloats(v),
    loadRoundingMode(v),
    setRd(v, call(v.core.functions.halfPrecision, index, rs1(v), rs2(v), third(v), v.low.get)),
    br(v.stored),
  );
}

/** Stores the rounding mode, taken from the instruction or from fcsr, in `low`. */
function loadRoundingMode(v: Variables): Code {
  return sequence(
    set(v.low, i32.and(immediate32(v), i32.const(MODE_MASK))),
    when(
      i32.eq(v.low.get, i32.const(ROUNDING.DYNAMIC)),
      set(v.low, i32.shrU(slot32('FCSR'), i32.const(FCSR_MODE_SHIFT))),
      brIf(v.illegal, i32.gtU(v.low.get, i32.const(ROUNDING.NEAREST_AWAY))),
    ),
  );
}

/** Uses the host's instruction if its result is final (see `FastFloat`). */
function fastFloat(v: Handler, fast: FastFloat): Code {
  const operands = { a: rs1(v), b: rs2(v), c: third(v), helpers: v.core.helpers };
  const isDirty = i32.eq(floatState(), i32.const(MSTATUS.FS));
  const mask = i32.shrU(immediate32(v), i32.const(FAST_SHIFT));
  const inexactToNearest = i32.eq(i32.and(slot32('FCSR'), mask), i32.const(FLAG.INEXACT));
  const isDouble = fast.format === 'D';
  const conditions = [isDirty, inexactToNearest, ...fast.accepts(operands)];
  const bits = isDouble ? fast.compute(operands) : i64.extendU(fast.compute(operands));
  const isPlain = isPlainResult(v.value.get, fast);
  return when(
    conditions.reduce((all, condition) => i32.and(all, condition)),
    set(v.value, bits),
    when(isPlain, setRd(v, intoRegister(v.value.get, fast)), next(v)),
  );
}

/** Whether the host's result can be used: computing it must not have raised a flag other than inexact. */
export const isPlainResult = (bits: Code, fast: FastFloat): Code =>
  fast.zeroCounts && fast.format !== 'H' ? i32.or(isNormal(bits, fast), isZero(bits, fast)) : isNormal(bits, fast);

/** Converts the host's result to the form stored in a register. */
export const intoRegister = (bits: Code, { format }: FastFloat): Code =>
  format === 'D' ? bits : format === 'S' ? boxed(bits) : boxedHalf(roundedToHalf(bits));

/**
 * Whether the result is finite and larger in magnitude than the smallest normal number. That number itself is excluded,
 * because a subnormal result may have been rounded to it.
 */
function isNormal(bits: Code, { format }: FastFloat): Code {
  const [magnitude, infinity, smallest] = NORMAL[format];
  const above = i64.sub(i64.and(bits, bits64(magnitude)), bits64(smallest + 1n));
  return i64.ltU(above, bits64(infinity - smallest - 1n));
}

const NORMAL: Record<Format, [magnitude: bigint, infinity: bigint, smallest: bigint]> = {
  H: [0x7fff_ffffn, ROUNDED_TO_INFINITY, SMALLEST_NORMAL_HALF],
  S: [0x7fff_ffffn, 0x7f80_0000n, 1n << 23n],
  D: [SIGN - 1n, INFINITY_D, 1n << 52n],
};

const isZero = (bits: Code, { format }: FastFloat): Code => i64.eqz(i64.shl(bits, i64.const(format === 'D' ? 1 : 33)));

/** The handler for a floating-point load. The load is illegal while mstatus.FS is Off. */
export function floatLoadHandler(v: Handler, operation: NonNullable<(typeof FLOAT_LOADS)['FLD']>): Code {
  const { sizeLog2, kind, load, fromRaw } = operation;
  return sequence(
    requireFloats(v),
    setAddress(v),
    when(
      i32.eqz(tlbHit(v, READ_TLB, sizeLog2)),
      storePc(v),
      set(v.value, fromRaw(call(v.core.functions.loadSlow, v.va.get, i32.const(kind)))),
      when(i32.eqz(slot32('FAULT')), markFloatsDirty),
      br(v.loaded),
    ),
    setRd(v, fromRaw(load(tlbAddress(v, READ_TLB)))),
    when(floatsAreClean, markFloatsDirty, br(v.stored)),
    next(v),
  );
}

/** The handler for a floating-point store. The store is illegal while mstatus.FS is Off. */
export const floatStoreHandler = (v: Handler, operation: NonNullable<(typeof STORES)['SD']>): Code =>
  sequence(requireFloats(v), storeHandler(v, operation));
