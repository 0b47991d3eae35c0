import type { BreakCheck } from '../breakMarks.ts';
import { lastCallTarget } from '../callTargets.ts';
import type { Decoded } from '../decoded.ts';
import type { DecodeCache } from '../decodeCache.ts';
import { RAM } from '../layout.ts';
import { fetchedPage } from './fetchTlbLookup.ts';
import type { OrderedBlock } from './blockOrder.ts';
import type { RegionPages } from './regionCode.ts';
import type { GuestCode, Offset } from './regionGraph.ts';

// The range of a JAL, in bytes.
const REACH = 1 << 20;

/**
 * Reads guest code for a region. Code is addressed by its offset from the start of the entry's page, and only pages
 * from which the guest has fetched can be read.
 */
export class CodeReader implements GuestCode {
  /** The offset of the region's first instruction in the entry's page. */
  readonly entryOffset: Offset;
  private decodeCache: DecodeCache;
  private view: DataView;
  private pageVa: bigint;
  private fetchContext: number;
  /** The pages that contain the code, indexed by their distance in pages from the entry's page. */
  private pages = new Map<number, { ramPage: number; decodeEntries: number } | undefined>();
  private known = new Map<Offset, Decoded | undefined>();

  constructor(
    from: {
      memory: WebAssembly.Memory;
      decodeCache: DecodeCache;
    },
    at: { entry: number; pageVa: bigint; fetchContext: number },
  ) {
    this.decodeCache = from.decodeCache;
    this.view = new DataView(from.memory.buffer);
    this.pageVa = at.pageVa;
    this.fetchContext = at.fetchContext;
    const { ramPage, pageEntries } = from.decodeCache.pageOf(at.entry);
    this.pages.set(0, { ramPage, decodeEntries: pageEntries });
    this.entryOffset = (at.entry - pageEntries) >> 3;
  }

  at(offset: Offset): Decoded | undefined {
    if (this.known.has(offset)) return this.known.get(offset);
    const raw = this.rawIfFetched(offset);
    const decoded = raw === undefined ? undefined : this.decodeCache.decode(raw);
    this.known.set(offset, decoded);
    return decoded;
  }

  checksAt(offset: Offset): readonly BreakCheck[] {
    const page = this.pages.get(offset >> 12);
    return page ? this.decodeCache.breaks.at(page.ramPage, offset & 0xfff) : [];
  }

  calleeOf(returnsTo: Offset): Offset | undefined {
    const known = lastCallTarget(this.view, BigInt.asIntN(64, this.pageVa + BigInt(returnsTo)));
    const offset = known && !known.varies ? Number(known.callee - this.pageVa) : undefined;
    // Reject functions beyond the range of a direct call.
    return offset !== undefined && Math.abs(offset) < REACH ? offset : undefined;
  }

  rawAt(offset: Offset): number {
    return this.rawIfFetched(offset)!;
  }

  /**
   * Returns the region's pages other than the entry's page, its code halfwords grouped by RAM page, and its instruction
   * count.
   */
  dependencies(order: readonly OrderedBlock[]): {
    pages: RegionPages[];
    code: Map<number, Uint8Array>;
    instructions: number;
  } {
    const pages = new Map<number, RegionPages>();
    const code = new Map<number, Uint8Array>();
    let instructions = 0;
    for (const { block } of order) {
      instructions += block.instructions.length;
      for (const { offset, decoded } of block.instructions) {
        for (let at = offset; at < offset + decoded.lengthBytes; at += 2) {
          const delta = at >> 12;
          const { ramPage, decodeEntries } = this.pages.get(delta)!;
          if (delta !== 0) pages.set(delta, { delta, decodeEntries });
          let halfwords = code.get(ramPage);
          if (!halfwords) code.set(ramPage, (halfwords = new Uint8Array(2048)));
          halfwords[(at & 0xfff) >> 1] = 1;
        }
      }
    }
    return { pages: [...pages.values()], code, instructions };
  }

  private rawIfFetched(offset: Offset): number | undefined {
    const low = this.halfword(offset);
    if (low === undefined || (low & 3) !== 3) return low;
    const high = this.halfword(offset + 2);
    return high === undefined ? undefined : (high << 16) | low;
  }

  private halfword(offset: Offset): number | undefined {
    const delta = offset >> 12;
    if (!this.pages.has(delta)) this.pages.set(delta, this.findPage(delta));
    const page = this.pages.get(delta);
    return page && this.view.getUint16(RAM + page.ramPage * 4096 + (offset & 0xfff), true);
  }

  private findPage(delta: number): { ramPage: number; decodeEntries: number } | undefined {
    const va = BigInt.asIntN(64, this.pageVa + BigInt(delta) * 4096n);
    const decodeEntries = fetchedPage(this.view, this.fetchContext, va);
    return decodeEntries === undefined
      ? undefined
      : { ramPage: this.decodeCache.pageOf(decodeEntries).ramPage, decodeEntries };
  }
}
