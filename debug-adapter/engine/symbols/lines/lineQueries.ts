import type { FunctionIndex } from '../functions/functionIndex.ts';
import type { AddressRange, LineLocation, SourceFile } from '../symbols.ts';
import type { LineIndex } from './lineIndex.ts';

/** Finds source lines by address. */
export class LineQueries {
  private readonly lines: LineIndex;
  private readonly functions: FunctionIndex;

  constructor(lines: LineIndex, functions: FunctionIndex) {
    this.lines = lines;
    this.functions = functions;
  }

  at(pc: bigint): LineLocation | undefined {
    return this.lines.locationAt(pc);
  }

  /** All code for the line at `pc` within its function. Adjacent ranges are merged. */
  statementRanges(pc: bigint): AddressRange[] {
    const table = this.lines.tableAt(pc);
    const here = table?.indexAt(pc) ?? -1;
    if (!table || here < 0) return [];
    const { file, line } = table.entries[here];
    const entry = this.functions.at(pc);
    const ranges: AddressRange[] = [];
    table.entries.forEach(({ address, ...row }, index) => {
      if (row.line !== line || row.file !== file || (entry && !entry.holds(address))) return;
      // If several entries share an address, use only the entry that `lineAt` returns.
      if (table.indexAt(address) !== index && table.entries[table.indexAt(address)]?.line !== line) return;
      addRange(ranges, { start: address, end: table.endOf(index) });
    });
    return ranges;
  }

  files(): SourceFile[] {
    return [...this.lines.uses.values()].map(({ file }) => file);
  }
}

function addRange(ranges: AddressRange[], range: AddressRange): void {
  const last = ranges.at(-1);
  if (last && range.start <= last.end) last.end = range.end > last.end ? range.end : last.end;
  else ranges.push(range);
}
