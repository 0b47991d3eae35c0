import { Damage } from '../damage.ts';
import { AT, TAG } from '../dwarf/constants.ts';
import type { Die } from '../dwarf/die.ts';
import type { DebugInfo, Unit } from '../dwarf/info.ts';

/**
 * Names at the top level of units: variables, types, enumerators. A unit is indexed when a name is first looked for in
 * it, which reads all of its top-level entries; a name that the asker's own unit has not is looked for in all units.
 */
export class NameIndex {
  readonly #info: DebugInfo;
  readonly #complain: (damage: Damage) => void;
  readonly #byUnit = new Map<Unit, UnitNames>();

  constructor(info: DebugInfo, complain: (damage: Damage) => void) {
    this.#info = info;
    this.#complain = complain;
  }

  /** Entries of a name, those of `first` in front. Lazy: stop when you have what you want. */
  *find(kind: NameKind, name: string, first?: Unit): Generator<Die> {
    const rest = this.#info.units.filter((unit) => unit !== first);
    for (const unit of first ? [first, ...rest] : rest) {
      for (const key of this.#names(unit)[kind].get(name) ?? []) yield this.#info.dieAt(key);
    }
  }

  /** The variables of a unit that are no mere declarations. */
  variablesOf(unit: Unit): Die[] {
    return [...this.#names(unit).variable.values()].flat().map((key) => this.#info.dieAt(key));
  }

  #names(unit: Unit): UnitNames {
    let names = this.#byUnit.get(unit);
    if (!names) {
      names = { variable: new Map(), type: new Map(), enumerator: new Map() };
      this.#byUnit.set(unit, names);
      try {
        for (const die of unit.root.children()) add(names, die, 0);
      } catch (error) {
        // What was read before the damage stays.
        if (!(error instanceof Damage)) throw error;
        this.#complain(error);
      }
    }
    return names;
  }
}

export type NameKind = keyof UnitNames;

/** Keys of entries by name. Of types: `struct store`, `enum color`, and plain names of base types and typedefs. */
interface UnitNames {
  variable: Map<string, number[]>;
  type: Map<string, number[]>;
  /** The key is that of the enumeration. */
  enumerator: Map<string, number[]>;
}

function add(names: UnitNames, die: Die, depth: number): void {
  const { tag } = die;
  if (tag === TAG.namespace && depth < 20) {
    for (const child of die.children()) add(names, child, depth + 1);
  } else if (tag === TAG.variable) {
    if (!die.flag(AT.declaration) && isPlaced(die)) put(names.variable, die.name, die.key);
  } else if (tag in TYPE_PREFIX) {
    if (die.flag(AT.declaration)) return;
    const name = die.text(AT.name);
    put(names.type, name && TYPE_PREFIX[tag] + name, die.key);
    if (tag !== TAG.enumerationType) return;
    for (const child of die.children()) put(names.enumerator, child.text(AT.name), die.key);
  }
}

function isPlaced(die: Die): boolean {
  return die.has(AT.location) || die.has(AT.constValue);
}

function put(map: Map<string, number[]>, name: string | undefined, key: number): void {
  if (!name) return;
  const keys = map.get(name);
  if (keys) keys.push(key);
  else map.set(name, [key]);
}

const TYPE_PREFIX: Record<number, string> = {
  [TAG.structureType]: 'struct ',
  [TAG.unionType]: 'union ',
  [TAG.enumerationType]: 'enum ',
  [TAG.baseType]: '',
  [TAG.typedef]: '',
};
