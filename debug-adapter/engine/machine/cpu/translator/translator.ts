import { I32, I64 } from '../../../base/wasm/code.ts';
import { type FunctionHandle, ModuleBuilder } from '../../../base/wasm/moduleBuilder.ts';
import { PAGE_SIZE_BYTES } from '../../../base/quantities.ts';
import type { DecodeCache } from '../decodeCache.ts';
import {
  DECODE_POOL,
  JUMP_COUNTS,
  HOT_COUNTS_ENTRIES,
  SINGLE_ENTRY_BYTES,
  PAGE_FLAGS,
  PAGE_TRANSLATED,
  RAM_BASE,
  REGION_ENTRIES,
  REGION_SLOTS,
  SLOT,
} from '../layout.ts';
import { OP } from '../operations.ts';
import { addArithmeticHelpers, type ArithmeticHelpers } from '../semantics.ts';
import { currentFunction, type CallSite } from './currentFunction.ts';
import { CodeReader } from './codeReader.ts';
import { orderBlocks } from './blockOrder.ts';
import { regionCode, type RegionSource } from './regionCode.ts';
import { buildGraph } from './regionGraph.ts';

/** The type of a region: (budget, address of its page) -> budget left. */
export const REGION_TYPE = { parameters: [I32, I64], results: [I32] };

/**
 * The translation threshold, in jumps to an entry: translating a region takes 0.3 ms, during which the interpreter
 * could execute about 100,000 instructions. A program with few hot regions executes them for a long time, so it gets a
 * low threshold. A system that keeps reaching new code, such as Linux while it boots, soon stops using most of its
 * regions, so it gets a high threshold.
 */
const FEW_REGIONS = 1200;
const THRESHOLD_WHILE_FEW = 500;
const THRESHOLD_OF_MANY = 5000;
const BATCH_REGIONS_MAX = 64;
// Generating and compiling this many instructions takes about 10 ms.
const BATCH_INSTRUCTIONS_MAX = 3000;
/** With this many pending regions, a module is compiled immediately. */
const BATCH_REGIONS_FULL = 16;
/**
 * A module has a fixed cost of 0.9 ms, so a small batch waits for more regions for up to RUNS_WAITED_MAX short
 * interpreter runs.
 */
const BATCH_REGIONS_MIN = 8;
const RUNS_WAITED_MAX = 4;
const WAITING_STEPS = 1 << 18;
/** A longer function is not translated as a whole, because it would be split into several regions anyway. */
const FUNCTION_BYTES_MAX = 1000n;
const REMEMBERED_MAX = 100_000;
/** If all regions together have more instructions than this, all of them are dropped. */
const INSTRUCTIONS_MAX = 1_000_000;

interface Candidate {
  entry: number;
  pageVa: bigint;
  fetchContext: number;
}

interface Region {
  slot: number;
  entry: number;
  /** The instruction word of the entry. */
  raw: number;
  /** Indexed by RAM page: a byte for each halfword in the page, nonzero if the region contains its code. */
  code: Map<number, Uint8Array>;
  instructions: number;
  /** Whether the region is valid only while every read of RAM is plain. */
  isBare: boolean;
}

/**
 * Translates hot guest code to WebAssembly. The interpreter reports entries to which it often jumps. Between
 * interpreter runs, the code reachable from such an entry is translated to a region (regionCode.ts), and a mark on the
 * decode entry makes the interpreter call the region. Regions are compiled in batches. Each batch is one module with a
 * limited number of instructions. Regions are not machine state: the guest cannot detect when, or whether, its code was
 * translated.
 */
export class Translator {
  private memory: WebAssembly.Memory;
  private decodeCache: DecodeCache;
  private ramBytes: number;
  private table: WebAssembly.Table;
  private bytes: Uint8Array;
  private view: DataView;
  private candidates = new Map<number, Candidate>();
  private regions = new Map<number, Region>();
  private regionsOfPage = new Map<number, Set<Region>>();
  /** The first slot that has never been used, and the slots that are free again. */
  private nextSlot = 0;
  private freeSlots: number[] = [];
  /** The functions that were translated because they contain a hot loop. */
  private triedFunctions = new Set<number>();
  /** The entries of regions that write to pages with code. */
  private codePageWriters = new Set<number>();
  private writesSeen = 0;
  /** The entries whose instructions cannot begin a region, each with its instruction word. */
  private untranslatable = new Map<number, number>();
  private instructions = 0;
  /** The number of regions created so far. */
  private regionsMade = 0;
  private threshold: number | undefined;
  private runsWaited = 0;
  private breakOffsets: ReadonlySet<number> = new Set();
  private readsWatched = false;

