import { SLOT } from '../layout.ts';
import type { HotThreshold } from './hotThreshold.ts';

const REMEMBERED_MAX = 100_000;

/**
 * The entries of regions that write to pages with code. Such regions are detected by the number of slow-path writes to
 * pages with code.
 */
export class CodePageWriters {
  private view: DataView;
  private threshold: HotThreshold;
  private entries = new Set<number>();
  private writesSeen = 0;

  constructor(view: DataView, threshold: HotThreshold) {
    this.view = view;
    this.threshold = threshold;
  }

  has(entry: number): boolean {
    return this.entries.has(entry);
  }

  /**
   * Called when control has often left a region early. Returns whether the region is a writer that was not known
   * before.
   */
  detect(entry: number): boolean {
    if (this.entries.has(entry) || !this.writesAreFrequent()) return false;
    if (this.entries.size > REMEMBERED_MAX) this.entries.clear();
    this.entries.add(entry);
    return true;
  }

  /**
   * Whether the number of slow-path writes to pages with code since the last call exceeds half the translation
   * threshold.
   */
  private writesAreFrequent(): boolean {
    const writes = this.view.getUint32(SLOT.WRITES_BESIDE_CODE, true);
    const sinceLast = (writes - this.writesSeen) >>> 0;
    this.writesSeen = writes;
    return sinceLast > this.threshold.jumps / 2;
  }

  clear(): void {
    this.entries.clear();
  }
}
