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
   * The entries detected while there are watchpoints. `amongWatched` contains those whose regions still caused
   * slow-path accesses after they had been translated again.
   */
  private besideWatched = new Set<number>();
  private amongWatched = new Set<number>();
  /** The number of slow-path accesses when regions were last translated. */
  private accessesSeen = 0;
  /**
   * For each entry, the count at the last call of `detect` with this entry. Cleared when regions are translated. Each
   * entry has its own count because a loop may consist of several regions.
   */
  private accessesSeenBy = new Map<number, number>();
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
   * Called after many early exits from the region that starts at `entry`. Returns the entries of regions that should be
   * translated again, to make more accesses in place. `others` returns the entries of the other regions that contain
   * the same instruction, because the early exits may have been from those regions.
   */
  detect(entry: number, others: () => number[]): number[] {
    if (!this.accessesAreFrequent(entry)) return [];
    const detected = this.areBytesWatched ? this.besideWatched : this.besideCode;
    if (!detected.has(entry)) return [entry, ...others()].filter((each) => addTo(detected, each));
    const cause = this.view.getInt32(SLOT.LEFT_BESIDE_WATCHED, true);
    const isNew = this.areBytesWatched && detected.has(cause) && addTo(this.amongWatched, cause);
    return isNew ? [cause] : [];
  }

  /**
   * Called after regions have been translated. Disregards all accesses so far, because they were made by older code.
   */
  forgetAccesses(): void {
    this.accessesSeen = this.view.getUint32(SLOT.TAGGED_ACCESSES, true);
    this.accessesSeenBy.clear();
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
   * Whether slow-path accesses to pages with code or watched bytes are frequent: more than half the translation
   * threshold since the last call with this entry.
   */
  private accessesAreFrequent(entry: number): boolean {
    const accesses = this.view.getUint32(SLOT.TAGGED_ACCESSES, true);
    const sinceLast = (accesses - (this.accessesSeenBy.get(entry) ?? this.accessesSeen)) >>> 0;
    this.accessesSeenBy.set(entry, accesses);
    return sinceLast > this.threshold.jumps / 2;
  }

  clear(): void {
    this.besideCode.clear();
    this.besideWatched.clear();
    this.amongWatched.clear();
    this.accessesSeenBy.clear();
  }
}

/** Adds an entry to a set, which is cleared first if it is full. Returns false if the entry was already in the set. */
function addTo(entries: Set<number>, entry: number): boolean {
  if (entries.has(entry)) return false;
  if (entries.size > REMEMBERED_MAX) entries.clear();
  entries.add(entry);
  return true;
}
