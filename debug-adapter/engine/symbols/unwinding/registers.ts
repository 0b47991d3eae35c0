/** RISC-V's registers by DWARF number (RISC-V ELF psABI, "DWARF Register Numbers") and by name. */
export const RA = 1;
export const SP = 2;

/** CSR n is 4096 + n. */
export const FIRST_CSR = 4096;

/** psABI, "Integer Calling Convention": what a function may overwrite, and `ra`, which the call overwrites. */
export function isLostInCalls(register: number): boolean {
  if (register >= 64) return false;
  const index = register & 31;
  if (register >= 32) return index < 8 || (index >= 10 && index < 18) || index >= 28;
  return index === RA || (index >= 5 && index < 8) || (index >= 10 && index < 18) || index >= 28;
}

/** The DWARF number of `a0`, `x10`, `fp`, `fa0`, `f10`; undefined for other names. */
export function registerNumber(name: string): number | undefined {
  const plain = /^([xf])(\d|[12]\d|3[01])$/.exec(name);
  if (plain) return Number(plain[2]) + (plain[1] === 'f' ? 32 : 0);
  if (name === 'fp') return 8;
  const index = INTEGER_NAMES.indexOf(name);
  if (index >= 0) return index;
  const float = FLOAT_NAMES.indexOf(name);
  return float >= 0 ? 32 + float : undefined;
}

export function registerName(dwarfNumber: number): string {
  return INTEGER_NAMES[dwarfNumber] ?? FLOAT_NAMES[dwarfNumber - 32] ?? `register ${dwarfNumber}`;
}

const INTEGER_NAMES = (
  'zero ra sp gp tp t0 t1 t2 s0 s1 a0 a1 a2 a3 a4 a5 a6 a7 ' + 's2 s3 s4 s5 s6 s7 s8 s9 s10 s11 t3 t4 t5 t6'
).split(' ');
const FLOAT_NAMES = (
  'ft0 ft1 ft2 ft3 ft4 ft5 ft6 ft7 fs0 fs1 fa0 fa1 fa2 fa3 fa4 fa5 fa6 fa7 ' +
  'fs2 fs3 fs4 fs5 fs6 fs7 fs8 fs9 fs10 fs11 ft8 ft9 ft10 ft11'
).split(' ');
