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
 * Where breakpoints go, by gdb's rules (symtab.c, linespec.c), so that people find them where they know them: on a
 * function after its prologue; on a line where its code begins, once for each block that holds some of it.
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

  /** After the prologue. gdb: skip_prologue_sal. */
  ofFunction(entry: FunctionEntry): bigint {
    const { low } = entry;
    // Where variables have location lists they are right from the entry on, and nothing is to be waited for; people who
    // write assembly want its first instruction.
    if (entry.isAssembly || this.#locationsAreValid(entry.die.unit)) return low;
    const end = prologueEndByLines(entry, this.#lines) ?? this.ofCode({ low, high: entry.high });
    const line = this.#lines.locationAt(end);
    const isMidLine = line !== undefined && line.start !== end && line.end > low && line.end < entry.high;
    return isMidLine ? line.end : end;
  }

  /** The same for a function without debug information: from its instructions. */
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

  /** In each unit with the file, where statements of the line begin, or of the first line after it with code. */
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

/** A line may lie in pieces; of those in one block only the first is where it begins. */
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

/** gdb: skip_prologue_using_sal. undefined when lines do not tell. */
function prologueEndByLines(entry: FunctionEntry, lines: LineIndex): bigint | undefined {
  const { low, high } = entry;
  const table = lines.tableAt(low);
  const first = table?.indexAt(low) ?? -1;
  if (!table || first < 0) return undefined;
  // Two lines at one address: a prologue without instructions.
  if (hasSecondLineAt(table, low)) return low;
  let prologue = first;
  if (table.endOf(prologue) >= high) return undefined;
  while (table.endOf(prologue) < high) {
    const next = table.indexAt(table.endOf(prologue));
    // The next line of a body is further down; what goes up again was moved into the prologue by the compiler.
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
