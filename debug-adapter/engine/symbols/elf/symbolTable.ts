import { PAUSED, type Sliced } from '../../base/sliced.ts';
import type { SymbolAtAddress, SymbolInfo } from '../symbols.ts';
import { SHT_SYMTAB, type ElfFile } from './elfFile.ts';
import type { FileBytes } from './fileBytes.ts';
import { baseOf, SortedSymbols } from './sortedSymbols.ts';

/**
 * Looks up symbols in the ELF symbol table by address and by name. The table is read on first use, which takes about
 * 0.3 us per symbol. Mapping symbols (`$x`, `$d`), section symbols and file symbols are omitted.
 */
export class SymbolTable {
  private readonly file: ElfFile;
  private readonly bias: bigint;
  private sorted: SortedSymbols | undefined;
  private mangled: SymbolInfo[] | undefined;

  constructor(file: ElfFile, bias: bigint) {
    this.file = file;
    this.bias = bias;
  }

  /** The symbol that contains an address. A symbol without a size extends to the next symbol in its section. */
  at(address: bigint): SymbolAtAddress | undefined {
    const symbols = this.sortedSymbols();
    let index = symbols.lastNotAfter(this.inFile(address));
    // Check only a few preceding symbols. A large object that contains many labels is therefore found only for
    // addresses near its start.
    for (let tries = 0; index >= 0 && tries < 16; index--, tries++) {
      const symbol = this.biased(symbols.at(index));
      const offset = address - symbol.address;
      if (symbol.sizeBytes === 0n ? this.sameSection(symbol.address, address) : offset < symbol.sizeBytes) {
        const text = offset === 0n ? symbol.name : `${symbol.name}+${offset}`;
        return { ...symbol, offset, text };
      }
    }
    return undefined;
  }

  /**
   * The function that contains an address. If the symbol table specifies a function's size, labels within the function
   * do not count as functions (gdb: lookup_minimal_symbol_by_pc_section).
   */
  functionAt(address: bigint): SymbolInfo | undefined {
    const nearest = this.at(address);
    if (!nearest || nearest.sizeBytes > 0n) return nearest?.kind === 'object' ? undefined : nearest;
    const symbols = this.sortedSymbols();
    let index = symbols.lastNotAfter(this.inFile(address));
    while (index >= 0 && symbols.at(index).sizeBytes === 0n) index--;
    const sized = index < 0 ? undefined : this.biased(symbols.at(index));
    const contains = sized?.kind === 'function' && address - sized.address < sized.sizeBytes;
    return contains ? sized : nearest.kind === 'object' ? undefined : nearest;
  }

  withName(name: string): SymbolInfo[] {
    return this.sameBase(name).filter((symbol) => symbol.name === name);
  }

  /**
   * The functions that have a given name in the source code, including the clones that the compiler created
   * (`sum.isra.0`, `sum.constprop.1`).
   */
  functionsNamed(name: string): SymbolInfo[] {
    return this.sameBase(name).filter((symbol) => symbol.kind !== 'object' && !/\.cold(\.|$)/.test(symbol.name));
  }

  /**
   * The function symbols whose mangled C++ or Rust name may stand for a function called `name`. Operator names are
   * encoded, so every mangled name may match `operator`.
   */
  mangledWith(name: string): SymbolInfo[] {
    const part = name === 'operator' ? '' : name.replace(/^~/, '');
    this.mangled ??= this.sortedSymbols()
      .mangledFunctions()
      .map((symbol) => this.biased(symbol));
    return this.mangled.filter((symbol) => symbol.name.includes(part));
  }

  /** The symbols whose names are the same as `name` up to the first dot. */
  private sameBase(name: string): SymbolInfo[] {
    return this.sortedSymbols()
      .withBase(baseOf(name))
      .map((symbol) => this.biased(symbol));
  }

  private biased(symbol: SymbolInfo): SymbolInfo {
    return { ...symbol, address: BigInt.asUintN(64, symbol.address + this.bias) };
  }

  private inFile(address: bigint): bigint {
    return BigInt.asUintN(64, address - this.bias);
  }

  private sameSection(from: bigint, to: bigint): boolean {
    return this.file.allocated.some(
      ({ start, end }) => from - this.bias >= start && from - this.bias < end && to - this.bias < end,
    );
  }

  /**
   * Reads the table, with a pause between the two halves of the work. Linux has 150,000 symbols, which take about 100
   * ms to read.
   */
  *readInSlices(): Sliced<void> {
    const symbols = this.sortedSymbols();
    yield PAUSED;
    symbols.hashNames();
    yield PAUSED;
  }

  /** Creates only one sorted table for a file that is opened at several addresses. */
  private sortedSymbols(): SortedSymbols {
    const { onDemand } = this.file;
    this.sorted ??= onDemand && SHARED.get(onDemand);
    if (!this.sorted) {
      this.sorted = this.read();
      if (onDemand) SHARED.set(onDemand, this.sorted);
    }
    return this.sorted;
  }

  private read(): SortedSymbols {
    const table = this.file.sections.find((section) => section.type === SHT_SYMTAB);
    const names = table && this.file.sections[table.link]?.bytes;
    return table && names
      ? new SortedSymbols(table.bytes, names)
      : new SortedSymbols(new Uint8Array(), new Uint8Array());
  }
}

const SHARED = new WeakMap<FileBytes, SortedSymbols>();
