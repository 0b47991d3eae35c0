import { ByteCursor, type Section } from '../byteCursor.ts';
import { MalformedData } from '../damage.ts';
import { FORM } from './constants.ts';
import { symbolDamage } from '../../../messages/symbolDamage.ts';

/** An abbreviation declaration: the tag and attribute layout shared by entries in `.debug_info`. */
export interface Abbreviation {
  tag: number;
  hasChildren: boolean;
  /** Attribute names and forms, in the order of the values in the entry. */
  names: number[];
  forms: number[];
  /** The values of attributes with DW_FORM_implicit_const, which are stored in the declaration and not in the entry. */
  implicit: (bigint | undefined)[];
}

/**
 * The abbreviations table of one unit, in `.debug_abbrev` (DWARF 5, section 7.5.3). The table is read on demand and
 * only up to the requested code, because most queries need just the first one or two declarations.
 */
export class AbbreviationTable {
  private readonly cursor: ByteCursor;
  private readonly known = new Map<number, Abbreviation>();
  private complete = false;

  constructor(section: Section, offset: number) {
    this.cursor = new ByteCursor(section, offset);
  }

  get(code: number): Abbreviation {
    let abbreviation = this.known.get(code);
    while (!abbreviation && !this.complete) {
      this.readNext();
      abbreviation = this.known.get(code);
    }
    if (!abbreviation) throw new MalformedData('.debug_abbrev', symbolDamage.noAbbreviation(code));
    return abbreviation;
  }

  private readNext(): void {
    const cursor = this.cursor;
    const code = cursor.atEnd ? 0 : cursor.uleb();
    this.complete = code === 0;
    if (code === 0) return;
    const abbreviation: Abbreviation = { tag: 0, hasChildren: false, names: [], forms: [], implicit: [] };
    abbreviation.tag = cursor.uleb();
    abbreviation.hasChildren = cursor.u8() !== 0;
    for (;;) {
      const name = cursor.uleb();
      const form = cursor.uleb();
      if (name === 0 && form === 0) break;
      abbreviation.names.push(name);
      abbreviation.forms.push(form);
      abbreviation.implicit.push(form === FORM.implicitConst ? cursor.slebBig() : undefined);
    }
    this.known.set(code, abbreviation);
  }
}
