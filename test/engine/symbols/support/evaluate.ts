import type { Symbols } from '../../../../debug-adapter/engine/symbols/index.ts';

/** The result of an expression in the first function, or the message of the error. */
export function evaluateIn(symbols: Symbols, expression: string): string {
  const pc = symbols.code[0].address;
  const frame = symbols.innermostFrame({ pc, readRegister: () => 0n, readMemory: () => undefined });
  try {
    const result = symbols.evaluate(expression, frame);
    return result.kind === 'value' ? result.value.text : result.kind;
  } catch (error) {
    return (error as Error).message;
  }
}
