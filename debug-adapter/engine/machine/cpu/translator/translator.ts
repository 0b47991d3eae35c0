import { PAGE_SIZE_BYTES } from '../../../base/quantities.ts';
import type { DecodeCache } from '../decodeCache.ts';
import { DECODE_POOL, RAM_BASE, SLOT } from '../layout.ts';
import { OP } from '../operations.ts';
import { orderBlocks } from './blockOrder.ts';
import { CodePageWriters } from './codePageWriters.ts';
import { CodeReader } from './codeReader.ts';
import { HotFunctions } from './hotFunctions.ts';
import { HotThreshold } from './hotThreshold.ts';
import { BATCH_REGIONS_MAX, RegionBatch } from './regionBatch.ts';
import { RegionCache } from './regionCache.ts';
import { buildGraph } from './regionGraph.ts';

/** If at least this many regions are pending, they are compiled immediately. */
const BATCH_REGIONS_FULL = 16;
/**
 * Compiling a module has a fixed cost of 0.9 ms, so a small batch waits up to RUNS_WAITED_MAX short interpreter runs
 * for more regions.
 */
const BATCH_REGIONS_MIN = 8;
const RUNS_WAITED_MAX = 4;
const WAITING_STEPS = 1 << 18;
const REMEMBERED_MAX = 100_000;

interface Candidate {
  entry: number;
  pageVa: bigint;
  fetchContext: number;
}

/**
 * Translates hot guest code to WebAssembly. The interpreter reports entries that it often jumps to. Between interpreter
 * runs, the code reachable from such an entry is translated into a region (regionCode.ts), and a mark on the decode
 * entry makes the interpreter call the region. Regions are compiled in batches. Each batch is one module with a limited
 * number of instructions. Regions are not machine state: the guest cannot detect when, or whether, its code was
 * translated.
 */
export class Translator {
  private memory: WebAssembly.Memory;
  private decodeCache: DecodeCache;
  private ramBytes: number;
  private view: DataView;
  private regions: RegionCache;
  private threshold: HotThreshold;
  private functions: HotFunctions;
  private codePageWriters: CodePageWriters;
  /** The entries to translate. */
  private candidates = new Map<number, Candidate>();
  /** The entries whose instructions cannot begin a region, each with its instruction word. */
  private untranslatable = new Map<number, number>();
  private runsWaited = 0;
  private watched = { any: false, reads: false };
  private nextWatched = this.watched;

  constructor(options: {
    memory: WebAssembly.Memory;
    decodeCache: DecodeCache;
    ramBytes: number;
    /** The core's region table. */
    table: WebAssembly.Table;
    /**
     * The number of jumps to an entry after which its code is translated; 0 if code is never translated. Affects only
     * speed.
     */
    threshold?: number;
  }) {
    const { memory, decodeCache, table } = options;
    this.memory = memory;
    this.decodeCache = decodeCache;
    this.ramBytes = options.ramBytes;
    this.view = new DataView(memory.buffer);
    this.regions = new RegionCache({ memory, decodeCache, table });
    this.threshold = new HotThreshold(this.view, options.threshold);
    this.functions = new HotFunctions(this.view, { decodeCache, threshold: this.threshold });
    this.codePageWriters = new CodePageWriters(this.view, this.threshold);
  }

  get regionCount(): number {
    return this.regions.size;
  }

  /**
   * Imported by the core: called when an entry has reached the threshold. Returns whether `translatePending`
   * should run now.
   */
  recordHot(entry: number, va: bigint, fetchContext: number): boolean {
    const operation = this.view.getUint8(entry);
    if (operation === OP.REGION) {
      const removed = this.removeUnsuitable(entry).filter((each) => this.isOnSamePage(each, entry));
      const others = removed.filter((each) => each !== entry);
      // The other regions usually start at the head of a loop that control left at this entry.
      for (const each of others) this.candidates.set(each, { entry: each, pageVa: va & ~0xfffn, fetchContext });
      if (others.length > 0) return true;
      if (removed.length === 0) return false;
    }
    // Ignore marks, because they are not instructions. Also ignore instructions that were decoded outside their page.
    if (operation < OP.BREAK || entry < DECODE_POOL) return false;
    if (operation === OP.BREAK && this.decodeCache.mayStraddle(entry)) return false;
    const { entry: start, va: startVa } = this.functions.around({ entry, va }, fetchContext) ?? { entry, va };
    if (this.candidates.has(start) || this.untranslatable.get(start) === this.rawAt(start)) return false;
    this.candidates.set(start, { entry: start, pageVa: startVa & ~0xfffn, fetchContext });
    const { size } = this.candidates;
    return size === 1 || size >= BATCH_REGIONS_FULL;
  }

