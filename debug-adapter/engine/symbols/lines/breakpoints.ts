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
 * Computes breakpoint addresses by gdb's rules (symtab.c, linespec.c), so that breakpoints stop where gdb users expect.
 * A function breakpoint is after the prologue. A line breakpoint is at the first instruction of the line, once for each
 * block that contains part of the line.
 */
export class BreakpointPlaces {
  readonly #lines: LineIndex;
  readonly #functions: FunctionIndex;
  readonly #readCode: (address: bigint, lengthBytes: number) => Uint8Array | undefined;
  readonly #validFromEntry = new Map<Unit, boolean>();

  constructor(
    lines: LineIndex,
    functions: FunctionIndex,
    readCode: (address: bigint, lengthBytes: number) => Uint8Array | undefined,
  ) {
    this.#lines = lines;
    this.#functions = functions;
    this.#readCode = readCode;
  }

  /** The address after the prologue (gdb: skip_prologue_sal). */
  ofFunction(entry: FunctionEntry): bigint {
    const { low } = entry;
    // With location lists, variables are valid from the function entry, so there is no need to skip the prologue.
    // Assembly programmers expect to stop at the first instruction.
    if (entry.isAssembly || this.#locationsAreValid(entry.die.unit)) return low;
    const end = prologueEndByLines(entry, this.#lines) ?? this.ofCode({ low, high: entry.high });
    const line = this.#lines.locationAt(end);
    const isMidLine = line !== undefined && line.start !== end && line.end > low && line.end < entry.high;
    return isMidLine ? line.end : end;
  }

  /** The same for a function without debug information, by scanning its instructions. */
  ofCode({ low, high }: { low: bigint; high: bigint }): bigint {
    return scanPrologue(this.#readCode, { start: low, end: high > low ? high : low + 100n }).end;
  }

  /** gdb: create_sals_line_offset. */
  ofLine(path: string, line: number): LineBreakpoint | undefined {
    const uses = this.#lines.usesFitting(path);
    const places = uses.flatMap((use) => this.#placesFrom(use, line));
    const actual = places.reduce((least, place) => Math.min(least, place.entry.line), Infinity);
    const found = places.filter(({ entry }) => entry.line === actual);
    if (found.length === 0) return undefined;
    const addresses = new Set(onePerBlock(found, this.#functions).map((address) => this.#pastPrologue(address)));
    const sorted = [...addresses].sort((a, b) => (a < b ? -1 : 1));
    return { file: found[0].use.file, line: actual, addresses: sorted };
  }

  linesOf(path: string): number[] {
    const places = this.#lines.usesFitting(path).flatMap((use) => this.#placesFrom(use, 0, 'all'));
    return [...new Set(places.map(({ entry }) => entry.line))].sort((a, b) => a - b);
  }

  /** Finds statements of the line in each unit that uses the file, or of the next line with code. */
  #placesFrom(use: FileUse, line: number, which: 'first' | 'all' = 'first'): Place[] {
    const places: Place[] = [];
    for (const [unit, numbers] of use.units) {
      const entries = this.#lines.table(unit)?.entries ?? [];
      let best = Infinity;
      for (const entry of entries) {
        if (entry.line < line || entry.line === 0 || !entry.isStatement || !numbers.includes(entry.file)) continue;
        if (which === 'all' || entry.line === best) places.push({ use, entry });
        else if (entry.line < best) {
          best = entry.line;
          places.push({ use, entry });
        }
      }
    }
    return places;
  }

  #pastPrologue(address: bigint): bigint {
    const entry = this.#functions.at(address);
    if (!entry || address < entry.low || address >= entry.high) return address;
    const end = this.ofFunction(entry);
    return address < end ? end : address;
  }

  /** gdb: COMPUNIT_LOCATIONS_VALID, for gcc from 4.5 on. */
  #locationsAreValid(unit: Unit): boolean {
    let valid = this.#validFromEntry.get(unit);
    if (valid === undefined) {
      const isGcc = unit.root.text(AT.producer)?.startsWith('GNU ') ?? false;
      valid = isGcc && this.#functions.inUnit(unit).some(({ blocks }) => hasList(blocks));
      this.#validFromEntry.set(unit, valid);
    }
    return valid;
  }
}

interface Place {
  use: FileUse;
  entry: LineEntry;
}

function hasList(block: Block): boolean {
  return block.variables.some((die) => hasLocationList(die, AT.location)) || block.inner.some(hasList);
}

/** The code of a line may be split into several parts; only the first one in each block counts. */
function onePerBlock(places: Place[], functions: FunctionIndex): bigint[] {
  const seen = new Set<Block>();
  const addresses: bigint[] = [];
  for (const { entry } of places) {
    const blocks = functions.at(entry.address)?.blocks;
    const block = blocks && blocksAt(blocks, entry.address).at(-1);
    if (block && seen.has(block)) continue;
    if (block) seen.add(block);
    addresses.push(entry.address);
  }
  return addresses;
}

/** gdb: skip_prologue_using_sal. Undefined if the line table does not give the end. */
function prologueEndByLines(entry: FunctionEntry, lines: LineIndex): bigint | undefined {
  const { low, high } = entry;
  const table = lines.tableAt(low);
  const first = table?.indexAt(low) ?? -1;
  if (!table || first < 0) return undefined;
  // Two lines at one address mean a prologue without instructions.
  if (hasSecondLineAt(table, low)) return low;
  let prologue = first;
  if (table.endOf(prologue) >= high) return undefined;
  while (table.endOf(prologue) < high) {
    const next = table.indexAt(table.endOf(prologue));
    // The body continues on a later line. The compiler moved code of an earlier line into the prologue.
    if (next < 0 || endsPrologue(table, { prologue, next }, entry)) break;
    prologue = next;
  }
  const end = table.endOf(prologue);
  return end < high ? end : table.entries[prologue].address;
}

function hasSecondLineAt(table: LineTable, low: bigint): boolean {
  const index = table.entries.findIndex(({ address, line }) => address === low && line !== 0);
  const [one, other] = [table.entries[index], table.entries[index + 1]];
  return other !== undefined && other.address === low && other.line !== 0 && other.file === one.file;
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
