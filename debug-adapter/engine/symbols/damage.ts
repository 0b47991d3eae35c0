/**
 * Thrown by the ELF and DWARF readers on malformed data. It never leaves this folder: `openSymbols.ts` catches it at
 * every query, records a diagnostic and answers as if that piece of debug information were missing.
 */
export class Damage extends Error {
  override name = 'Damage';
  readonly section: string;
  readonly what: string;

  constructor(section: string, what: string) {
    super(`${section}: ${what}`);
    this.section = section;
    this.what = what;
  }
}
