import { MalformedData } from '../damage.ts';
import { AT, TAG } from '../dwarf/constants.ts';
import type { Die } from '../dwarf/die.ts';
import type { DebugInfo, Unit } from '../dwarf/info.ts';
import type { NameHints } from '../names/nameHints.ts';

/**
 * The names of top-level variables, types and enumerators. A unit's top-level entries are indexed when a name is first
 * looked up in the unit. A lookup searches the requesting unit first and then the units that may define the name.
 */
export class NameIndex {
  private readonly info: DebugInfo;
  private readonly hints: NameHints;
  private readonly report: (damage: MalformedData) => void;
  private readonly byUnit = new Map<Unit, UnitNames>();

  constructor(info: DebugInfo, hints: NameHints, report: (damage: MalformedData) => void) {
    this.info = info;
    this.hints = hints;
    this.report = report;
  }

  /**
   * The entries with a given name, starting with those in the unit `first`. The entries are read during the iteration,
   * so callers should stop at the first suitable entry. If `qualifiedName` is given, entries in other scopes may be
   * omitted.
   */
  *find(kind: NameKind, name: string, first?: Unit, qualifiedName = name): Generator<Die> {
    if (first) yield* this.findIn(first, kind, name);
    for (const unit of this.hints.unitsOf(kind, qualifiedName)) {
      if (unit !== first) yield* this.findIn(unit, kind, name);
    }
  }

  private *findIn(unit: Unit, kind: NameKind, name: string): Generator<Die> {
    for (const key of this.names(unit)[kind].get(name) ?? []) yield this.info.dieAt(key);
  }

  /** The variables that the unit defines. Declarations are omitted. */
  variablesOf(unit: Unit): Die[] {
    return [...this.names(unit).variable.values()].flat().map((key) => this.info.dieAt(key));
  }

  /**
   * The unit's variables without a location, which the compiler removed, and the constant static members of its
   * classes.
   */
  unlocatedOf(unit: Unit): Die[] {
    return this.names(unit).unlocated.map((key) => this.info.dieAt(key));
  }

  private names(unit: Unit): UnitNames {
    let names = this.byUnit.get(unit);
    if (!names) {
      names = { variable: new Map(), type: new Map(), enumerator: new Map(), unlocated: [] };
      this.byUnit.set(unit, names);
      try {
        for (const { root } of [unit, ...unit.typeUnits]) {
          for (const die of root.children()) add(names, die, 0);
        }
      } catch (error) {
        // Keep the names that precede the damaged entry.
        if (!(error instanceof MalformedData)) throw error;
        this.report(error);
      }
    }
    return names;
  }
}

export type NameKind = Exclude<keyof UnitNames, 'unlocated'>;

/**
 * The keys of a unit's entries, by name. The name of a type includes its keyword (`struct store`, `enum color`); base
 * types and typedefs have plain names.
 */
interface UnitNames {
  variable: Map<string, number[]>;
  type: Map<string, number[]>;
  /** For each enumerator, the keys of the enumerations that contain it. */
  enumerator: Map<string, number[]>;
  unlocated: number[];
}

function add(names: UnitNames, die: Die, depth: number): void {
  const { tag } = die;
  if (tag === TAG.namespace && depth < 20) {
    for (const child of die.children()) add(names, child, depth + 1);
  } else if (tag === TAG.variable) {
    if (die.flag(AT.declaration)) return;
    if (hasLocation(die)) append(names.variable, die.name, die.key);
    else if (die.name) names.unlocated.push(die.key);
  } else if (tag in TYPE_PREFIX) {
    if (die.flag(AT.declaration)) return;
    const name = die.text(AT.name);
    append(names.type, name && TYPE_PREFIX[tag] + name, die.key);
    if (tag === TAG.enumerationType) {
      for (const child of die.children()) append(names.enumerator, child.text(AT.name), die.key);
    } else if (CLASSES.has(tag) && die.unit.language !== 'c' && depth < 20) {
      // A class can contain types. Its static members are declarations, which can have constant values.
      for (const child of die.children()) {
        if (child.tag in TYPE_PREFIX) add(names, child, depth + 1);
        else if (isStaticConstant(child)) names.unlocated.push(child.key);
      }
    }
  }
}

function isStaticConstant(die: Die): boolean {
  return (die.tag === TAG.variable || die.tag === TAG.member) && die.has(AT.constValue);
}

function hasLocation(die: Die): boolean {
  return die.has(AT.location) || die.has(AT.constValue);
}

function append(map: Map<string, number[]>, name: string | undefined, key: number): void {
  if (!name) return;
  const keys = map.get(name);
  if (keys) keys.push(key);
  else map.set(name, [key]);
}

const CLASSES = new Set<number>([TAG.structureType, TAG.classType, TAG.unionType]);

const TYPE_PREFIX: Record<number, string> = {
  [TAG.structureType]: 'struct ',
  [TAG.classType]: 'class ',
  [TAG.unionType]: 'union ',
  [TAG.enumerationType]: 'enum ',
  [TAG.baseType]: '',
  [TAG.typedef]: '',
};
