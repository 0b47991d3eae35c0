/**
 * Thrown by the ELF and DWARF readers on malformed data. It never leaves this folder: `openSymbols.ts` catches it at
 * every query, records a diagnostic and answers as if that piece of debug information were missing.
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
