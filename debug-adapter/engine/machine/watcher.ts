import { PAGE_SIZE_BYTES, type Position } from '../base/quantities.ts';
import type { WatchedRange } from './cpu/hart.ts';
import { PAGE_READS_WATCHED, PAGE_WATCHED, RAM_BASE } from './cpu/layout.ts';
import type { Watchpoint, WatchHit } from '../target/stopPoints.ts';

/**
 * Implements watchpoints on RAM: marks the pages and words that contain watched bytes, so that accesses to these words
 * take the slow path, and collects the accesses to watched bytes until the end of the step.
 */
export class Watchpoints {
  private ram: Uint8Array;
  private pageFlags: Uint8Array;
  private watchedWords: Uint8Array;
  private watchpoints: readonly Watchpoint[] = [];
  private pending = new Map<number, Omit<WatchHit, 'newBytes'>>();

  /** The parameters are RAM, the flags of the RAM pages, and the bitmap of watched words (WATCHED_WORDS). */
  constructor(memory: { ram: Uint8Array; pageFlags: Uint8Array; watchedWords: Uint8Array }) {
    this.ram = memory.ram;
    this.pageFlags = memory.pageFlags;
    this.watchedWords = memory.watchedWords;
  }

  /**
   * Replaces the watchpoints. The caller must flush all TLBs, because the new watchpoints change which pages must be
   * accessed through the slow path.
   */
  set(watchpoints: readonly Watchpoint[]): void {
    for (const watchpoint of this.watchpoints) {
      this.flagPages(watchpoint, (flags) => flags & ~(PAGE_WATCHED | PAGE_READS_WATCHED));
      this.markWords(watchpoint, false);
    }
    this.watchpoints = watchpoints;
    for (const watchpoint of watchpoints) {
      const added = reportsReads(watchpoint) ? PAGE_WATCHED | PAGE_READS_WATCHED : PAGE_WATCHED;
      this.flagPages(watchpoint, (flags) => flags | added);
      this.markWords(watchpoint, true);
    }
    this.pending.clear();
  }

  /**
   * Records an access to a watched word; a write is recorded before it happens. Returns whether the step may hit a
   * watchpoint.
   */
  recordAccess(access: 'read' | 'write', offset: number, lengthBytes: number, position: Position): boolean {
    let hit = false;
    for (const { id, address, lengthBytes: watched, access: kind } of this.watchpoints) {
      const start = address - RAM_BASE;
      if (offset >= start + watched || start >= offset + lengthBytes) continue;
      if (kind !== 'readWrite' && (kind === 'change' ? 'write' : kind) !== access) continue;
      hit = true;
      // If a step reads and then writes, report the write. For either access, the old bytes are the bytes before the
      // step.
      const earlier = this.pending.get(id);
      const oldBytes = earlier?.oldBytes ?? this.ram.slice(start, start + watched);
      this.pending.set(id, {
        kind: 'access',
        id,
        access: earlier?.access === 'write' ? 'write' : access,
        oldBytes,
        position,
      });
    }
    return hit;
  }

  /** Returns and clears the hits of the last step. */
  takeHits(): WatchHit[] {
    if (this.pending.size === 0) return [];
    const hits: WatchHit[] = [];
    for (const hit of this.pending.values()) {
      const { address, lengthBytes, access } = this.watchpoints.find(({ id }) => id === hit.id)!;
      const start = address - RAM_BASE;
      const newBytes = this.ram.slice(start, start + lengthBytes);
      if (access !== 'change' || !isEqual(hit.oldBytes, newBytes)) hits.push({ ...hit, newBytes });
    }
    this.pending.clear();
    return hits;
  }

  /** The range that contains all watched bytes, and the accesses that the hart must report. */
  get range(): WatchedRange {
    const { watchpoints } = this;
    if (watchpoints.length === 0) return { start: 0, end: 0, everyAccess: false, reads: false };
    const starts = watchpoints.map(({ address }) => address - RAM_BASE);
    const ends = watchpoints.map(({ lengthBytes }, i) => starts[i] + lengthBytes);
    return {
      start: Math.floor(Math.min(...starts) / 8) * 8,
      end: Math.ceil(Math.max(...ends) / 8) * 8,
      everyAccess: watchpoints.some(({ access }) => access !== 'change'),
      reads: watchpoints.some(reportsReads),
    };
  }

  private flagPages({ address, lengthBytes }: Watchpoint, change: (flags: number) => number): void {
    const first = Math.floor((address - RAM_BASE) / PAGE_SIZE_BYTES);
    const last = Math.floor((address - RAM_BASE + lengthBytes - 1) / PAGE_SIZE_BYTES);
    for (let page = first; page <= last; page++) this.pageFlags[page] = change(this.pageFlags[page]);
  }

  private markWords({ address, lengthBytes }: Watchpoint, isWatched: boolean): void {
    const { watchedWords } = this;
    const end = Math.ceil((address - RAM_BASE + lengthBytes) / 4);
    for (let word = Math.floor((address - RAM_BASE) / 4); word < end;) {
      if (word % 8 === 0 && end - word >= 8) {
        const endOfBytes = end - (end % 8);
        watchedWords.fill(isWatched ? 0xff : 0, word / 8, endOfBytes / 8);
        word = endOfBytes;
        continue;
      }
      const bit = 1 << (word % 8);
      if (isWatched) watchedWords[Math.floor(word / 8)] |= bit;
      else watchedWords[Math.floor(word / 8)] &= ~bit;
      word++;
    }
  }
}

/** Whether reading the watched bytes counts as a hit. */
const reportsReads = ({ access }: Watchpoint): boolean => access === 'read' || access === 'readWrite';

const isEqual = (a: Uint8Array, b: Uint8Array): boolean => a.every((byte, i) => byte === b[i]);
