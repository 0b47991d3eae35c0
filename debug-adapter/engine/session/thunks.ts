import type { FunctionInfo, Symbols } from '../symbols/index.ts';

/**
 * The function that a call to `pc` ultimately reaches. A C++ thunk adjusts `this` and jumps to the real function; as in
 * gdb (gnuv3_skip_trampoline), a step does not stop in the thunk. The linkage name of a thunk contains that of the real
 * function (Itanium C++ ABI, section 5.1.4.4).
 */
export function calledFunction(symbols: Symbols, pc: bigint): FunctionInfo | undefined {
  const target = THUNK.exec(symbols.symbolAt(pc)?.name ?? '')?.[1];
  const [symbol] = target === undefined ? [] : symbols.symbolsNamed(`_Z${target}`);
  return symbols.functionAt(symbol?.address ?? pc);
}

/**
 * A call offset: one number if it is non-virtual, two if it is virtual. A covariant return thunk has two call offsets.
 */
const OFFSET = String.raw`(?:hn?\d+_|vn?\d+_n?\d+_)`;
const THUNK = new RegExp(`^_ZT(?:${OFFSET}|c${OFFSET}${OFFSET})(.+)$`);
