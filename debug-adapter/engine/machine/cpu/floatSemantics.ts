import { type Code, call, i32, i64 } from '../../base/wasm/code.ts';
import { f32, f64 } from '../../base/wasm/floatCode.ts';
import {
  bits64,
  BOX,
  BOX_H,
  CONTROL_HALF,
  CONTROL_SINGLE,
  isBoxed,
  negated,
  unboxed,
  unboxedHalf,
  widened,
} from './floatFormat.ts';
import type { FloatHelpers } from './floatHelpers.ts';
import { asSingle, isFiniteHalf } from './hostHalf.ts';
import { type Format, type FloatName, type Integer, INTEGERS } from './floatNames.ts';

/**
 * The operands of a floating-point instruction: `a`, `b` and `c` are the 64-bit values of registers rs1, rs2 and rs3.
 */
export interface FloatOperands {
  a: Code;
  b: Code;
  c: Code;
  /** The rounding mode, 0 to 4. */
  mode: Code;
  helpers: FloatHelpers;
}

/** The computation that one floating-point instruction performs. */
export interface FloatSemantics {
  compute: (operands: FloatOperands) => Code;
  /**
   * Whether the instruction has a rounding mode field. If so, the instruction is illegal with a reserved mode even if
   * its operation never rounds.
   */
  hasMode: boolean;
  /** The register file to which rd belongs. */
  result: 'float' | 'integer';
  fast?: FastFloat;
}

/**
 * A faster implementation that uses the host's own instruction; it is used while the rounding mode is round-to-nearest
 * and the inexact flag is set. The result is used if it is finite and larger in magnitude than the smallest normal
 * number, because then no other flag can have been raised. An infinite or NaN operand does not produce such a result,
 * and dividing by infinity gives zero.
 */
export interface FastFloat {
  /** The format of the result. */
  format: Format;
  /** The conditions that the operands must meet: singles and halves must be boxed, and halves must be finite. */
  accepts: (operands: Omit<FloatOperands, 'mode'>) => Code[];
  /**
   * The bits of the host's result, 64 for a double and 32 for a single. A half is computed as a single, which the
   * caller rounds to half.
   */
  compute: (operands: Omit<FloatOperands, 'mode'>) => Code;
  /** The host's result can also be used if it is zero, because a zero result of this operation is exact. */
  zeroCounts?: boolean;
}

type Table = Partial<Record<FloatName, FloatSemantics>>;

const isNamed = (format: Format) => (name: string) => `${name}_${format}` as FloatName;

/** The control word for rounding: the rounding mode and the format of the result. */
const controlFor = (format: Format, mode: Code): Code => i32.or(mode, i32.const(CONTROL[format]));
const CONTROL: Record<Format, number> = { H: CONTROL_HALF, S: CONTROL_SINGLE, D: 0 };

/** Indexed by format: the conditions under which the host's instructions can be applied to the values of registers. */
const HOST_CONDITIONS: Record<Format, (registers: Code[]) => Code[]> = {
  H: (registers) => registers.map(isFiniteHalf),
  S: (registers) => registers.map(isBoxed),
  D: () => [],
};

// --- arithmetic ------------------------------------------------------------------------------------------------------