  constructor(options: {
    memory: WebAssembly.Memory;
    decodeCache: DecodeCache;
    ramBytes: number;
    /** The core's region table. */
    table: WebAssembly.Table;
    /** The number of jumps to an entry before its code is translated; 0 to never translate. Affects only speed. */
    threshold?: number;
  }) {
    this.memory = options.memory;
    this.decodeCache = options.decodeCache;
    this.ramBytes = options.ramBytes;
    this.table = options.table;
    this.bytes = new Uint8Array(options.memory.buffer);
    this.view = new DataView(options.memory.buffer);
    this.threshold = options.threshold;
    this.setThreshold();
  }

  private setThreshold(): void {
    const threshold = this.regionsMade < FEW_REGIONS ? THRESHOLD_WHILE_FEW : THRESHOLD_OF_MANY;
    this.view.setInt32(SLOT.HOT_THRESHOLD, this.threshold ?? threshold, true);
  }

  get regionCount(): number {
    return this.regions.size;
  }

  /** Imported by the core: called when an entry has reached the threshold. Returns whether `work` should run now. */
  recordHot(entry: number, va: bigint, fetchContext: number): boolean {
    const operation = this.bytes[entry];
    if (operation === OP.REGION && !this.retireIfUnsuitable(entry)) return false;
    // Ignore marks, because they are not instructions. Also ignore instructions that were decoded outside their page.
    if (operation <= OP.BREAK || entry < DECODE_POOL) return false;
    const { entry: start, va: startVa } = this.functionOf({ entry, va }, fetchContext) ?? { entry, va };
    if (this.candidates.has(start) || this.untranslatable.get(start) === this.rawAt(start)) return false;
    this.candidates.set(start, { entry: start, pageVa: startVa & ~0xfffn, fetchContext });
    const { size } = this.candidates;
    return size === 1 || size >= BATCH_REGIONS_FULL;
  }

  /** The maximum number of steps for the next run, so that pending translations do not wait too long. */
  get stepsMax(): number {
    return this.candidates.size > 0 ? WAITING_STEPS : Infinity;
  }

  /**
   * The function that contains a hot loop, if the function itself is often called. It is then translated instead of the
   * loop, because its region includes the loop. This is tried only once per function.
   */
  private functionOf(loop: CallSite, fetchContext: number): CallSite | undefined {
    const start = currentFunction(this.view, { decodeCache: this.decodeCache, fetchContext });
    if (!start || start.va >= loop.va || start.va < loop.va - FUNCTION_BYTES_MAX) return undefined;
    const jumps = this.view.getUint16(JUMP_COUNTS + ((start.entry >> 3) & ((HOT_COUNTS_ENTRIES - 1) << 1)), true);
    const isCalledOften = jumps > this.view.getInt32(SLOT.HOT_THRESHOLD, true) / 8;
    const operation = this.bytes[start.entry];
    if (!isCalledOften || operation === OP.REGION || operation <= OP.BREAK || this.triedFunctions.has(start.entry))
      return undefined;
    if (this.triedFunctions.size > REMEMBERED_MAX) this.triedFunctions.clear();
    this.triedFunctions.add(start.entry);
    return start;
  }

  /**
   * Retires the region if it is no longer suitable: it assumes untranslated reads but reads are now checked, or control
   * often leaves it because it writes to pages with code. Returns whether the region was retired.
   */
  private retireIfUnsuitable(entry: number): boolean {
    const region = this.regions.get(entry)!;
    const isLeft = !this.codePageWriters.has(entry) && this.writesBesideCode();
    const isUnfit = isLeft || (region.isBare && !this.readsArePlain);
    if (this.codePageWriters.size > REMEMBERED_MAX) this.codePageWriters.clear();
    if (isLeft) this.codePageWriters.add(entry);
    if (isUnfit) this.retire(region);
    return isUnfit;
  }

