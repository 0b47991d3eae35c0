import type { SymbolInfo } from '../symbols.ts';
import { stringAt } from './elfFile.ts';

/**
 * The entries of an ELF symbol table, in ascending order of their addresses, and a hash table of their names. The
 * tables take 16 to 24 bytes per entry, and objects are created only for the entries that a query returns, because a
 * kernel has hundreds of thousands of symbols. Addresses do not include the load bias.
 */
export class SortedSymbols {
  private readonly view: DataView;
  private readonly names: Uint8Array;
  /** The offsets of the entries. */
  private readonly order: Uint32Array;
  private hashTable: HashTable | undefined;

  constructor(table: Uint8Array, names: Uint8Array) {
    this.view = new DataView(table.buffer, table.byteOffset, table.byteLength);
    this.names = names;
    this.order = sortedOffsets(this.view, names);
  }

  get length(): number {
    return this.order.length;
  }

  at(index: number): SymbolInfo {
    const at = this.order[index];
    return {
      name: stringAt(this.names, this.view.getUint32(at + ST_NAME, true)),
      address: this.addressOf(index),
      sizeBytes: this.view.getBigUint64(at + ST_SIZE, true),
      kind: KINDS[this.view.getUint8(at + ST_INFO) & 0xf]!,
    };
  }

  /** The index of the last symbol that starts at or before an address; -1 if there is none. */
  lastNotAfter(address: bigint): number {
    let low = 0;
    let high = this.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.addressOf(middle) <= address) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  /** The symbols whose names are equal to `base` up to the first dot, in ascending order of their addresses. */
  withBase(base: string): SymbolInfo[] {
    const bytes = new TextEncoder().encode(base);
    const found: SymbolInfo[] = [];
    const { last, previous } = this.hashNames();
    const slot = hashOf(bytes, 0, bytes.length) & (last.length - 1);
    for (let i = last[slot]; i > 0; i = previous[i - 1]) {
      const name = this.view.getUint32(this.order[i - 1] + ST_NAME, true);
      const end = baseEnd(this.names, name);
      if (end - name !== bytes.length || !bytes.every((byte, n) => byte === this.names[name + n])) continue;
      found.push(this.at(i - 1));
    }
    return found.reverse();
  }

  /** The functions whose names start like the mangled names of C++ and Rust (`_Z`, `_R`). */
  mangledFunctions(): SymbolInfo[] {
    const found: SymbolInfo[] = [];
    this.order.forEach((at, index) => {
      const name = this.view.getUint32(at + ST_NAME, true);
      const second = this.names[name + 1];
      if (this.names[name] !== UNDERSCORE || (second !== CAPITAL_Z && second !== CAPITAL_R)) return;
      const symbol = this.at(index);
      if (symbol.kind === 'function') found.push(symbol);
    });
    return found;
  }

  /** Returns the hash table of the names. It is created on first use, because only lookups by name need it. */
  hashNames(): HashTable {
    return (this.hashTable ??= this.makeHashTable());
  }

  private makeHashTable(): HashTable {
    const { names, order, view } = this;
    const last = new Uint32Array(2 ** Math.ceil(Math.log2(Math.max(1, order.length) * 2)));
    const previous = new Uint32Array(order.length);
    for (let i = 0; i < order.length; i++) {
      const name = view.getUint32(order[i] + ST_NAME, true);
      const slot = hashOf(names, name, baseEnd(names, name)) & (last.length - 1);
      previous[i] = last[slot];
      last[slot] = i + 1;
    }
    return { last, previous };
  }

  private addressOf(index: number): bigint {
    return this.view.getBigUint64(this.order[index] + ST_VALUE, true);
  }
}

/**
 * The last entry with each hash, and for each entry the previous entry with the same hash. Both are stored as the
 * entry's index plus 1, or 0 if there is none.
 */
interface HashTable {
  last: Uint32Array;
  previous: Uint32Array;
}

/** The part of a symbol's name before the suffixes that the compiler adds to clones (`sum.isra.0`). */
export function baseOf(name: string): string {
  const dot = name.indexOf('.', 1);
  return dot < 0 ? name : name.slice(0, dot);
}

/**
 * Sorts the symbols by address and then by priority, so that the last symbol at an address is the best one. Symbols
 * with equal addresses and priorities keep their order in the table.
 */
