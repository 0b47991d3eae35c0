/**
 * Thrown by the ELF and DWARF readers on malformed data. It never propagates out of this folder: every query in
 * `openSymbols.ts` catches it, records a diagnostic and treats that piece of debug information as missing.
 */
export class MalformedData extends Error {
  override name = 'Damage';
  readonly section: string;
  readonly problem: string;

  constructor(section: string, problem: string) {
    super(`${section}: ${problem}`);
    this.section = section;
    this.problem = problem;
  }
}

/** The value of `section` if the damage affects the file as a whole. */
export const WHOLE_FILE = 'file';
