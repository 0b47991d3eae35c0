import v8 from 'node:v8';

/**
 * Has the host optimise WebAssembly earlier than it would. V8 first compiles quickly, and well only what has run for
 * long: 13,000,000 bytes of a function's code by default. A guest's code is many functions of medium heat, which would
 * stay slow for seconds. Called before the first module is made; where V8 has no such setting nothing changes.
 */
const BUDGET = 500_000;

export function optimiseEarly(): void {
  v8.setFlagsFromString(`--wasm-tiering-budget=${BUDGET}`);
}
