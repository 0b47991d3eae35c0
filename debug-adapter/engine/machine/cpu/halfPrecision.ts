import { type Code, I64, block, brTable, i32, i64, label, ret, sequence, set, when } from '../../base/wasm/code.ts';
import type { Frame } from '../../base/wasm/moduleBuilder.ts';
import { type Core, slot32 } from './coreContext.ts';
import { FLAG, markFloatsDirty } from './floatFormat.ts';
import { intoRegister, isPlainResult } from './floatHandlers.ts';
import { HALF_NAMES } from './floatNames.ts';
import { FLOAT, type FastFloat, type FloatOperands } from './floatSemantics.ts';

/**
 * Defines the Zfh operations as one function (index in HALF_NAMES, rs1, rs2, rs3, rounding mode) -> rd. Few programs
 * use them, so they are kept out of the interpreter's loop, which must be short.
 */
export function defineHalfPrecision(core: Core): void {
  core.builder.define(core.functions.halfPrecision, (frame) => {
    const [index, ...registers] = frame.parameters;
    const [a, b, c, mode] = registers.map(({ get }) => get);
    const operands = { a, b, c, mode, helpers: core.helpers };
    const result = frame.local(I64);
    const labels = HALF_NAMES.map(() => label());
    const cases = HALF_NAMES.map((name) => {
      const { compute, fast, result: kind } = FLOAT[name]!;
      return sequence(
        fast ? onHost(fast, operands, result) : sequence(),
        set(result, compute(operands)),
        kind === 'float' ? markFloatsDirty : sequence(),
        ret(result.get),
      );
    });
    const dispatch = labels.reduce(
      (inner, target, i) => sequence(block(target, inner), cases[i]),
      brTable(index.get, labels),
    );
    return sequence(dispatch, i64.const(0));
  });
}

/** Uses the host's instruction if the conditions of `FastFloat` are met. */
function onHost(fast: FastFloat, operands: FloatOperands, result: ReturnType<Frame['local']>): Code {
  const isInexact = i32.and(slot32('FCSR'), i32.const(FLAG.INEXACT));
  const conditions = [isInexact, i32.eqz(operands.mode), ...fast.accepts(operands)];
  const bits = fast.compute(operands);
  return when(
    conditions.reduce((all, condition) => i32.and(all, condition)),
    set(result, fast.format === 'D' ? bits : i64.extendU(bits)),
    when(isPlainResult(result.get, fast), markFloatsDirty, ret(intoRegister(result.get, fast))),
  );
}
