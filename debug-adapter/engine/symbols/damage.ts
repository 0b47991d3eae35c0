/**
 * What readers of ELF and DWARF throw when bytes make no sense. It never leaves this room: `openSymbols.ts` catches it
 * at every question, turns it into a complaint and answers as if that piece of debug information were not there.
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