  /**
   * Whether the number of slow-path writes to pages with code since the last call exceeds half the translation
   * threshold.
   */
  private writesBesideCode(): boolean {
    const writes = this.view.getUint32(SLOT.WRITES_BESIDE_CODE, true);
    const sinceLast = (writes - this.writesSeen) >>> 0;
    this.writesSeen = writes;
    return sinceLast > this.view.getInt32(SLOT.HOT_THRESHOLD, true) / 2;
  }

  private get readsArePlain(): boolean {
    return this.view.getInt32(SLOT.READS_CHECKED, true) === 0 && !this.readsWatched;
  }

  /**
   * Called between runs: sets whether there are any watchpoints on reads. Regions that assume untranslated reads are
   * then translated again immediately; otherwise they would have to become hot again.
   */
  setReadsWatched(enabled: boolean): void {
    this.readsWatched = enabled;
    if (!enabled) return;
    for (const region of [...this.regions.values()].filter(({ isBare }) => isBare)) {
      this.retire(region);
      const { entry } = region;
      const { ramPage } = this.decodeCache.pageOf(entry);
      this.candidates.set(entry, { entry, pageVa: BigInt(RAM_BASE + ramPage * PAGE_SIZE_BYTES), fetchContext: 0 });
    }
  }

  /** Called between runs: translates pending entries, but only as many as can be translated in a short pause. */
  translatePending(): void {
    if (this.candidates.size === 0) return;
    if (this.candidates.size < BATCH_REGIONS_MIN && ++this.runsWaited < RUNS_WAITED_MAX) return;
    this.runsWaited = 0;
    if (this.instructions > INSTRUCTIONS_MAX || this.regions.size > REGION_SLOTS - BATCH_REGIONS_MAX) this.dropAll();
    const batch = new Batch();
    for (const candidate of this.candidates.values()) {
      if (batch.isFull) break;
      this.candidates.delete(candidate.entry);
      if (this.bytes[candidate.entry] !== OP.REGION) this.translate(candidate, batch);
    }
    this.install(batch);
  }

  /**
   * Imported by the core: called before bytes of a page with regions change. Retires the regions that were
   * translated from these bytes.
   */
  codeWritten(offset: number, lengthBytes: number): void {
    const page = offset >>> 12;
    const regions = this.regionsOfPage.get(page);
    if (!regions) return;
    const first = (offset & 0xfff) >> 1;
    const last = ((offset & 0xfff) + lengthBytes - 1) >> 1;
    for (const region of regions) {
      const code = region.code.get(page)!;
      for (let halfword = first; halfword <= last; halfword++) {
        if (code[halfword]) {
          this.retire(region);
          break;
        }
      }
    }
  }

  /**
   * Removes the marks of the regions that contain an instruction at one of these offsets, so that the interpreter does
   * not enter them.
   */
  setBreakOffsets(offsets: ReadonlySet<number>): void {
    this.breakOffsets = offsets;
    for (const region of this.regions.values()) {
      if (this.isBlocked(region)) this.unmark(region);
      else this.mark(region);
    }
  }

  /** Retires all regions, because their decode entries are about to be reused for other pages. */
  dropAll(): void {
    for (const region of this.regions.values()) this.retire(region);
    this.candidates.clear();
    this.triedFunctions.clear();
    this.codePageWriters.clear();
    this.untranslatable.clear();
  }

  // --- making regions --------------------------------------------------------------------------------------------------

  private translate(candidate: Candidate, batch: Batch): void {
    const reader = new CodeReader(
      {
        memory: this.memory,
        decodeCache: this.decodeCache,
        breakOffsets: this.breakOffsets,
      },
      candidate,
    );
    const graph = buildGraph(reader, reader.entryOffset);
    if (!graph) {
      if (this.untranslatable.size > REMEMBERED_MAX) this.untranslatable.clear();
      this.untranslatable.set(candidate.entry, this.rawAt(candidate.entry));
      return;
    }
    const order = orderBlocks(graph);
    const { pages, code, instructions } = reader.dependencies(order);
    const isBare = candidate.fetchContext === 0 && this.readsArePlain;
    const raw = reader.rawAt(reader.entryOffset);
    const writesBesideCode = this.codePageWriters.has(candidate.entry);
    batch.add(
      { order, pages, ramBytes: this.ramBytes, writesBesideCode },
      { entry: candidate.entry, raw, code, instructions, isBare },
    );
  }