function arithmetic(format: Format): Table {
  const wide = ({ helpers }: FloatOperands, value: Code): Code => widened(format, helpers, value);
  const rounding = (compute: (o: FloatOperands, control: Code) => Code, fast: FastFloat | false): FloatSemantics => ({
    compute: (operands) => compute(operands, controlFor(format, operands.mode)),
    hasMode: true,
    result: 'float',
    fast: fast || undefined,
  });
  const fused = ({
    negatesProduct,
    negatesAddend,
  }: {
    negatesProduct: boolean;
    negatesAddend: boolean;
  }): FloatSemantics => {
    const product = negatesProduct ? negated : same;
    const addend = negatesAddend ? negated : same;
    const ofHost = (negates: boolean, x: Code): Code => (negates ? f64.neg(asDouble(format, x)) : asDouble(format, x));
    return rounding(
      (o, control) => call(o.helpers.multiplyAdd, product(wide(o, o.a)), wide(o, o.b), addend(wide(o, o.c)), control),
      format !== 'H' && {
        format,
        accepts: ({ a, b, c }) => HOST_CONDITIONS[format]([a, b, c]),
        compute: ({ a, b, c, helpers }) => {
          const [x, y, z] = [ofHost(negatesProduct, a), asDouble(format, b), ofHost(negatesAddend, c)];
          if (format === 'D') return f64.toBits(call(helpers.fusedNearest, x, y, z));
          // The product of two singles is exact in a double, and a double that was rounded to odd gives the correct
          // result when it is rounded again to a single.
          return f32.toBits(f32.demote(call(helpers.sumToOdd, f64.mul(x, y), z)));
        },
      },
    );
  };
  const binary = (name: 'add' | 'sub' | 'mul' | 'div'): FastFloat => ({
    format,
    accepts: ({ a, b }) => HOST_CONDITIONS[format]([a, b]),
    compute: ({ a, b }) => inFormat(format, [a, b], (x, y) => (format === 'D' ? f64 : f32)[name](x, y)),
    zeroCounts: name === 'add' || name === 'sub',
  });
  const root: FastFloat = {
    format,
    accepts: ({ a }) => HOST_CONDITIONS[format]([a]),
    compute: ({ a }) => inFormat(format, [a], (format === 'D' ? f64 : f32).sqrt),
  };
  const two =
    (helper: 'add' | 'multiply' | 'divide') =>
    (o: FloatOperands, control: Code): Code =>
      call(o.helpers[helper], wide(o, o.a), wide(o, o.b), control);
  const subtract = (o: FloatOperands, control: Code): Code =>
    call(o.helpers.add, wide(o, o.a), negated(wide(o, o.b)), control);
  return named(format, {
    FADD: rounding(two('add'), binary('add')),
    FSUB: rounding(subtract, binary('sub')),
    FMUL: rounding(two('multiply'), binary('mul')),
    FDIV: rounding(two('divide'), binary('div')),
    FSQRT: rounding((o, control) => call(o.helpers.squareRoot, wide(o, o.a), control), root),
    FMADD: fused({ negatesProduct: false, negatesAddend: false }),
    FMSUB: fused({ negatesProduct: false, negatesAddend: true }),
    FNMSUB: fused({ negatesProduct: true, negatesAddend: false }),
    FNMADD: fused({ negatesProduct: true, negatesAddend: true }),
  });
}

const same = (x: Code): Code => x;

/** Converts a register value in either format to a double. */
const asDouble = (format: Format, register: Code): Code =>
  format === 'D' ? f64.fromBits(register) : f64.promote(f32.fromBits(i32.wrap(register)));

/**
 * Applies the host's instruction to registers with values in a given format; returns the 32 or 64 bits of the result.
 * Halves are computed as singles: a single has two bits more than twice the precision of a half, so rounding again to
 * half gives the correctly rounded result (Figueroa, "When is double rounding innocuous?", 1995: sums, products,
 * quotients and square roots).
 */
function inFormat(format: Format, registers: Code[], compute: (...operands: Code[]) => Code): Code {
  if (format === 'D') return f64.toBits(compute(...registers.map((register) => f64.fromBits(register))));
  const operand = format === 'H' ? asSingle : (register: Code): Code => f32.fromBits(i32.wrap(register));
  return f32.toBits(compute(...registers.map(operand)));
}

function named(format: Format, table: Record<string, FloatSemantics>): Table {
  const name = isNamed(format);
  return Object.fromEntries(Object.entries(table).map(([mnemonic, semantics]) => [name(mnemonic), semantics]));
}

// --- bits, order -----------------------------------------------------------------------------------------------------

const simple = (compute: (o: FloatOperands) => Code, result: 'float' | 'integer' = 'float'): FloatSemantics => ({
  compute,
  hasMode: false,
  result,
});

function signs(): Table {
  const signInjections = (sign: bigint, number: (x: Code) => Code): Record<string, FloatSemantics> => {
    const signOf = (x: Code): Code => i64.and(number(x), bits64(sign));
    const withSign = (x: Code, bit: Code): Code => i64.or(i64.and(number(x), bits64(~sign)), bit);
    return {
      FSGNJ: simple(({ a, b }) => withSign(a, signOf(b))),
      FSGNJN: simple(({ a, b }) => withSign(a, i64.xor(signOf(b), bits64(sign)))),
      FSGNJX: simple(({ a, b }) => i64.xor(number(a), signOf(b))),
    };
  };
  return {
    ...named('H', signInjections(1n << 15n, unboxedHalf)),
    ...named('S', signInjections(1n << 31n, unboxed)),
    ...named(
      'D',
      signInjections(1n << 63n, (x) => x),
    ),
  };
}

function choices(format: Format): Table {
  type Helper = 'equal' | 'less' | 'lessOrEqual' | 'minimum' | 'maximum';
  const two = (helper: Helper, result: 'float' | 'integer'): FloatSemantics =>
    simple(({ a, b, helpers }) => call(helpers[helper][format], a, b), result);
  return named(format, {
    FMIN: two('minimum', 'float'),
    FMAX: two('maximum', 'float'),
    FEQ: two('equal', 'integer'),
    FLT: two('less', 'integer'),
    FLE: two('lessOrEqual', 'integer'),
    FCLASS: simple(({ a, helpers }) => call(helpers.classify[format], a), 'integer'),
  });
}

