import { MalformedData } from '../damage.ts';
import { AT, TAG } from '../dwarf/constants.ts';
import type { Die } from '../dwarf/die.ts';
import { evaluateLocation } from '../dwarf/expression.ts';
import type { DebugInfo, Unit } from '../dwarf/info.ts';
import type { Type } from './type.ts';
import type { TypeReader } from './typeReader.ts';

/**
 * Finds the concrete type of a Rust trait object by its vtable. rustc describes each vtable as a variable whose type
 * names the concrete type (DW_AT_containing_type). The vtables of a unit are read when a vtable is first looked up in
 * the unit.
 */
export class Vtables {
  private readonly info: DebugInfo;
  private readonly types: TypeReader;
  private readonly report: (damage: MalformedData) => void;
  private readonly byUnit = new Map<Unit, Map<bigint, number>>();

  constructor(info: DebugInfo, types: TypeReader, report: (damage: MalformedData) => void) {
    this.info = info;
    this.types = types;
    this.report = report;
  }

  /** The type whose vtable is at an address; undefined if the debug information does not specify it. */
  concreteType(vtable: bigint): Type | undefined {
    for (const unit of this.info.units) {
      const key = this.vtablesOf(unit).get(vtable);
      if (key !== undefined) return this.types.typeFrom(this.info.dieAt(key));
    }
    return undefined;
  }

  /** The keys of the concrete types, indexed by vtable address. */
  private vtablesOf(unit: Unit): Map<bigint, number> {
    let vtables = this.byUnit.get(unit);
    if (!vtables) {
      vtables = new Map();
      this.byUnit.set(unit, vtables);
      try {
        if (unit.language === 'rust') addVtables(vtables, unit);
      } catch (error) {
        // Keep the vtables that precede the damaged entry.
        if (!(error instanceof MalformedData)) throw error;
        this.report(error);
      }
    }
    return vtables;
  }
}

function addVtables(vtables: Map<bigint, number>, unit: Unit): void {
  for (const die of unit.root.children()) {
    if (die.tag !== TAG.variable || !die.has(AT.location) || !die.has(AT.type)) continue;
    const concrete = die.reference(AT.type)?.reference(AT.containingType);
    const address = concrete && addressOf(die);
    if (concrete && address !== undefined) vtables.set(address, concrete.key);
  }
}

function addressOf(variable: Die): bigint | undefined {
  const expression = variable.block(AT.location);
  if (!expression) return undefined;
  const { unit } = variable;
  const nothing = () => undefined;
  const context = { register: nothing, readMemory: nothing, cfa: nothing, frameBase: nothing, entryValue: nothing };
  const location = evaluateLocation(expression, { ...context, unit, bias: unit.info.bias });
  return location.kind === 'memory' ? location.address : undefined;
}
