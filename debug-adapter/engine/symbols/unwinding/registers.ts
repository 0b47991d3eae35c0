import { FLOAT_REGISTER_NAMES, INTEGER_REGISTER_NAMES } from '../../base/registerNames.ts';
/**
 * RISC-V register numbers in DWARF (RISC-V ELF psABI, "DWARF Register Numbers"). The functions in this file map numbers
 * to names and names to numbers.
 */
export const RA = 1;
export const SP = 2;

/** CSR n has number 4096 + n. */
export const FIRST_CSR = 4096;

/**
 * Whether a callee may overwrite the register (psABI, "Integer Calling Convention"). Includes `ra`, which the call
 * itself overwrites.
 */
export function isCallerSaved(register: number): boolean {
  if (register >= 64) return false;
  const index = register & 31;
  if (register >= 32) return index < 8 || (index >= 10 && index < 18) || index >= 28;
  return index === RA || (index >= 5 && index < 8) || (index >= 10 && index < 18) || index >= 28;
}

/** The DWARF number of a register name (`a0`, `x10`, `fp`, `fa0`, `f10`); undefined for other names. */
export function registerNumber(name: string): number | undefined {
  const plain = /^([xf])(\d|[12]\d|3[01])$/.exec(name);
  if (plain) return Number(plain[2]) + (plain[1] === 'f' ? 32 : 0);
  if (name === 'fp') return 8;
  const index = INTEGER_REGISTER_NAMES.indexOf(name);
  if (index >= 0) return index;
  const float = FLOAT_REGISTER_NAMES.indexOf(name);
  return float >= 0 ? 32 + float : undefined;
}

export function registerName(dwarfNumber: number): string {
  return INTEGER_REGISTER_NAMES[dwarfNumber] ?? FLOAT_REGISTER_NAMES[dwarfNumber - 32] ?? `register ${dwarfNumber}`;
}