function sortedOffsets(view: DataView, names: Uint8Array): Uint32Array {
  const offsets: number[] = [];
  for (let at = 0; at + SYMBOL_BYTES <= view.byteLength; at += SYMBOL_BYTES) {
    if (isShown(view, names, at)) offsets.push(at);
  }
  // Group the addresses by their upper half, so that a floating-point number can represent each sort key exactly.
  const groups = new Map<number, number[]>();
  for (const at of offsets) {
    const upper = view.getUint32(at + ST_VALUE + 4, true);
    const group = groups.get(upper);
    if (group) group.push(at);
    else groups.set(upper, [at]);
  }
  const sorted = [...groups].sort(([a], [b]) => a - b).map(([, group]) => sortedGroup(view, group));
  const all = new Uint32Array(offsets.length);
  let done = 0;
  for (const group of sorted) {
    all.set(group, done);
    done += group.length;
  }
  return all;
}

function sortedGroup(view: DataView, offsets: number[]): Uint32Array {
  const count = offsets.length;
  if (count > GROUP_MAX) return sortedSlowly(view, offsets);
  // Sorting numbers without a comparison function is many times faster. To identify its symbol after the sort, each key
  // also contains the symbol's index.
  const keys = Float64Array.from(offsets, (at, i) => {
    return (view.getUint32(at + ST_VALUE, true) * PRIORITIES + priority(view, at)) * count + i;
  });
  return Uint32Array.from(keys.sort(), (key) => offsets[key % count]);
}

/** Sorts a group with so many symbols that floating-point numbers cannot represent the sort keys exactly. */
function sortedSlowly(view: DataView, offsets: number[]): Uint32Array {
  const compare = (a: number, b: number) => {
    const [first, second] = [view.getBigUint64(a + ST_VALUE, true), view.getBigUint64(b + ST_VALUE, true)];
    return first === second ? priority(view, a) - priority(view, b) : first < second ? -1 : 1;
  };
  return Uint32Array.from(offsets.sort(compare));
}

/**
 * Excludes mapping symbols (`$x`, `$d`), labels that the assembler or compiler generated (`.L1`), undefined symbols,
 * and section and file symbols.
 */
function isShown(view: DataView, names: Uint8Array, at: number): boolean {
  if (!((view.getUint8(at + ST_INFO) & 0xf) in KINDS) || view.getUint16(at + ST_SHNDX, true) === SHN_UNDEF)
    return false;
  const name = view.getUint32(at + ST_NAME, true);
  const first = names[name] ?? 0;
  return first !== 0 && first !== DOLLAR && !(first === DOT && names[name + 1] === CAPITAL_L);
}

function priority(view: DataView, at: number): number {
  const isLabel = (view.getUint8(at + ST_INFO) & 0xf) === 0;
  const hasSize = view.getUint32(at + ST_SIZE, true) !== 0 || view.getUint32(at + ST_SIZE + 4, true) !== 0;
  return (isLabel ? 0 : 2) + (hasSize ? 1 : 0);
}

function baseEnd(names: Uint8Array, start: number): number {
  let end = start;
  while (end < names.length && names[end] !== 0 && (names[end] !== DOT || end === start)) end++;
  return end;
}

function hashOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0x811c_9dc5;
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ bytes[i], 0x0100_0193);
  return (hash ^ (hash >>> 15)) >>> 0;
}

/**
 * System V ABI, "Symbol Table": STT_NOTYPE, STT_OBJECT, STT_FUNC. Symbols of other types do not have a guest address.
 */
const KINDS: Record<number, SymbolInfo['kind'] | undefined> = { 0: 'label', 1: 'object', 2: 'function' };
const PRIORITIES = 4;
/** 2^53 / (2^32 * PRIORITIES): the key of the last symbol is below 2^53. */
const GROUP_MAX = 2 ** 19;
const SHN_UNDEF = 0;
const SYMBOL_BYTES = 24;
const ST_NAME = 0;
const ST_INFO = 4;
const ST_SHNDX = 6;
const ST_VALUE = 8;
const ST_SIZE = 16;
const [DOLLAR, DOT, UNDERSCORE] = [0x24, 0x2e, 0x5f];
const [CAPITAL_L, CAPITAL_R, CAPITAL_Z] = [0x4c, 0x52, 0x5a];
