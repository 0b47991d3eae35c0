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
  /** The entries detected while there were no watchpoints. */
  private besideCode = new Set<number>();
  /**
   * The entries detected while there are watchpoints. `amongWatched` contains those that were detected a second time,
   * after their regions had been translated again.
   */
  private besideWatched = new Set<number>();
  private amongWatched = new Set<number>();
  private accessesSeen = 0;
  private areBytesWatched = false;

  constructor(view: DataView, threshold: HotThreshold) {
    this.view = view;
    this.threshold = threshold;
  }

  /** The accesses that the region at an entry should make in place. */
  accessesOf(entry: number): InPlaceAccesses {
    if (this.amongWatched.has(entry)) return 'amongWatched';
    if (this.besideWatched.has(entry)) return 'besideWatched';
    return this.besideCode.has(entry) ? 'besideCode' : 'untagged';
  }

  /**
   * Called when control has often left a region early. Returns whether the region should be translated again, to make
   * more accesses in place.
   */
  detect(entry: number): boolean {
    const entries = this.areBytesWatched ? this.watchedEntries(entry) : this.besideCode;
    if (!entries || entries.has(entry) || !this.accessesAreFrequent()) return false;
    if (entries.size > REMEMBERED_MAX) entries.clear();
    entries.add(entry);
    return true;
  }

  /**
   * The set to which a detected entry is added while there are watchpoints; undefined if it is not added to any. An
   * entry is added to `amongWatched` only if its region is the cause of the slow-path accesses.
   */
  private watchedEntries(entry: number): Set<number> | undefined {
    if (!this.besideWatched.has(entry)) return this.besideWatched;
    const isCause = this.view.getInt32(SLOT.LEFT_BESIDE_WATCHED, true) === (entry | 0);
    return isCause ? this.amongWatched : undefined;
  }

  /**
   * Called after regions have been translated. Disregards all accesses so far, because they were made by older code.
   */
  forgetAccesses(): void {
    this.accessesSeen = this.view.getUint32(SLOT.TAGGED_ACCESSES, true);
  }

  /**
   * Sets whether there are any watchpoints. If there are none, the entries that were detected with watchpoints are
   * dropped.
   */
  setBytesWatched(are: boolean): void {
    this.areBytesWatched = are;
    if (are) return;
    this.besideWatched.clear();
    this.amongWatched.clear();
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
    this.amongWatched.clear();
  }
}
