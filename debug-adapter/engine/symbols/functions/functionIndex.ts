import { AT, TAG } from '../dwarf/constants.ts';
import type { Die } from '../dwarf/die.ts';
import type { Unit } from '../dwarf/info.ts';
import { rangesOf } from '../dwarf/ranges.ts';
import type { AddressRange } from '../symbols.ts';
import { readBlocks, type Block } from './block.ts';
import type { CodeUnits } from './codeUnits.ts';

/** The functions with debug information. A unit's functions are read when an address in the unit is first looked up. */
export class FunctionIndex {
  private readonly codeUnits: CodeUnits;
  private readonly isAllocated: (address: bigint) => boolean;
  private readonly onSplitDwarf: () => void;
  private readonly byUnit = new Map<Unit, FunctionEntry[]>();

  constructor(
    codeUnits: CodeUnits,
    options: {
      isAllocated: (address: bigint) => boolean;
      /** Called if a unit's entries are in another file (split DWARF). */
      onSplitDwarf: () => void;
    },
  ) {
    this.codeUnits = codeUnits;
    this.isAllocated = options.isAllocated;
    this.onSplitDwarf = options.onSplitDwarf;
  }

  at(pc: bigint): FunctionEntry | undefined {
    const unit = this.codeUnits.at(pc);
    return unit && this.functionsInUnit(unit).find((entry) => entry.holds(pc));
  }

  functionsInUnit(unit: Unit): FunctionEntry[] {
    let entries = this.byUnit.get(unit);
    if (!entries) {
      if (unit.root.has(AT.dwoName) || unit.root.has(AT.gnuDwoName)) this.onSplitDwarf();
      entries = functionsOf(unit.root).filter(({ low }) => this.isAllocated(low));
      this.byUnit.set(unit, entries);
    }
    return entries;
  }
}

export class FunctionEntry {
  readonly die: Die;
  readonly ranges: AddressRange[];
  private readBlocks: Block | undefined;

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

  get name(): string {
    return this.die.name ?? '';
  }

  /** Whether the unit's language is DW_LANG_Mips_Assembler. */
  get isAssembly(): boolean {
    return this.die.unit.root.number(AT.language) === LANGUAGE_ASSEMBLER;
  }

  get blocks(): Block {
    this.readBlocks ??= readBlocks(this.die, this.ranges);
    return this.readBlocks;
  }

  holds(pc: bigint): boolean {
    return this.ranges.some(({ start, end }) => start <= pc && pc < end);
  }
}

function functionsOf(die: Die, depth = 0): FunctionEntry[] {
  const entries: FunctionEntry[] = [];
  for (const child of die.children()) {
    if (child.tag === TAG.namespace && depth < 20) entries.push(...functionsOf(child, depth + 1));
    if (child.tag !== TAG.subprogram) continue;
    const ranges = rangesOf(child);
    if (ranges.length > 0) entries.push(new FunctionEntry(child, ranges));
  }
  return entries;
}

const LANGUAGE_ASSEMBLER = 0x8001;
