import { PAGE_SIZE_BYTES, type Position } from '../base/quantities.ts';
import { PAGE_WATCHED, RAM_BASE } from './cpu/layout.ts';
import type { Watchpoint, WatchHit } from './stopPoints.ts';

/**
 * Watchpoints over RAM: marks the pages they are on, hears of every access to those pages, and keeps what touched a
 * watched byte until the step is over.
 */
export class Watcher {
  private ram: Uint8Array;
  private pageFlags: Uint8Array;
  private watchpoints: readonly Watchpoint[] = [];
  private pending = new Map<number, Omit<WatchHit, 'newBytes'>>();

  constructor(ram: Uint8Array, pageFlags: Uint8Array) {
    this.ram = ram;
    this.pageFlags = pageFlags;
  }

  /** The caller flushes all TLBs: pages enter and leave the slow path. */
  set(watchpoints: readonly Watchpoint[]): void {
    for (const page of this.pages()) this.pageFlags[page] &= ~PAGE_WATCHED;
    this.watchpoints = watchpoints;
    for (const page of this.pages()) this.pageFlags[page] |= PAGE_WATCHED;
    this.pending.clear();
  }

  /** An access to a watched page; for a write, before it happens. True when it touches a watched byte. */
  touched(access: 'read' | 'write', offset: number, lengthBytes: number, position: Position): boolean {
    let hit = false;
    for (const { id, address, lengthBytes: watched, access: kind } of this.watchpoints) {
      const start = address - RAM_BASE;
      if (offset >= start + watched || start >= offset + lengthBytes) continue;
      if (kind !== 'readWrite' && kind !== access) continue;
      hit = true;
      // A write after a read of the same step is the one to tell of; its old bytes are still those before the step.
      const earlier = this.pending.get(id);
      const oldBytes = earlier?.oldBytes ?? this.ram.slice(start, start + watched);
      this.pending.set(id, { id, access: earlier?.access === 'write' ? 'write' : access, oldBytes, position });
    }
    return hit;
  }

  /** What the last step touched; asked once. */
  takeHits(): WatchHit[] {
    if (this.pending.size === 0) return [];
    const hits = [...this.pending.values()].map((hit) => {
      const { address, lengthBytes } = this.watchpoints.find(({ id }) => id === hit.id)!;
      const start = address - RAM_BASE;
      return { ...hit, newBytes: this.ram.slice(start, start + lengthBytes) };
    });
    this.pending.clear();
    return hits;
  }

  private pages(): number[] {
    return this.watchpoints.flatMap(({ address, lengthBytes }) => {
      const first = Math.floor((address - RAM_BASE) / PAGE_SIZE_BYTES);
      const last = Math.floor((address - RAM_BASE + lengthBytes - 1) / PAGE_SIZE_BYTES);
      return Array.from({ length: last - first + 1 }, (_, i) => first + i);
    });
  }
}
