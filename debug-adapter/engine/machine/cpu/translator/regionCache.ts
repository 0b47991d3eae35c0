import type { DecodeCache } from '../decodeCache.ts';
import { PAGE_FLAGS, PAGE_TRANSLATED, REGION_ENTRIES, REGION_SLOTS, SINGLE_ENTRY_BYTES } from '../layout.ts';
import { OP } from '../operations.ts';
import type { InPlaceAccesses } from './taggedPages.ts';

/** No region is added once the existing regions contain more instructions than this in total. */
const INSTRUCTIONS_MAX = 1_000_000;

/** A compiled region, before it is added to the cache. */
export interface CompiledRegion {
  /** The decode entry at which the region starts. */
  entry: number;
  /** The instruction word of the entry. */
  raw: number;
  /**
   * Indexed by RAM page: a byte for each halfword in the page, nonzero if the halfword is part of the region's code.
   */
  code: Map<number, Uint8Array>;
  instructions: number;
  /** Whether the region is valid only while every read of RAM is plain. */
  isBare: boolean;
  inPlace: InPlaceAccesses;
  /** The WebAssembly function. */
  run: WebAssembly.ExportValue;
}

/** A region with its index in the core's region table. */
interface Region extends CompiledRegion {
  slot: number;
  /** Describes the breakpoints that the region was translated with. */
  breaks: string;
}

/** The maximum number of parked regions for each entry, each translated with a different set of breakpoints. */
const PARKED_MAX = 2;

/**
 * The regions that the interpreter can call. A mark on a region's decode entry makes the interpreter call the region.
 *
 * A region is valid only for the breakpoints that it was translated with. When the breakpoints in its code change, it
 * is parked: it is not called until the same breakpoints are set again. This happens often while a user steps.
 */
export class RegionCache {
  private decodeCache: DecodeCache;
  private table: WebAssembly.Table;
  private bytes: Uint8Array;
  private view: DataView;
  private regions = new Map<number, Region>();
  private parked = new Map<number, Region[]>();
  private regionsOfPage = new Map<number, Set<Region>>();
  /** The first slot that has never been used. */
  private nextSlot = 0;
  /** The slots below `nextSlot` that are free. */
  private freeSlots: number[] = [];
  private instructions = 0;

  constructor(options: {
    memory: WebAssembly.Memory;
    decodeCache: DecodeCache;
    /** The core's region table. */
    table: WebAssembly.Table;
  }) {
    this.decodeCache = options.decodeCache;
    this.table = options.table;
    this.bytes = new Uint8Array(options.memory.buffer);
    this.view = new DataView(options.memory.buffer);
  }

  get size(): number {
    return this.regions.size;
  }

  hasRoomFor(regions: number): boolean {
    return this.instructions <= INSTRUCTIONS_MAX && this.regions.size <= REGION_SLOTS - regions;
  }

  /** The region that starts at a decode entry. */
  at(entry: number): CompiledRegion | undefined {
    return this.regions.get(entry);
  }

  /** The entries of the other regions that contain the instruction at a decode entry. */
  othersWith(entry: number): number[] {
    const { ramPage, pageEntries } = this.decodeCache.pageOf(entry);
    const halfword = (entry - pageEntries) >> 4;
    const regions = [...(this.regionsOfPage.get(ramPage) ?? [])];
    const contain = regions.filter((region) => region.entry !== entry && region.code.get(ramPage)![halfword]);
    return contain.map((region) => region.entry);
  }

  /** Removes the regions for which `test` returns true, and returns them. */
  removeWhere(test: (region: CompiledRegion) => boolean): CompiledRegion[] {
    const found = [...this.regions.values()].filter(test);
    for (const { entry } of found) this.remove(entry);
    return found;
  }

  /** Removes the parked regions that are valid only while every read of RAM is plain. */
  removeParkedBare(): void {
    for (const parked of this.parked.values()) {
      for (const region of [...parked]) if (region.isBare) this.discard(region);
    }
  }