  /** The instruction word at a decode entry. */
  private rawAt(entry: number): number {
    return this.view.getInt32(entry + 12, true);
  }

  private install(batch: Batch): void {
    if (batch.regions.length === 0) return;
    const module = new WebAssembly.Module(batch.builder.toBytes());
    const { exports } = new WebAssembly.Instance(module, { env: { memory: this.memory } });
    batch.regions.forEach((made, i) => {
      const before = this.regions.get(made.entry);
      if (before) this.retire(before);
      const region: Region = { ...made, slot: this.freeSlots.pop() ?? this.nextSlot++ };
      this.table.set(region.slot, exports[`r${i}`]);
      this.regions.set(region.entry, region);
      this.instructions += region.instructions;
      for (const [page, halfwords] of region.code) {
        this.regionsIn(page).add(region);
        halfwords.forEach((isCode, halfword) => isCode && this.decodeCache.markCode(page, halfword * 2));
      }
      if (!this.isBlocked(region)) this.mark(region);
    });
    this.regionsMade += batch.regions.length;
    this.setThreshold();
  }

  private regionsIn(page: number): Set<Region> {
    let regions = this.regionsOfPage.get(page);
    if (!regions) this.regionsOfPage.set(page, (regions = new Set()));
    this.bytes[PAGE_FLAGS + page] |= PAGE_TRANSLATED;
    return regions;
  }

  private retire(region: Region): void {
    this.unmark(region);
    this.regions.delete(region.entry);
    this.instructions -= region.instructions;
    this.table.set(region.slot, null);
    this.freeSlots.push(region.slot);
    for (const page of region.code.keys()) {
      const regions = this.regionsOfPage.get(page)!;
      regions.delete(region);
      if (regions.size > 0) continue;
      this.regionsOfPage.delete(page);
      this.bytes[PAGE_FLAGS + page] &= ~PAGE_TRANSLATED;
    }
  }

  // --- marks -----------------------------------------------------------------------------------------------------------

  private isBlocked({ code }: Region): boolean {
    for (const offset of this.breakOffsets) {
      for (const halfwords of code.values()) if (halfwords[offset >> 1]) return true;
    }
    return false;
  }

  /**
   * Makes the entry call the region. The entry's instruction is decoded separately, in case the region cannot execute
   * even its first instruction.
   */
  private mark({ entry, slot, raw }: Region): void {
    if (this.bytes[entry] === OP.REGION) return;
    this.decodeCache.decodeSingle(REGION_ENTRIES + slot * SINGLE_ENTRY_BYTES, raw);
    this.bytes[entry] = OP.REGION;
    this.view.setInt32(entry + 8, slot, true);
  }

  private unmark({ entry }: Region): void {
    if (this.bytes[entry] === OP.REGION) this.bytes[entry] = OP.UNDECODED;
  }
}

/** The regions of one WebAssembly module. */
class Batch {
  readonly builder = new ModuleBuilder();
  readonly regions: Omit<Region, 'slot'>[] = [];
  private helpers: ArithmeticHelpers | undefined;
  private instructions = 0;

  get isFull(): boolean {
    return this.regions.length >= BATCH_REGIONS_MAX || this.instructions >= BATCH_INSTRUCTIONS_MAX;
  }

  add(source: Omit<RegionSource, 'isBare' | 'helpers'>, region: Omit<Region, 'slot'>): void {
    const handle = this.builder.declare(REGION_TYPE, `r${this.regions.length}`);
    this.builder.define(handle, (frame) =>
      regionCode(frame, { ...source, isBare: region.isBare, helpers: this.lazyHelpers() }),
    );
    this.regions.push(region);
    this.instructions += region.instructions;
  }

  /** The helper functions are added to a module on first use, because most modules need none of them. */
  private lazyHelpers(): ArithmeticHelpers {
    return new Proxy({} as ArithmeticHelpers, {
      get: (_, name): FunctionHandle => {
        this.helpers ??= addArithmeticHelpers(this.builder);
        return this.helpers[name as keyof ArithmeticHelpers];
      },
    });
  }
}
