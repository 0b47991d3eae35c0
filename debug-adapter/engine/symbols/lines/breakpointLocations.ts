import { hasLocationList } from '../dwarf/loc.ts';
import { AT, TAG } from '../dwarf/constants.ts';
import type { Unit } from '../dwarf/info.ts';
import { blocksAt, type Block } from '../functions/block.ts';
import type { FunctionEntry, FunctionIndex } from '../functions/functionIndex.ts';
import type { LineBreakpoint } from '../symbols.ts';
import { scanPrologue } from '../unwinding/prologueScan.ts';
import type { FileUse, LineIndex } from './lineIndex.ts';
import type { LineEntry, LineTable } from './lineTable.ts';

/**
 * Computes breakpoint addresses according to gdb's rules (symtab.c, linespec.c), so that breakpoints stop where gdb
 * users expect. A function breakpoint is set after the prologue. A line breakpoint is set at the line's first
 * instruction in each block that contains part of the line.
 */
export class BreakpointLocations {
  private readonly lines: LineIndex;
  private readonly functions: FunctionIndex;
  private readonly readCode: (address: bigint, lengthBytes: number) => Uint8Array | undefined;
  private readonly validFromEntry = new Map<Unit, boolean>();

  constructor(
    lines: LineIndex,
    functions: FunctionIndex,
    readCode: (address: bigint, lengthBytes: number) => Uint8Array | undefined,
  ) {
    this.lines = lines;
    this.functions = functions;
    this.readCode = readCode;
  }

  /** The address after the prologue (gdb: skip_prologue_sal). */
  functionBreakpoint(entry: FunctionEntry): bigint {
    const { low } = entry;
    // With location lists, variables are valid from the function entry, so there is no need to skip the prologue.
    // Assembly programmers expect to stop at the first instruction.
    if (entry.isAssembly || this.locationsAreValid(entry.die.unit)) return low;
    const end = prologueEndByLines(entry, this.lines) ?? this.codeBreakpoint({ low, high: entry.high });
    const line = this.lines.locationAt(end);
    const isMidLine = line !== undefined && line.start !== end && line.end > low && line.end < entry.high;
    return isMidLine ? line.end : end;
  }

  /** The address after the prologue of a function without debug information, found by scanning its instructions. */
  codeBreakpoint({ low, high }: { low: bigint; high: bigint }): bigint {
    return scanPrologue(this.readCode, { start: low, end: high > low ? high : low + 100n }).end;
  }

  /** The addresses for a breakpoint on a source line (gdb: create_sals_line_offset). */
  lineBreakpoint(path: string, line: number): LineBreakpoint | undefined {
    const uses = this.lines.usesMatching(path);
    const locations = uses.flatMap((use) => this.locationsFrom(use, line));
    const actual = locations.reduce((lineMin, location) => Math.min(lineMin, location.entry.line), Infinity);
    const statements = locations.filter(({ entry }) => entry.line === actual);
    if (statements.length === 0) return undefined;
    const addresses = new Set(onePerBlock(statements, this.functions).map((address) => this.afterPrologue(address)));
    const sorted = [...addresses].sort((a, b) => (a < b ? -1 : 1));
    return { file: statements[0].use.file, line: actual, addresses: sorted };
  }

  breakpointLines(path: string): number[] {
    const locations = this.lines.usesMatching(path).flatMap((use) => this.locationsFrom(use, 0, 'all'));
    return [...new Set(locations.map(({ entry }) => entry.line))].sort((a, b) => a - b);
  }

  /**
   * Finds a line's statements in each unit that uses the file. If the line has no code, finds the statements for the
   * next line with code.
   */
  private locationsFrom(use: FileUse, line: number, which: 'first' | 'all' = 'first'): CodeLocation[] {
    const locations: CodeLocation[] = [];
    for (const [unit, numbers] of use.units) {
      const entries = this.lines.table(unit)?.entries ?? [];
      let best = Infinity;
      for (const entry of entries) {
        if (entry.line < line || entry.line === 0 || !entry.isStatement || !numbers.includes(entry.file)) continue;
        if (which === 'all' || entry.line === best) locations.push({ use, entry });
        else if (entry.line < best) {
          best = entry.line;
          locations.push({ use, entry });
        }
      }
    }
    return locations;
  }

