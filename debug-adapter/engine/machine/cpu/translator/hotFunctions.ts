import type { DecodeCache } from '../decodeCache.ts';
import { HOT_COUNTS_ENTRIES, JUMP_COUNTS } from '../layout.ts';
import { OP } from '../operations.ts';
import { type CallSite, currentFunction } from './currentFunction.ts';
import type { HotThreshold } from './hotThreshold.ts';

/** A longer function is not translated as a whole, because it would be split into several regions anyway. */
const FUNCTION_BYTES_MAX = 1000n;
const REMEMBERED_MAX = 100_000;

/** Finds functions that contain a hot loop and are often called. */
export class HotFunctions {
  private view: DataView;
  private decodeCache: DecodeCache;
  private threshold: HotThreshold;
  /** The entries of the functions that `around` has already found. */
  private found = new Set<number>();

  constructor(view: DataView, { decodeCache, threshold }: { decodeCache: DecodeCache; threshold: HotThreshold }) {
    this.view = view;
    this.decodeCache = decodeCache;
    this.threshold = threshold;
  }

  /**
   * The function that contains a hot loop, if the function itself is often called. It is then translated instead of the
   * loop, because its region includes the loop. Finds each function only once.
   */
  around(loop: CallSite, fetchContext: number): CallSite | undefined {
    const start = currentFunction(this.view, { decodeCache: this.decodeCache, fetchContext });
    if (!start || start.va >= loop.va || start.va < loop.va - FUNCTION_BYTES_MAX) return undefined;
    const jumps = this.view.getUint16(JUMP_COUNTS + ((start.entry >> 3) & ((HOT_COUNTS_ENTRIES - 1) << 1)), true);
    const isCalledOften = jumps > this.threshold.jumps / 8;
    const operation = this.view.getUint8(start.entry);
    if (!isCalledOften || operation === OP.REGION || operation < OP.BREAK || this.found.has(start.entry))
      return undefined;
    if (this.found.size > REMEMBERED_MAX) this.found.clear();
    this.found.add(start.entry);
    return start;
  }

  clear(): void {
    this.found.clear();
  }
}
