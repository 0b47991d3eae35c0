import { type Code, I32, I64, call, i32, i64, select } from '../../base/wasm/code.ts';
import type { Frame, FunctionHandle, ModuleBuilder } from '../../base/wasm/moduleBuilder.ts';
import { bits64, ONE_D, signOf } from './floatFormat.ts';
import { divideBody, squareRootBody } from './softDivide.ts';
import { multiplyAddBody } from './softMultiplyAdd.ts';
import { addRounding, type Rounding } from './softRound.ts';

/** Handles to the functions that `addSoftFloat` adds. */
export interface SoftFloat extends Rounding {
  /** (a, b, c, control) -> a * b + c. */
  multiplyAdd: FunctionHandle;
  /** (a, b, control) -> the rounded result of the operation. */
  add: FunctionHandle;
  multiply: FunctionHandle;
  divide: FunctionHandle;
  /** (a, control) -> the rounded square root. */
  squareRoot: FunctionHandle;
  /** (a, control) -> a in the result's format. */
  convert: FunctionHandle;
  /** (integer, control) -> the integer, rounded to the result's format. */
  fromSigned: FunctionHandle;
  fromUnsigned: FunctionHandle;
}

/**
 * Adds exact floating-point arithmetic that uses integer instructions and implements every rounding mode and flag (IEEE
 * 754-2019; Volume I, section 21.2). Operands are the bits of doubles (singles are widened first); `control` selects
 * the rounding mode and the result's format. Addition and multiplication use the fused multiply-add: x + y = x * 1 + y,
 * x * y = x * y + 0.
 */
export function addSoftFloat(builder: ModuleBuilder, mulhu: FunctionHandle): SoftFloat {
  const parts = { ...addRounding(builder), mulhu };
  const add = (operands: number, body: (frame: Frame) => Code): FunctionHandle => {
    const parameters = [...Array.from({ length: operands }, () => I64), I32];
    return builder.add({ parameters, results: [I64] }, undefined, body);
  };
  const multiplyAdd = add(3, (frame) => multiplyAddBody(frame, parts));
  return {
    ...parts,
    multiplyAdd,
    add: add(2, ({ parameters: [a, b, control] }) => call(multiplyAdd, a.get, bits64(ONE_D), b.get, control.get)),
    // Adding a zero with the product's sign changes nothing, not even the sign of a zero product.
    multiply: add(2, ({ parameters: [a, b, control] }) =>
      call(multiplyAdd, a.get, b.get, signOf(i64.xor(a.get, b.get)), control.get),
    ),
    divide: add(2, (frame) => divideBody(frame, parts)),
    squareRoot: add(1, (frame) => squareRootBody(frame, parts)),
    convert: add(1, ({ parameters: [a, control] }) =>
      call(multiplyAdd, a.get, bits64(ONE_D), signOf(a.get), control.get),
    ),
    fromSigned: add(1, ({ parameters: [value, control] }) => {
      const isBelow = i64.ltS(value.get, i64.const(0));
      const magnitude = select(isBelow, i64.sub(i64.const(0), value.get), value.get);
      return call(parts.round, isBelow, i32.const(63), magnitude, control.get);
    }),
    fromUnsigned: add(1, ({ parameters: [value, control] }) =>
      call(parts.round, i32.const(0), i32.const(63), value.get, control.get),
    ),
  };
}
