import { type Code, i32, i64 } from '../../../base/wasm/code.ts';
import { f32, f64 } from '../../../base/wasm/floatCode.ts';
import { MODE_MASK } from '../floatImmediate.ts';
import { FLAG, isBoxed, isNaN, ROUNDING } from '../floatFormat.ts';
import { intoRegister, isPlainResult } from '../floatHandlers.ts';
import type { FloatHelpers } from '../floatHelpers.ts';
import type { FloatName } from '../floatNames.ts';
import { FLOAT, type FloatSemantics } from '../floatSemantics.ts';
import { slot32 } from '../coreContext.ts';
import { asSingle, isFiniteHalf } from '../hostHalf.ts';
import { MSTATUS } from '../../../isa/traps.ts';
import type { OperationName } from '../operations.ts';

/** How a region implements a floating-point instruction. */
export interface PlainFloat {
  /**
   * Whether the operation rounds; if so, the rounding mode must be round-to-nearest, and the inexact flag must be set.
   */
  rounds: boolean;
  /** The conditions that the operands must meet before the host's instruction may be used. */
  conditions: (a: Code, b: Code) => Code[];
  /** The new 64-bit value of rd, before `finish` is applied. */
  compute: (a: Code, b: Code) => Code;
  /**
   * Whether the computed value is the final result, which requires that no flag other than inexact can have been
   * raised.
   */
  isFinal?: (value: Code) => Code;
  /** Converts the value to register form. */
  finish?: (value: Code) => Code;
}

/**
 * How a region executes a floating-point instruction: it uses the host's own instruction if that instruction's result
 * is final. The floating-point state must already be dirty. For an instruction that rounds, the rounding mode must also
 * be round-to-nearest, and the inexact flag must be set. Otherwise control leaves the region and the interpreter
 * executes the instruction. Returns undefined for instructions that regions never execute.
 */
export function plainFloat(name: OperationName): PlainFloat | undefined {
  if (!known.has(name)) known.set(name, find(name));
  return known.get(name);
}

/** Whether mstatus.FS is Dirty, in which case registers can be accessed and writing them has no side effect. */
export const floatsAreDirty: Code = i32.eq(i32.and(slot32('MSTATUS'), i32.const(MSTATUS.FS)), i32.const(MSTATUS.FS));
const FCSR_MODE = 0xe0;
/** Whether the rounding mode in fcsr is round-to-nearest and the inexact flag is set. */
export const roundsInexactToNearest: Code = i32.eq(
  i32.and(slot32('FCSR'), i32.const(FCSR_MODE | FLAG.INEXACT)),
  i32.const(FLAG.INEXACT),
);

const known = new Map<OperationName, PlainFloat | undefined>();

function find(name: OperationName): PlainFloat | undefined {
  const semantics = FLOAT[name as FloatName];
  if (!semantics) return undefined;
  return onHost(semantics) ?? comparison(name) ?? bitsOnly(semantics);
}

/** Whether the instruction's rounding mode is round-to-nearest or dynamic. */
export function mayBePlain(immediate: number): boolean {
  const mode = immediate & MODE_MASK;
  return mode === ROUNDING.NEAREST || mode === ROUNDING.DYNAMIC;
}

function onHost({ fast }: FloatSemantics): PlainFloat | undefined {
  if (!fast) return undefined;
  const operands = (a: Code, b: Code) => ({ a, b, c: NONE, helpers: NO_HELPERS });
  // WebAssembly has no instructions for fused operations.
  if (needsHelper(() => fast.compute(operands(NONE, NONE)))) return undefined;
  return {
    rounds: true,
    conditions: (a, b) => fast.accepts(operands(a, b)),
    compute: (a, b) => {
      const bits = fast.compute(operands(a, b));
      return fast.format === 'D' ? bits : i64.extendU(bits);
    },
    isFinal: (value) => isPlainResult(value, fast),
    finish: (value) => intoRegister(value, fast),
  };
}

const COMPARED = { FEQ: 'eq', FLT: 'lt', FLE: 'le' } as const;

/** A comparison without a NaN operand raises no flag. */
function comparison(name: OperationName): PlainFloat | undefined {
  const [operation, format] = name.split('_');
  const compare = COMPARED[operation as keyof typeof COMPARED] as (typeof COMPARED)[keyof typeof COMPARED] | undefined;
  if (!compare) return undefined;
  if (format === 'D') {
    const compute = (a: Code, b: Code): Code => i64.extendU(f64[compare](f64.fromBits(a), f64.fromBits(b)));
    return { rounds: false, conditions: (a, b) => [isNumber(a), isNumber(b)], compute };
  }
  const isHalf = format === 'H';
  const single = isHalf ? asSingle : (register: Code): Code => f32.fromBits(i32.wrap(register));
  const isAccepted = isHalf ? isFiniteHalf : isBoxedNumber;
  return {
    rounds: false,
    conditions: (a, b) => [isAccepted(a), isAccepted(b)],
    compute: (a, b) => i64.extendU(f32[compare](single(a), single(b))),
  };
}

const isNumber = (value: Code): Code => i32.eqz(isNaN(value));
/**
 * Whether the register holds a boxed single that is not a NaN, which means that its bits without the sign bit are at
 * most the bits of infinity.
 */
const isBoxedNumber = (register: Code): Code =>
  i32.and(isBoxed(register), i64.leU(i64.and(register, i64.const(0x7fff_ffff)), i64.const(0x7f80_0000)));

/** Operations that need no helper raise no flags and never round. */
function bitsOnly({ compute, hasMode }: FloatSemantics): PlainFloat | undefined {
  const plain = (a: Code, b: Code): Code => compute({ a, b, c: NONE, mode: i32.const(0), helpers: NO_HELPERS });
  if (needsHelper(() => plain(NONE, NONE))) return undefined;
  // A reserved rounding mode is illegal even if nothing is rounded.
  return { rounds: hasMode, conditions: () => [], compute: plain };
}

const NONE: Code = i64.const(0);
class NeedsHelper extends Error {}
const NO_HELPERS = new Proxy({} as FloatHelpers, {
  get: () => {
    throw new NeedsHelper();
  },
});

function needsHelper(write: () => Code): boolean {
  try {
    write();
    return false;
  } catch (error) {
    if (error instanceof NeedsHelper) return true;
    throw error;
  }
}
