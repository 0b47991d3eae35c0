import { type Code, I32, I64, i32, i64, ifElse, ret, select, sequence, set, when } from '../../base/wasm/code.ts';
import type { Frame, FunctionHandle, ModuleBuilder } from '../../base/wasm/moduleBuilder.ts';
import { f32, f64 } from '../../base/wasm/floatCode.ts';
import {
  FLAG,
  FRACTION_D,
  NAN_D,
  bits64,
  boxed,
  boxedHalf,
  byFormat,
  INFINITY_D,
  isBoxed,
  isBoxedHalf,
  modeOf,
  raiseFlags,
  ROUNDING,
} from './floatFormat.ts';
import type { Format } from './floatNames.ts';

/** Handles to the functions that `addRounding` adds. */
export interface Rounding {
  /** (register with a single) -> the double with the same value; a NaN keeps its quiet bit. */
  widen: FunctionHandle;
  /** (register with a half) -> the double with the same value. */
  widenHalf: FunctionHandle;
  /** (finite double) -> exponent; EXPONENT_OF_ZERO for zero. */
  exponentOf: FunctionHandle;
  /** (finite double) -> significand / 2, so that its top bit is bit 62; 0 for zero. */
  significandOf: FunctionHandle;
  /**
   * (sign, exponent, significand, control) -> register with the rounded result. Raises the inexact, underflow and
   * overflow flags.
   */
  round: FunctionHandle;
}

/** The exponent of zero, which is smaller than that of any nonzero sum or product. */
const EXPONENT_OF_ZERO = -10_000;

/**
 * Adds conversions between the bits of a double and the exact form used for computing: sign, exponent and a 64-bit
 * significand, with value significand / 2^63 * 2^exponent. The lowest bit of a significand is sticky: it is also set if
 * any bit below it was nonzero. Singles and halves are widened first, which is exact, so all formats have the same
 * exact form, and only rounding depends on the result's format.
 */
export function addRounding(builder: ModuleBuilder): Rounding {
  return {
    widen: builder.add({ parameters: [I64], results: [I64] }, undefined, widenBody),
    widenHalf: builder.add({ parameters: [I64], results: [I64] }, undefined, widenHalfBody),
    exponentOf: builder.add({ parameters: [I64], results: [I32] }, undefined, exponentBody),
    significandOf: builder.add({ parameters: [I64], results: [I64] }, undefined, significandBody),
    round: builder.add({ parameters: [I32, I32, I64, I32], results: [I64] }, undefined, roundBody),
  };
}

function widenBody(frame: Frame): Code {
  const [a] = frame.parameters;
  const isNaN = i32.gtU(i32.shl(i32.wrap(a.get), i32.const(1)), i32.const(0xff000000 | 0));
  const asNaN = i64.or(
    bits64(0x7ff0_0000_0000_0000n),
    i64.shl(i64.and(a.get, i64.const(0x7f_ffff)), i64.const(52 - 23)),
  );
  return sequence(
    when(i32.eqz(isBoxed(a.get)), ret(bits64(NAN_D))),
    when(isNaN, ret(asNaN)),
    f64.toBits(f64.promote(f32.fromBits(i32.wrap(a.get)))),
  );
}

function widenHalfBody(frame: Frame): Code {
  const [a] = frame.parameters;
  const sign = i64.shl(i64.and(a.get, i64.const(0x8000)), i64.const(48));
  const magnitude = i64.and(a.get, i64.const(0x7fff));
  // The bits of a double that has the half's exponent and fraction in its fields.
  const moved = i64.shl(magnitude, i64.const(52 - 10));
  const subnormal = f64.mul(f64.convertI64S(magnitude), f64.const(2 ** -24));
  return sequence(
    when(i32.eqz(isBoxedHalf(a.get)), ret(bits64(NAN_D))),
    when(i64.geU(magnitude, i64.const(0x7c00)), ret(i64.or(sign, i64.or(moved, bits64(INFINITY_D))))),
    when(i64.ltU(magnitude, i64.const(0x0400)), ret(i64.or(sign, f64.toBits(subnormal)))),
    i64.or(sign, i64.add(moved, bits64(BigInt(1023 - 15) << 52n))),
  );
}

const biased = (value: Code): Code => i32.and(i32.wrap(i64.shrU(value, i64.const(52))), i32.const(0x7ff));
const fraction = (value: Code): Code => i64.and(value, bits64(FRACTION_D));

function exponentBody(frame: Frame): Code {
  const [a] = frame.parameters;
  // The exponent of a subnormal is -1022 minus the number of bits by which its top bit is below bit 52.
  const ofSubnormal = i32.sub(i32.const(-1022 + 11), i32.wrap(i64.clz(fraction(a.get))));
  return sequence(
    when(biased(a.get), ret(i32.sub(biased(a.get), i32.const(1023)))),
    select(i64.eqz(fraction(a.get)), i32.const(EXPONENT_OF_ZERO), ofSubnormal),
  );
}

function significandBody(frame: Frame): Code {
  const [a] = frame.parameters;
  return sequence(
    when(biased(a.get), ret(i64.shl(i64.or(fraction(a.get), i64.const(1n << 52n)), i64.const(10)))),
    when(i64.eqz(fraction(a.get)), ret(i64.const(0))),
    i64.shl(fraction(a.get), i64.sub(i64.clz(fraction(a.get)), i64.const(1))),
  );
}

