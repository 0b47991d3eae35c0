import { ByteCursor } from '../byteCursor.ts';
import { MalformedData } from '../damage.ts';
import type { Abbreviation } from './abbrev.ts';
import { AT } from './constants.ts';
import { readForm, skipForm, type AttributeValue } from './forms.ts';
// Cycle: a unit contains entries, and an entry belongs to a unit.
import type { Unit } from './info.ts';
import { indexedString, stringIn } from './str.ts';
import { symbolDamage } from '../../../messages/symbolDamage.ts';

/**
 * A debugging information entry (DIE). Attribute values are decoded on demand, by one method for each attribute class.
 * If the value has a different class, the method returns undefined, as for a missing attribute.
 */
export class Die {
  readonly unit: Unit;
  readonly offset: number;
  private readonly abbreviation: Abbreviation;
  private readonly positions: number[];
  /** Offset of the first child, or of the next entry if there are no children. */
  private readonly end: number;

  constructor(unit: Unit, offset: number, abbreviation: Abbreviation, cursor: ByteCursor) {
    this.unit = unit;
    this.offset = offset;
    this.abbreviation = abbreviation;
    const forms = abbreviation.forms;
    this.positions = new Array<number>(forms.length);
    for (let i = 0; i < forms.length; i++) {
      this.positions[i] = cursor.at;
      skipForm(cursor, forms[i], unit);
    }
    this.end = cursor.at;
  }

  get key(): number {
    return this.unit.keyBase + this.offset;
  }

  get tag(): number {
    return this.abbreviation.tag;
  }

  has(name: number): boolean {
    return this.abbreviation.names.includes(name);
  }

  value(name: number): AttributeValue | undefined {
    const index = this.abbreviation.names.indexOf(name);
    if (index < 0) return undefined;
    const cursor = new ByteCursor(this.unit.section, this.positions[index], this.unit.end);
    return readForm(cursor, this.abbreviation.forms[index], this.unit, this.abbreviation.implicit[index]);
  }

  text(name: number): string | undefined {
    const value = this.value(name);
    const { sections } = this.unit;
    if (value?.kind === 'text') return value.value;
    if (value?.kind === 'textAt') return stringIn(sections, value.section, value.offset);
    if (value?.kind === 'supplementaryText') return this.unit.info.supplementaryText(value.offset);
    if (value?.kind !== 'textIndex') return undefined;
    // DWARF 5, section 7.26: if the unit does not specify a base, use the section's first table, which starts after its
    // header.
    const base = this.unit.base(AT.strOffsetsBase) ?? (this.unit.version < 5 ? 0 : this.unit.is64 ? 16 : 8);
    return indexedString(sections, { base, index: value.index, is64: this.unit.is64 });
  }

  constant(name: number): bigint | undefined {
    const value = this.value(name);
    return value?.kind === 'constant' ? value.value : undefined;
  }

  /** A constant used as a count; undefined if it is not a safe integer. */
  number(name: number): number | undefined {
    const value = Number(this.constant(name));
    return Number.isSafeInteger(value) ? value : undefined;
  }

  /** A constant used as a size; undefined if it is negative or not a safe integer. */
  size(name: number): number | undefined {
    const value = this.number(name);
    return value !== undefined && value >= 0 ? value : undefined;
  }

  flag(name: number): boolean {
    const value = this.value(name);
    return value?.kind === 'flag' && value.value;
  }

  /** A guest address, including the load bias. */
  address(name: number): bigint | undefined {
    const value = this.value(name);
    if (value?.kind === 'address') return this.unit.info.biased(value.value);
    return value?.kind === 'addressIndex' ? this.unit.addressOfIndex(value.index) : undefined;
  }

  /** An offset into another section. Before DWARF 4, such offsets were encoded in a constant form. */
  sectionOffset(name: number): number | undefined {
    const value = this.value(name);
    if (value?.kind === 'sectionOffset') return value.offset;
    return this.unit.version < 4 && value?.kind === 'constant' ? Number(value.value) : undefined;
  }

  block(name: number): Uint8Array | undefined {
    const value = this.value(name);
    return value?.kind === 'block' ? value.bytes : undefined;
  }

  /** The entry that an attribute refers to. */
  reference(name: number): Die | undefined {
    const value = this.value(name);
    const { unit } = this;
    if (value?.kind === 'unitReference') {
      const die = unit.start + value.offset < unit.end ? unit.die(unit.start + value.offset) : undefined;
      if (!die) throw new MalformedData(unit.section.name, symbolDamage.noEntry());
      return die;
    }
    if (value?.kind === 'reference') return unit.info.dieAt(unit.infoKeyBase + value.offset);
    if (value?.kind === 'supplementaryReference') return unit.info.supplementaryDie(value.offset);
    return value?.kind === 'signature' ? unit.info.dieBySignature(value.value) : undefined;
  }

  /**
   * The entry that holds further attributes of the same object: the abstract instance of an inlined or concrete
   * instance (DW_AT_abstract_origin), or the declaration that a definition completes (DW_AT_specification).
   */
  origin(): Die | undefined {
    return this.reference(AT.abstractOrigin) ?? this.reference(AT.specification);
  }

  /** This entry and its chain of origins. The chain length is limited because damaged data can contain a cycle. */
  withOrigins(): Die[] {
    const dies: Die[] = [this];
    for (let origin = this.origin(); origin && dies.length < 8; origin = origin.origin()) dies.push(origin);
    return dies;
  }

  /** This entry if it has the attribute, otherwise the first of its origins that has it. */
  entryWith(name: number): Die | undefined {
    return this.has(name) ? this : this.withOrigins().find((die) => die.has(name));
  }

  get name(): string | undefined {
    return this.entryWith(AT.name)?.text(AT.name);
  }

  *children(): Generator<Die> {
    if (!this.abbreviation.hasChildren) return;
    let at = this.end;
    while (at < this.unit.end) {
      const die = this.unit.die(at);
      if (!die) return;
      yield die;
      at = die.afterSubtree();
    }
  }

  /** Offset of the next sibling. */
  private afterSubtree(): number {
    if (!this.abbreviation.hasChildren) return this.end;
    const sibling = this.value(AT.sibling);
    if (sibling?.kind === 'unitReference') {
      const at = this.unit.start + sibling.offset;
      // Accept only forward references: damaged data could contain a cycle.
      if (at > this.end) return at;
    }
    let at = this.end;
    for (let depth = 1; depth > 0;) {
      const die = this.unit.die(at);
      if (!die) depth--;
      else if (die.abbreviation.hasChildren) depth++;
      at = die ? die.end : at + 1;
    }
    return at;
  }
}
