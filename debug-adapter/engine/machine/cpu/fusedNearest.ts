import { type Code, I64, call, i32, i64, ret, select, sequence, set, when } from '../../base/wasm/code.ts';
import { F64, f64 } from '../../base/wasm/floatCode.ts';
import type { Frame, FunctionHandle, ModuleBuilder } from '../../base/wasm/moduleBuilder.ts';

/** Handles to the functions that `addFusedNearest` adds. */
export interface FusedNearest {
  /** (x, y) -> x + y rounded to odd. */
  sumToOdd: FunctionHandle;
  /** (a, b, c) -> a * b + c, or NaN if the product's error might be too small for a double. */
  fusedNearest: FunctionHandle;
}

/**
 * Adds a fused multiply-add for doubles that rounds to nearest; WebAssembly has no such instruction. Sums and products
 * are split into a result and an error, both exact, and the errors are added with rounding to odd, so that the final
 * addition gives the correctly rounded result (Boldo and Melquiond, "Emulation of FMA and correctly rounded sums:
 * proved algorithms using rounding to odd", 2008). If an intermediate result overflows, the result is an infinity or a
 * NaN, and the caller uses the software implementation instead.
 */
export function addFusedNearest(builder: ModuleBuilder): FusedNearest {
  const sumToOdd = builder.add({ parameters: [F64, F64], results: [F64] }, undefined, sumToOddBody);
  const fusedNearest = builder.add({ parameters: [F64, F64, F64], results: [F64] }, undefined, (frame) =>
    fusedBody(frame, sumToOdd),
  );
  return { sumToOdd, fusedNearest };
}

/** Knuth's two-sum: computes the error of a sum, regardless of which operand is larger. `sum` must be x + y. */
function errorOfSum(x: Code, y: Code, sum: Code): Code {
  const yError = f64.sub(sum, x);
  return f64.add(f64.sub(x, f64.sub(sum, yError)), f64.sub(y, yError));
}

/**
 * If the sum is inexact and its last bit is 0, replaces it with the odd neighbor in the direction of the exact value.
 */
function sumToOddBody(frame: Frame): Code {
  const [x, y] = frame.parameters;
  const sum = frame.local(F64);
  const error = frame.local(F64);
  const bits = frame.local(I64);
  const isEven = i32.eqz(i32.and(i32.wrap(bits.get), i32.const(1)));
  const zero = f64.const(0);
  const isOutwards = i32.eq(f64.gt(error.get, zero), f64.gt(sum.get, zero));
  return sequence(
    set(sum, f64.add(x.get, y.get)),
    set(error, errorOfSum(x.get, y.get, sum.get)),
    set(bits, f64.toBits(sum.get)),
    when(
      i32.and(f64.ne(error.get, zero), isEven),
      set(bits, i64.add(bits.get, select(isOutwards, i64.const(1), i64.const(-1)))),
    ),
    f64.fromBits(bits.get),
  );
}

/** If a product is smaller than this, its error may be too small even for a subnormal double. */
const SMALLEST_PRODUCT = 2 ** -960;
/** Veltkamp's constant: splits 53 bits into halves whose products are exact. */
const SPLITTER = 2 ** 27 + 1;

function fusedBody(frame: Frame, sumToOdd: FunctionHandle): Code {
  const [a, b, c] = frame.parameters;
  const local = () => frame.local(F64);
  const [product, productError, high, highError, result, spare] = [
    local(),
    local(),
    local(),
    local(),
    local(),
    local(),
  ];
  const [aHigh, aLow, bHigh, bLow] = [local(), local(), local(), local()];
  const split = (value: Code, upper: typeof aHigh, lower: typeof aLow): Code =>
    sequence(
      set(spare, f64.mul(value, f64.const(SPLITTER))),
      set(upper, f64.sub(spare.get, f64.sub(spare.get, value))),
      set(lower, f64.sub(value, upper.get)),
    );
  const mul = (x: typeof a, y: typeof a): Code => f64.mul(x.get, y.get);
  // Dekker's algorithm: computes the error of the product from the products of the halves.
  const missingDigits = f64.sub(
    mul(aLow, bLow),
    f64.sub(f64.sub(f64.sub(product.get, mul(aHigh, bHigh)), mul(aLow, bHigh)), mul(aHigh, bLow)),
  );
  return sequence(
    set(product, mul(a, b)),
    when(f64.lt(f64.abs(product.get), f64.const(SMALLEST_PRODUCT)), ret(f64.const(NaN))),
    split(a.get, aHigh, aLow),
    split(b.get, bHigh, bLow),
    set(productError, missingDigits),
    set(high, f64.add(c.get, productError.get)),
    set(highError, errorOfSum(c.get, productError.get, high.get)),
    set(result, f64.add(product.get, high.get)),
    set(spare, errorOfSum(product.get, high.get, result.get)),
    f64.add(result.get, call(sumToOdd, highError.get, spare.get)),
  );
}
