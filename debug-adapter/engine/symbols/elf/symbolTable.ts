import type { SymbolAtAddress, SymbolInfo } from '../symbols.ts';
import { SHT_SYMTAB, stringAt, type ElfFile } from './elfFile.ts';

/**
 * The ELF symbol table, by address and by name. It is read on first use, which takes about a microsecond per symbol.
 * Mapping symbols (`$x`, `$d`), section symbols and file symbols are omitted.
 */
export class SymbolTable {
  private readonly file: ElfFile;
  private readonly bias: bigint;
  private sorted: SymbolInfo[] | undefined;
  private mangled: SymbolInfo[] | undefined;
  private byBase: Map<string, SymbolInfo[]> | undefined;

  constructor(file: ElfFile, bias: bigint) {
    this.file = file;
    this.bias = bias;
  }

  /** The symbol that contains an address. A symbol without a size extends to the next symbol in its section. */
  at(address: bigint): SymbolAtAddress | undefined {
    const symbols = this.sortedSymbols();
    let index = lastNotAfter(symbols, address);
    // Check only a few preceding symbols. A large object that contains many labels is therefore found only for
    // addresses near its start.
    for (let tries = 0; index >= 0 && tries < 16; index--, tries++) {
      const symbol = symbols[index];
      const offset = address - symbol.address;
      if (symbol.sizeBytes === 0n ? this.sameSection(symbol.address, address) : offset < symbol.sizeBytes) {
        const text = offset === 0n ? symbol.name : `${symbol.name}+${offset}`;
        return { ...symbol, offset, text };
      }
    }
    return undefined;
  }

  /**
   * The function that contains an address. A label within a function that has a size is not a function (gdb:
   * lookup_minimal_symbol_by_pc_section).
   */
  functionAt(address: bigint): SymbolInfo | undefined {
    const nearest = this.at(address);
    if (!nearest || nearest.sizeBytes > 0n) return nearest?.kind === 'object' ? undefined : nearest;
    const symbols = this.sortedSymbols();
    let index = lastNotAfter(symbols, address);
    while (index >= 0 && symbols[index].sizeBytes === 0n) index--;
    const sized = symbols[index];
    const contains = sized?.kind === 'function' && address - sized.address < sized.sizeBytes;
    return contains ? sized : nearest.kind === 'object' ? undefined : nearest;
  }

  withName(name: string): SymbolInfo[] {
    return this.sameBase(name).filter((symbol) => symbol.name === name);
  }

  /**
   * The functions that have a given name in the source code, including the compiler's clones (`sum.isra.0`,
   * `sum.constprop.1`).
   */
  functionsNamed(name: string): SymbolInfo[] {
    return this.sameBase(name).filter((symbol) => symbol.kind !== 'object' && !/\.cold(\.|$)/.test(symbol.name));
  }

  /**
   * The symbols of functions with a mangled C++ or Rust name that may stand for a function called `name`. The name of
   * an operator is encoded, so all mangled names qualify for `operator`.
   */
  mangledWith(name: string): SymbolInfo[] {
    const part = name === 'operator' ? '' : name.replace(/^~/, '');
    this.mangled ??= this.sortedSymbols().filter((symbol) => symbol.kind === 'function' && /^_[ZR]/.test(symbol.name));
    return this.mangled.filter((symbol) => symbol.name.includes(part));
  }

  /** The symbols whose names match `name` up to the first dot. */
  private sameBase(name: string): SymbolInfo[] {
    if (!this.byBase) {
      this.byBase = new Map();
      for (const symbol of this.sortedSymbols()) {
        const base = baseOf(symbol.name);
        const same = this.byBase.get(base);
        if (same) same.push(symbol);
        else this.byBase.set(base, [symbol]);
      }
    }
    return this.byBase.get(baseOf(name)) ?? [];
  }

  private sameSection(from: bigint, to: bigint): boolean {
    return this.file.allocated.some(
      ({ start, end }) => from - this.bias >= start && from - this.bias < end && to - this.bias < end,
    );
  }

  private sortedSymbols(): SymbolInfo[] {
    this.sorted ??= readSymbols(this.file, this.bias).sort(byAddressThenPriority);
    return this.sorted;
  }
}

function readSymbols(file: ElfFile, bias: bigint): SymbolInfo[] {
  const table = file.sections.find((section) => section.type === SHT_SYMTAB);
  const names = table && file.sections[table.link]?.bytes;
  if (!table || !names) return [];
  const view = new DataView(table.bytes.buffer, table.bytes.byteOffset, table.bytes.byteLength);
  const symbols: SymbolInfo[] = [];
  for (let at = 0; at + SYMBOL_BYTES <= table.bytes.length; at += SYMBOL_BYTES) {
    const section = view.getUint16(at + ST_SHNDX, true);
    const kind = KINDS[view.getUint8(at + ST_INFO) & 0xf];
    if (kind === undefined || section === SHN_UNDEF) continue;
    const name = stringAt(names, view.getUint32(at + ST_NAME, true));
    if (name === '' || name.startsWith('$') || name.startsWith('.L')) continue;
    symbols.push({
      name,
      address: BigInt.asUintN(64, view.getBigUint64(at + ST_VALUE, true) + bias),
      sizeBytes: view.getBigUint64(at + ST_SIZE, true),
      kind,
    });
  }
  return symbols;
}

function baseOf(name: string): string {
  const dot = name.indexOf('.', 1);
  return dot < 0 ? name : name.slice(0, dot);
}

/** `at` prefers the last symbol at an address, so functions and objects sort after labels. */
function byAddressThenPriority(a: SymbolInfo, b: SymbolInfo): number {
  if (a.address !== b.address) return a.address < b.address ? -1 : 1;
  return priority(a) - priority(b);
}

function priority(symbol: SymbolInfo): number {
  return (symbol.kind === 'label' ? 0 : 2) + (symbol.sizeBytes > 0n ? 1 : 0);
}

function lastNotAfter(symbols: SymbolInfo[], address: bigint): number {
  let low = 0;
  let high = symbols.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (symbols[middle].address <= address) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/**
 * System V ABI, "Symbol Table": STT_NOTYPE, STT_OBJECT, STT_FUNC. Symbols of other types do not have a guest address.
 */
const KINDS: Record<number, SymbolInfo['kind'] | undefined> = { 0: 'label', 1: 'object', 2: 'function' };
const SHN_UNDEF = 0;
const SYMBOL_BYTES = 24;
const ST_NAME = 0;
const ST_INFO = 4;
const ST_SHNDX = 6;
const ST_VALUE = 8;
const ST_SIZE = 16;