// --- conversions, moves ----------------------------------------------------------------------------------------------

const converting = (
  compute: FloatSemantics['compute'],
  result: 'float' | 'integer',
  fast?: FastFloat,
): FloatSemantics => ({ compute, hasMode: true, result, fast });

/** Converts an integer register to the host's operand: all 64 bits, or the low word sign- or zero-extended. */
const WIDENED: Record<Integer, (a: Code) => Code> = {
  W: i64.extend32S,
  WU: (a) => i64.and(a, i64.const(0xffff_ffffn)),
  L: (a) => a,
  LU: (a) => a,
};

function integerConversions(format: Format): Table {
  const host = format === 'D' ? f64 : f32;
  const from = (integer: Integer): FloatSemantics => {
    const isUnsigned = integer.endsWith('U');
    const value = (a: Code): Code => WIDENED[integer](a);
    // A double represents every 32-bit integer exactly.
    if (format === 'D' && integer.startsWith('W')) {
      return converting(({ a }) => f64.toBits(f64.convertI64S(value(a))), 'float');
    }
    return converting(
      ({ a, mode, helpers }) =>
        call(isUnsigned ? helpers.fromUnsigned : helpers.fromSigned, value(a), controlFor(format, mode)),
      'float',
      {
        format,
        accepts: () => [],
        // Integers in the range of a half are exact in a single.
        compute: ({ a }) => host.toBits((isUnsigned ? host.convertI64U : host.convertI64S)(value(a))),
        zeroCounts: true,
      },
    );
  };
  const to = (integer: Integer): FloatSemantics =>
    converting(
      ({ a, mode, helpers }) => call(helpers.toInteger[integer], widened(format, helpers, a), mode),
      'integer',
    );
  return Object.fromEntries(
    INTEGERS.flatMap((integer) => [
      [`FCVT_${format}_${integer}`, from(integer)],
      [`FCVT_${integer}_${format}`, to(integer)],
    ]),
  );
}

function moves(): Table {
  return {
    FMV_X_D: simple(({ a }) => a, 'integer'),
    FMV_X_W: simple(({ a }) => i64.extend32S(a), 'integer'),
    FMV_D_X: simple(({ a }) => a),
    FMV_W_X: simple(({ a }) => i64.or(a, bits64(BOX))),
    FCVT_S_D: converting(({ a, mode, helpers }) => call(helpers.convert, a, controlFor('S', mode)), 'float', {
      format: 'S',
      accepts: () => [],
      compute: ({ a }) => f32.toBits(f32.demote(f64.fromBits(a))),
    }),
    FCVT_D_S: converting(({ a, mode, helpers }) => call(helpers.convert, call(helpers.widen, a), mode), 'float'),
    FMV_X_H: simple(({ a }) => i64.extend16S(a), 'integer'),
    FMV_H_X: simple(({ a }) => i64.or(a, bits64(BOX_H))),
    FCVT_S_H: between('S', 'H', ({ a }) => f32.toBits(asSingle(a))),
    FCVT_D_H: between('D', 'H', ({ a }) => f64.toBits(f64.promote(asSingle(a)))),
    FCVT_H_S: between('H', 'S', ({ a }) => i32.wrap(a)),
    // FCVT.H.D does not use the host's instructions, because they would round the double twice: to single, then to
    // half.
    FCVT_H_D: between('H', 'D'),
  };
}

/**
 * Converts from another format. With the host's instructions, a half-precision result is computed as a single, which
 * the caller rounds to half.
 */
function between(to: Format, from: Format, onHost?: FastFloat['compute']): FloatSemantics {
  return converting(
    ({ a, mode, helpers }) => call(helpers.convert, widened(from, helpers, a), controlFor(to, mode)),
    'float',
    onHost && { format: to, accepts: ({ a }) => HOST_CONDITIONS[from]([a]), compute: onHost },
  );
}

/**
 * Defines the computation for each instruction in the F, D and Zfh extensions, as semantics.ts does for integer
 * instructions. The result is the new value of rd; exception flags are raised as a side effect.
 */
export const FLOAT: Table = {
  ...arithmetic('H'),
  ...choices('H'),
  ...integerConversions('H'),
  ...arithmetic('S'),
  ...arithmetic('D'),
  ...signs(),
  ...choices('S'),
  ...choices('D'),
  ...integerConversions('S'),
  ...integerConversions('D'),
  ...moves(),
};
