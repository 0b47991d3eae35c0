import { readAranges } from '../dwarf/aranges.ts';
import type { DebugInfo, Unit } from '../dwarf/info.ts';
import { rangesOf } from '../dwarf/ranges.ts';
import { MalformedData } from '../damage.ts';

/**
 * Maps addresses to units. The map is built on first use from `.debug_aranges`, which covers most units. The ranges of
 * the other units are read from their root entries.
 */
export class CodeUnits {
  private readonly info: DebugInfo;
  private readonly report: (damage: MalformedData) => void;
  private sorted: CodeRange[] | undefined;

  constructor(info: DebugInfo, report: (damage: MalformedData) => void) {
    this.info = info;
    this.report = report;
  }

  at(pc: bigint): Unit | undefined {
    this.sorted ??= this.collect();
    let low = 0;
    let high = this.sorted.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.sorted[middle].start <= pc) low = middle + 1;
      else high = middle;
    }
    // Ranges of assembly units may overlap after linker relaxation. The range that starts later takes precedence.
    for (let index = low - 1; index >= Math.max(0, low - OVERLAPS_MAX); index--) {
      if (pc < this.sorted[index].end) return this.sorted[index].unit;
    }
    return undefined;
  }

  private collect(): CodeRange[] {
    const units = this.info.unitsByOffset();
    const ranges: CodeRange[] = [];
    const covered = new Set<Unit>();
    for (const { start, end, unitOffset } of readAranges(this.info.sections.get('.debug_aranges'))) {
      const unit = units.get(unitOffset);
      if (!unit) continue;
      covered.add(unit);
      ranges.push({ start: this.info.biased(start), end: this.info.biased(end), unit });
    }
    for (const unit of this.info.units) {
      if (!covered.has(unit)) ranges.push(...this.ranges(unit));
    }
    return ranges.sort((a, b) => (a.start < b.start ? -1 : a.start > b.start ? 1 : 0));
  }

  private ranges(unit: Unit): CodeRange[] {
    try {
      return rangesOf(unit.skeleton).map((range) => ({ ...range, unit }));
    } catch (error) {
      if (!(error instanceof MalformedData)) throw error;
      this.report(error);
      return [];
    }
  }
}

interface CodeRange {
  start: bigint;
  end: bigint;
  unit: Unit;
}

/** The maximum number of ranges to check for an address, starting with the one that begins closest before it. */
const OVERLAPS_MAX = 8;
