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
 * The abbreviations table of one unit, in `.debug_abbrev` (DWARF 5, section 7.5.3). The table is read only up to the
 * requested code. An abbreviation becomes an object only when it is requested: a kernel has half a million of them, and
 * most queries need just a few.
 */
export class AbbreviationTable {
  private readonly cursor: ByteCursor;
  private readonly known = new Map<number, Abbreviation>();
  /** For each code, the offset of the rest of its declaration. */
  private readonly offsets = new Map<number, number>();
  private complete = false;

  constructor(section: Section, offset: number) {
    this.cursor = new ByteCursor(section, offset);
  }

  get(code: number): Abbreviation {
    let abbreviation = this.known.get(code);
    if (!abbreviation) {
      abbreviation = this.read(code);
      this.known.set(code, abbreviation);
    }
    return abbreviation;
  }

  private read(code: number): Abbreviation {
    while (!this.complete && !this.offsets.has(code)) this.skipNext();
    const offset = this.offsets.get(code);
    if (offset === undefined) throw new MalformedData('.debug_abbrev', symbolDamage.noAbbreviation(code));
    return readDeclaration(new ByteCursor(this.cursor.section, offset));
  }

  private skipNext(): void {
    const { cursor } = this;
    const code = cursor.atEnd ? 0 : cursor.uleb();
    this.complete = code === 0;
    if (code === 0) return;
    const offset = cursor.at;
    cursor.skipLeb();
    cursor.u8();
    for (;;) {
      const name = cursor.uleb();
      const form = cursor.uleb();
      if (name === 0 && form === 0) break;
      if (form === FORM.implicitConst) cursor.skipLeb();
    }
    this.offsets.set(code, offset);
  }
}

function readDeclaration(cursor: ByteCursor): Abbreviation {
  const abbreviation: Abbreviation = { tag: 0, hasChildren: false, names: [], forms: [], implicit: [] };
  abbreviation.tag = cursor.uleb();
  abbreviation.hasChildren = cursor.u8() !== 0;
  for (;;) {
    const name = cursor.uleb();
    const form = cursor.uleb();
    if (name === 0 && form === 0) return abbreviation;
    abbreviation.names.push(name);
    abbreviation.forms.push(form);
    abbreviation.implicit.push(form === FORM.implicitConst ? cursor.slebBig() : undefined);
  }
}