  /**
   * The maximum number of steps for the next run: limited while translations are pending, so that they do not wait too
   * long.
   */
  get stepsMax(): number {
    return this.candidates.size > 0 ? WAITING_STEPS : Infinity;
  }

  /**
   * Removes the region at an entry if it assumes untranslated reads although reads are now checked, or if control often
   * leaves it because it accesses pages with code or watched bytes. In the latter case, also removes the other regions
   * with the same instruction. Returns the entries of the removed regions.
   */
  private removeUnsuitable(entry: number): number[] {
    const { isBare } = this.regions.at(entry)!;
    const removed = this.codePageWriters.detect(entry, () => this.regions.othersWith(entry));
    if (isBare && !this.readsArePlain && !removed.includes(entry)) removed.push(entry);
    for (const each of removed) this.regions.remove(each);
    return removed;
  }

  private isOnSamePage(a: number, b: number): boolean {
    return this.decodeCache.pageOf(a).pageEntries === this.decodeCache.pageOf(b).pageEntries;
  }

  private get readsArePlain(): boolean {
    return this.view.getInt32(SLOT.READS_CHECKED, true) === 0 && !this.watched.reads;
  }

  /**
   * Sets whether there are any watchpoints, and whether any of them watch reads. This takes effect at the next call to
   * `prepareRun`, so that no regions are removed when restoring an earlier state temporarily removes the watchpoints.
   */
  setWatched(watched: { any: boolean; reads: boolean }): void {
    this.nextWatched = watched;
  }

  /**
   * Called before each run. Removes the regions that were translated for different watchpoints. Those that assume
   * untranslated reads are then translated again immediately; otherwise they would have to become hot again.
   */
  prepareRun(): void {
    if (this.nextWatched === this.watched) return;
    const { any, reads } = this.nextWatched;
    const isNew = any !== this.watched.any || reads !== this.watched.reads;
    this.watched = this.nextWatched;
    if (!isNew) return;
    this.codePageWriters.setBytesWatched(any);
    if (!any) this.regions.removeWhere(({ inPlace }) => inPlace === 'besideWatched' || inPlace === 'amongWatched');
    if (!reads) return;
    this.regions.removeParkedBare();
    for (const { entry } of this.regions.removeWhere(({ isBare }) => isBare)) {
      const { ramPage } = this.decodeCache.pageOf(entry);
      this.candidates.set(entry, { entry, pageVa: BigInt(RAM_BASE + ramPage * PAGE_SIZE_BYTES), fetchContext: 0 });
    }
  }

  /** Called between runs: translates pending entries, but only as many as can be translated in a short pause. */
  translatePending(): void {
    if (this.candidates.size === 0) return;
    if (this.candidates.size < BATCH_REGIONS_MIN && ++this.runsWaited < RUNS_WAITED_MAX) return;
    this.runsWaited = 0;
    if (!this.regions.hasRoomFor(BATCH_REGIONS_MAX)) this.dropAll();
    const batch = new RegionBatch();
    for (const candidate of this.candidates.values()) {
      if (batch.isFull) break;
      this.candidates.delete(candidate.entry);
      if (this.view.getUint8(candidate.entry) !== OP.REGION) this.translate(candidate, batch);
    }
    const compiled = batch.compile(this.memory);
    for (const region of compiled) this.regions.add(region);
    this.threshold.countRegions(compiled.length);
    this.codePageWriters.forgetAccesses();
  }

  /** Imported by the core, which calls it before it changes bytes in a page that contains regions. */
  codeWritten(offset: number, lengthBytes: number): void {
    this.regions.codeWritten(offset, lengthBytes);
  }

  /** Called when the breakpoints that are marked in RAM pages have changed. */
  breaksChanged(ramPages: readonly number[]): void {
    this.regions.breaksChanged(ramPages);
  }

  /** Removes all regions, because their decode entries are about to be reused for other pages. */
  dropAll(): void {
    this.regions.removeAll();
    this.candidates.clear();
    this.functions.clear();
    this.codePageWriters.clear();
    this.untranslatable.clear();
  }

  private translate(candidate: Candidate, batch: RegionBatch): void {
    const { memory, decodeCache } = this;
    const reader = new CodeReader({ memory, decodeCache }, candidate);
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
    const inPlace = this.codePageWriters.accessesOf(candidate.entry);
    batch.add(
      { order, pages, ramBytes: this.ramBytes },
      { entry: candidate.entry, raw, code, instructions, isBare, inPlace },
    );
  }

  /** The instruction word at a decode entry. */
  private rawAt(entry: number): number {
    return this.view.getInt32(entry + 12, true);
  }
}