  /** Adds a region, which replaces any earlier region with the same entry. */
  add(compiled: CompiledRegion): void {
    this.remove(compiled.entry);
    const slot = this.freeSlots.pop() ?? this.nextSlot++;
    const region: Region = { ...compiled, slot, breaks: this.decodeCache.breaks.describe(compiled.code) };
    this.table.set(region.slot, region.run);
    this.regions.set(region.entry, region);
    this.instructions += region.instructions;
    for (const [page, halfwords] of region.code) {
      this.regionsIn(page).add(region);
      halfwords.forEach((isCode, halfword) => isCode && this.decodeCache.markCode(page, halfword * 2));
    }
    this.mark(region);
  }

  private regionsIn(page: number): Set<Region> {
    let regions = this.regionsOfPage.get(page);
    if (!regions) this.regionsOfPage.set(page, (regions = new Set()));
    this.bytes[PAGE_FLAGS + page] |= PAGE_TRANSLATED;
    return regions;
  }

  /** Removes the region that starts at a decode entry. Parked regions remain. */
  remove(entry: number): void {
    const region = this.regions.get(entry);
    if (region) this.discard(region);
  }

  private discard(region: Region): void {
    if (this.regions.get(region.entry) === region) {
      this.unmark(region);
      this.regions.delete(region.entry);
    } else this.unpark(region);
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

  removeAll(): void {
    for (const region of this.regions.values()) this.discard(region);
    for (const parked of this.parked.values()) for (const region of [...parked]) this.discard(region);
  }

  /** Removes the regions that were translated from these bytes of RAM, because the bytes are about to change. */
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
          this.discard(region);
          break;
        }
      }
    }
  }

  /**
   * Called when the breakpoints in RAM pages have changed: parks the regions that are no longer valid, and restores
   * parked regions that are valid again.
   */
  breaksChanged(ramPages: readonly number[]): void {
    const affected = new Set(ramPages.flatMap((page) => [...(this.regionsOfPage.get(page) ?? [])]));
    const isValid = (region: Region) => region.breaks === this.decodeCache.breaks.describe(region.code);
    for (const region of affected) if (this.regions.get(region.entry) === region && !isValid(region)) this.park(region);
    for (const region of affected) {
      // The region may have been discarded when another one was parked.
      if (this.regions.has(region.entry) || !this.isParked(region) || !isValid(region)) continue;
      this.unpark(region);
      this.regions.set(region.entry, region);
      this.mark(region);
    }
  }

  private park(region: Region): void {
    this.unmark(region);
    this.regions.delete(region.entry);
    const parked = this.parked.get(region.entry) ?? [];
    this.parked.set(region.entry, parked);
    parked.push(region);
    if (parked.length > PARKED_MAX) this.discard(parked[0]);
  }

  private isParked(region: Region): boolean {
    return this.parked.get(region.entry)?.includes(region) ?? false;
  }

  private unpark(region: Region): void {
    const parked = this.parked.get(region.entry)!;
    parked.splice(parked.indexOf(region), 1);
    if (parked.length === 0) this.parked.delete(region.entry);
  }

  /**
   * Makes the entry call the region. The entry's instruction is decoded separately, in case the region cannot execute
   * even its first instruction.
   */
  private mark({ entry, slot, raw }: Region): void {
    if (this.bytes[entry] === OP.REGION) return;
    const single = REGION_ENTRIES + slot * SINGLE_ENTRY_BYTES;
    if (this.decodeCache.hasBreak(entry)) this.decodeCache.decodeSingleBreak(single, raw);
    else this.decodeCache.decodeSingle(single, raw);
    this.bytes[entry] = OP.REGION;
    this.view.setInt32(entry + 8, slot, true);
  }

  private unmark({ entry }: Region): void {
    if (this.bytes[entry] === OP.REGION) this.bytes[entry] = OP.UNDECODED;
  }
}
