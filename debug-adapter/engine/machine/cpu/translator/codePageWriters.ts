import { SLOT } from '../layout.ts';
import type { HotThreshold } from './hotThreshold.ts';
import type { InPlaceAccesses } from './taggedPages.ts';

const REMEMBERED_MAX = 100_000;

/**
 * The entries of regions that access pages with code or watched bytes. Such regions are detected by the number of
 * slow-path accesses to these pages.
 */
export class CodePageWriters {
  private view: DataView;
  private threshold: HotThreshold;
  /** The entries detected without and with watchpoints. */
  private besideCode = new Set<number>();
  private besideWatched = new Set<number>();
  private accessesSeen = 0;
  private areBytesWatched = false;

  constructor(view: DataView, threshold: HotThreshold) {
    this.view = view;
    this.threshold = threshold;
  }

  /** The accesses that the region at an entry should make in place. */
  accessesOf(entry: number): InPlaceAccesses {
    if (this.besideWatched.has(entry)) return 'besideWatched';
    return this.besideCode.has(entry) ? 'besideCode' : 'untagged';
  }

  /**
   * Called when control has often left a region early. Returns whether the region should be translated again, to make
   * more accesses in place.
   */
  detect(entry: number): boolean {
    const entries = this.areBytesWatched ? this.besideWatched : this.besideCode;
    if (entries.has(entry) || !this.accessesAreFrequent()) return false;
    if (entries.size > REMEMBERED_MAX) entries.clear();
    entries.add(entry);
    return true;
  }

  /** Sets whether there are any watchpoints. Without watchpoints, no region makes its accesses beside watched bytes. */
  setBytesWatched(are: boolean): void {
    this.areBytesWatched = are;
    if (!are) this.besideWatched.clear();
  }

  /**
   * Whether the number of slow-path accesses to pages with code or watched bytes since the last call exceeds half the
   * translation threshold.
   */
  private accessesAreFrequent(): boolean {
    const accesses = this.view.getUint32(SLOT.TAGGED_ACCESSES, true);
    const sinceLast = (accesses - this.accessesSeen) >>> 0;
    this.accessesSeen = accesses;
    return sinceLast > this.threshold.jumps / 2;
  }

  clear(): void {
    this.besideCode.clear();
    this.besideWatched.clear();
  }
}
