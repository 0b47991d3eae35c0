import { type Abbreviation, AbbreviationTable } from '../dwarf/abbrev.ts';
import type { FormSizes } from '../dwarf/forms.ts';
import { FORM } from '../dwarf/constants.ts';
import type { Section } from '../byteCursor.ts';
import { allBytes } from '../elf/fileBytes.ts';

/**
 * The scan programs for the abbreviations of the current unit. Most units have their own abbreviations table, but
 * nearly all declarations also occur in other tables, so each distinct declaration is translated only once.
 */
export class ProgramTable<P> {
  private readonly section: Section;
  private readonly bytes: Uint8Array;
  /** The programs of the current table, indexed by abbreviation code. */
  private programs: (P | undefined)[] = [];
  private current = '';
  private readonly known = new Map<string, P | undefined>();
  private readonly translate: Translate<P>;
  private at = 0;

  constructor(section: Section, translate: Translate<P>) {
    this.section = section;
    this.translate = translate;
    this.bytes = allBytes(section);
  }

  /** Selects the table at an offset. `isC` is true if the unit's language is C. */
  select(offset: number, { version, is64, addressBytes }: FormSizes, isC: boolean): void {
    const variant = `${version} ${is64} ${isC} `;
    if (this.current === variant + offset) return;
    this.current = variant + offset;
    this.programs = [];
    this.at = offset;
    for (;;) {
      const start = this.at;
      const code = this.leb();
      if (code === 0 || this.at >= this.bytes.length || code >= CODES_MAX) return;
      const declaration = this.at;
      this.skipDeclaration();
      const key = variant + this.text(declaration);
      if (!this.known.has(key)) {
        const abbreviation = new AbbreviationTable(this.section, start).get(code);
        this.known.set(key, this.translate(abbreviation, { version, is64, addressBytes }, isC));
      }
      this.programs[code] = this.known.get(key);
    }
  }

  /** The scan program for a code; undefined if the declaration is missing or its entries cannot be scanned. */
  get(code: number): P | undefined {
    return this.programs[code];
  }

  private skipDeclaration(): void {
    this.leb();
    this.at++;
    for (;;) {
      const name = this.leb();
      const form = this.leb();
      if (form === FORM.implicitConst) this.leb();
      if ((name === 0 && form === 0) || this.at >= this.bytes.length) return;
    }
  }

  /** The bytes from `start` to the current offset, as text for comparisons. */
  private text(start: number): string {
    let text = '';
    for (let i = start; i < this.at; i++) text += String.fromCharCode(this.bytes[i]);
    return text;
  }

  private leb(): number {
    const { bytes } = this;
    let byte = bytes[this.at++];
    let value = byte & 0x7f;
    for (let scale = 0x80; byte >= 0x80; scale *= 0x80) {
      byte = bytes[this.at++];
      value += (byte & 0x7f) * scale;
    }
    return value;
  }
}

/** Translates an abbreviation to a program; undefined if its entries cannot be scanned. */
type Translate<P> = (abbreviation: Abbreviation, sizes: FormSizes, isC: boolean) => P | undefined;

/**
 * The limit for abbreviation codes. Compilers number abbreviations from 1, so a larger code means that the table is
 * damaged.
 */
const CODES_MAX = 1 << 16;
