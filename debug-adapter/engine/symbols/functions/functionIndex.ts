import type { Die } from '../dwarf/die.ts';
import type { Unit } from '../dwarf/info.ts';
import { outlineOf } from '../dwarf/outline.ts';
import { rangesOf } from '../dwarf/ranges.ts';
import type { AddressRange } from '../symbols.ts';
import { readBlocks, type Block } from './block.ts';
import type { CodeUnits } from './codeUnits.ts';
import { frameName, functionName } from './functionName.ts';

/** The functions with debug information. A unit's functions are read when an address in the unit is first looked up. */
export class FunctionIndex {
  private readonly codeUnits: CodeUnits;
  private readonly isAllocated: (address: bigint) => boolean;
  private readonly byUnit = new Map<Unit, FunctionEntry[]>();

  constructor(codeUnits: CodeUnits, options: { isAllocated: (address: bigint) => boolean }) {
    this.codeUnits = codeUnits;
    this.isAllocated = options.isAllocated;
  }

  at(pc: bigint): FunctionEntry | undefined {
    const unit = this.codeUnits.at(pc);
    return unit && this.functionsInUnit(unit).find((entry) => entry.holds(pc));
  }

  functionsInUnit(unit: Unit): FunctionEntry[] {
    let entries = this.byUnit.get(unit);
    if (!entries) {
      entries = functionsOf(unit).filter(({ low }) => this.isAllocated(low));
      if (unit.language === 'assembly') entries = withoutOverlaps(entries);
      this.byUnit.set(unit, entries);
    }
    return entries;
  }
}

export class FunctionEntry {
  readonly die: Die;
  readonly ranges: AddressRange[];
  private readBlocks: Block | undefined;
  private qualifiedName: string | undefined;
  private nameInFrames: { name: string | undefined } | undefined;

  constructor(die: Die, ranges: AddressRange[]) {
    this.die = die;
    this.ranges = ranges;
  }

  /** The entry address: the start of the first range. A cold part may have a lower address. */
  get low(): bigint {
    return this.ranges[0].start;
  }

  get high(): bigint {
    return this.ranges[0].end;
  }

  /** The qualified name, without parameters: `Box::area`. */
  get name(): string {
    this.qualifiedName ??= functionName(this.die);
    return this.qualifiedName;
  }

  /** The name in stack frames, if it differs: see `frameName`. */
  frameName(parametersOf: (die: Die) => string): string | undefined {
    this.nameInFrames ??= { name: frameName(this.die, parametersOf) };
    return this.nameInFrames.name;
  }

  get isAssembly(): boolean {
    return this.die.unit.language === 'assembly';
  }

  get blocks(): Block {
    this.readBlocks ??= readBlocks(this.die, this.ranges);
    return this.readBlocks;
  }

  holds(pc: bigint): boolean {
    return this.ranges.some(({ start, end }) => start <= pc && pc < end);
  }
}

function functionsOf(unit: Unit): FunctionEntry[] {
  const entries: FunctionEntry[] = [];
  for (const offset of outlineOf(unit).functions) {
    const die = unit.die(offset);
    const ranges = die ? rangesOf(die) : [];
    if (die && ranges.length > 0) entries.push(new FunctionEntry(die, ranges));
  }
  return entries;
}

/**
 * Ends each function of an assembly unit where the next one starts. The assembler computes DW_AT_high_pc before linker
 * relaxation shortens the code, so a function's range may reach into the next function. As in gdb, the function that
 * starts later takes precedence.
 */
function withoutOverlaps(entries: readonly FunctionEntry[]): FunctionEntry[] {
  const sorted = [...entries].sort((a, b) => (a.low < b.low ? -1 : a.low > b.low ? 1 : 0));
  return sorted.map((entry, index) => {
    const next = sorted.slice(index + 1).find(({ low }) => low > entry.low)?.low;
    if (next === undefined || entry.ranges.length !== 1 || entry.high <= next) return entry;
    return new FunctionEntry(entry.die, [{ start: entry.low, end: next }]);
  });
}