/** `value` shifted right by 1 or more; the lowest bit of the result is sticky. */
function shiftRightSticky(value: Code, distance: Code): Code {
  const discarded = i64.shl(value, i64.sub(i64.const(64), distance));
  return select(
    i64.gtU(distance, i64.const(63)),
    i64.const(1),
    i64.or(i64.shrU(value, distance), i64.extendU(i64.ne(discarded, i64.const(0)))),
  );
}

function roundBody(frame: Frame): Code {
  const [sign, exponent, significand, control] = frame.parameters;
  const mode = frame.local(I32);
  /**
   * The number of bits below the last bit of the format, the largest value of those bits, and the addend whose carry
   * rounds up.
   */
  const discard = frame.local(I64);
  const mask = frame.local(I64);
  const add = frame.local(I64);
  const half = i64.add(i64.shrU(mask.get, i64.const(1)), i64.const(1));
  const rest = frame.local(I64);
  const remaining = frame.local(I64);
  /**
   * The exponent field of the result minus 1, shifted into place. Adding the significand's top bit adds the 1 back.
   */
  const field = frame.local(I64);
  const isTiny = frame.local(I32);
  const of = (values: Record<Format, Code>): Code => byFormat(control.get, values);
  const lowestExponent = of({ H: i32.const(-14), S: i32.const(-126), D: i32.const(-1022) });
  const bias = of({ H: i32.const(15), S: i32.const(127), D: i32.const(1023) });
  const fractionBits = i64.sub(i64.const(63), discard.get);
  const infinity = of({ H: bits64(0x7c00n), S: bits64(0x7f80_0000n), D: bits64(INFINITY_D) });
  const roundsUp = i64.gtU(i64.add(rest.get, add.get), mask.get);
  const isTie = i32.and(i32.eqz(mode.get), i64.eq(rest.get, half));
  const signed = (value: Code): Code => {
    const position = of({ H: i64.const(15), S: i64.const(31), D: i64.const(63) });
    return sequence(
      set(remaining, i64.or(value, i64.shl(i64.extendU(sign.get), position))),
      of({ H: boxedHalf(remaining.get), S: boxed(remaining.get), D: remaining.get }),
    );
  };
  return sequence(
    when(i64.eqz(significand.get), ret(signed(i64.const(0)))),
    set(exponent, i32.sub(exponent.get, i32.wrap(i64.clz(significand.get)))),
    set(significand, i64.shl(significand.get, i64.clz(significand.get))),
    set(mode, modeOf(control.get)),
    set(discard, of({ H: i64.const(53), S: i64.const(40), D: i64.const(11) })),
    set(mask, i64.sub(i64.shl(i64.const(1), discard.get), i64.const(1))),
    set(add, roundingAddend()),
    set(rest, i64.and(significand.get, mask.get)),
    ifElse(
      i32.ltS(exponent.get, lowestExponent),
      sequence(
        set(isTiny, i32.eqz(reachesNormal())),
        set(significand, shiftRightSticky(significand.get, i64.extendU(i32.sub(lowestExponent, exponent.get)))),
        set(rest, i64.and(significand.get, mask.get)),
      ),
      set(field, i64.shl(i64.extendU(i32.sub(i32.add(exponent.get, bias), i32.const(1))), fractionBits)),
    ),
    set(remaining, i64.shrU(significand.get, discard.get)),
    when(
      i64.ne(rest.get, i64.const(0)),
      set(remaining, i64.add(remaining.get, i64.extendU(roundsUp))),
      when(isTie, set(remaining, i64.and(remaining.get, i64.const(-2)))),
      raiseFlags(FLAG.INEXACT),
      when(isTiny.get, raiseFlags(FLAG.UNDERFLOW)),
    ),
    set(remaining, i64.add(remaining.get, field.get)),
    when(
      i64.geU(remaining.get, infinity),
      raiseFlags(FLAG.OVERFLOW | FLAG.INEXACT),
      // Rounding modes that do not round values with this sign away from zero produce the largest finite number instead
      // of infinity.
      set(remaining, i64.sub(infinity, i64.extendU(i64.eqz(add.get)))),
    ),
    signed(remaining.get),
  );

  function roundingAddend(): Code {
    const nearest = i32.or(i32.eqz(mode.get), i32.eq(mode.get, i32.const(ROUNDING.NEAREST_AWAY)));
    // DOWN has an even mode number and rounds negative numbers (sign 1) away from zero. UP has an odd mode number and
    // rounds positive numbers away from zero.
    const roundsAway = i32.and(
      i32.geU(mode.get, i32.const(ROUNDING.DOWN)),
      i32.ne(i32.and(mode.get, i32.const(1)), sign.get),
    );
    return select(nearest, half, select(roundsAway, mask.get, i64.const(0)));
  }

  /**
   * Tininess is detected after rounding: a result is tiny if it would be below the smallest normal number when rounded
   * with an unlimited exponent range.
   */
  function reachesNormal(): Code {
    const allOnes = i64.eq(i64.shrU(significand.get, discard.get), i64.shrU(i64.const(-1), discard.get));
    return i32.and(i32.eq(exponent.get, i32.sub(lowestExponent, i32.const(1))), i32.and(allOnes, roundsUp));
  }
}