  /** The address itself, or the end of the prologue if the address is in the prologue of its function. */
  afterPrologue(address: bigint): bigint {
    const entry = this.functions.at(address);
    if (!entry || address < entry.low || address >= entry.high) return address;
    const end = this.functionBreakpoint(entry);
    return address < end ? end : address;
  }

  /**
   * The address for a breakpoint on an inlined call in a unit. If the unit has location lists and was compiled by gcc,
   * there is no need to skip the prologue, so the unit's functions are not read.
   */
  inlinedBreakpoint(address: bigint, { unit, hasLists }: { unit: Unit; hasLists: boolean }): bigint {
    return hasLists && isFromGcc(unit) ? address : this.afterPrologue(address);
  }

  /**
   * Whether variable locations are valid from the function entry onward, as in code compiled by gcc 4.5 or later (gdb:
   * COMPUNIT_LOCATIONS_VALID).
   */
  private locationsAreValid(unit: Unit): boolean {
    let valid = this.validFromEntry.get(unit);
    if (valid === undefined) {
      valid = isFromGcc(unit) && this.functions.functionsInUnit(unit).some(({ blocks }) => hasList(blocks));
      this.validFromEntry.set(unit, valid);
    }
    return valid;
  }
}

const isFromGcc = (unit: Unit): boolean => unit.root.text(AT.producer)?.startsWith('GNU ') ?? false;

interface CodeLocation {
  use: FileUse;
  entry: LineEntry;
}

function hasList(block: Block): boolean {
  return block.variables.some((die) => hasLocationList(die, AT.location)) || block.inner.some(hasList);
}

/** A line's code may be split into several parts; a breakpoint is set only at the first part in each block. */
function onePerBlock(locations: CodeLocation[], functions: FunctionIndex): bigint[] {
  const seen = new Set<Block>();
  const addresses: bigint[] = [];
  for (const { entry } of locations) {
    const blocks = functions.at(entry.address)?.blocks;
    const block = blocks && blocksAt(blocks, entry.address).at(-1);
    if (block && seen.has(block)) continue;
    if (block) seen.add(block);
    addresses.push(entry.address);
  }
  return addresses;
}

/**
 * The end of the prologue according to the line table; undefined if it cannot be determined from the line table (gdb:
 * skip_prologue_using_sal).
 */
function prologueEndByLines(entry: FunctionEntry, lines: LineIndex): bigint | undefined {
  const { low, high } = entry;
  const table = lines.tableAt(low);
  const first = table?.indexAt(low) ?? -1;
  if (!table || first < 0) return undefined;
  const marked = markedPrologueEnd(table, first, high);
  if (marked !== undefined) return marked;
  // If a second line begins at the function's first address, the prologue has no instructions.
  if (hasSecondLineAt(table, low)) return low;
  let prologue = first;
  if (table.endOf(prologue) >= high) return undefined;
  while (table.endOf(prologue) < high) {
    const next = table.indexAt(table.endOf(prologue));
    // The body starts at the first row whose line is not before the line of the previous row, or at an inlined
    // function. A row for an earlier line means that the compiler moved code of that line into the prologue.
    if (next < 0 || endsPrologue(table, { prologue, next }, entry)) break;
    prologue = next;
  }
  const end = table.endOf(prologue);
  return end < high ? end : table.entries[prologue].address;
}

/** The address that the compiler marked as the end of the prologue (gdb: skip_prologue_using_linetable). */
function markedPrologueEnd(table: LineTable, first: number, high: bigint): bigint | undefined {
  const { entries } = table;
  const { file, address: low } = entries[first];
  let index = first;
  while (index > 0 && entries[index - 1].address === low) index--;
  for (; index < entries.length && entries[index].address < high; index++) {
    if (entries[index].prologueEnd && entries[index].file === file) return entries[index].address;
  }
  return undefined;
}

function hasSecondLineAt(table: LineTable, low: bigint): boolean {
  const index = table.entries.findIndex(({ address, line }) => address === low && line !== 0);
  const [first, second] = [table.entries[index], table.entries[index + 1]];
  return second !== undefined && second.address === low && second.line !== 0 && second.file === first.file;
}

function endsPrologue(
  table: LineTable,
  { prologue, next }: { prologue: number; next: number },
  entry: FunctionEntry,
): boolean {
  const [before, after] = [table.entries[prologue], table.entries[next]];
  if (after.line >= before.line || after.file !== before.file) return true;
  return blocksAt(entry.blocks, after.address).some(({ die }) => die.tag === TAG.inlinedSubroutine);
}
