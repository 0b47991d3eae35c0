import { PAGE_SIZE_BYTES, type Position } from '../base/quantities.ts';
import { PAGE_WATCHED, RAM_BASE } from './cpu/layout.ts';
import type { Watchpoint, WatchHit } from '../target/stopPoints.ts';

/**
 * Implements watchpoints on RAM: marks the pages with watched bytes so that every access to these pages takes the slow
 * path, and collects the accesses to watched bytes until the end of the step.
 */
export class Watchpoints {
  private ram: Uint8Array;
  private pageFlags: Uint8Array;
  private watchpoints: readonly Watchpoint[] = [];
  private pending = new Map<number, Omit<WatchHit, 'newBytes'>>();

  constructor(ram: Uint8Array, pageFlags: Uint8Array) {
    this.ram = ram;
    this.pageFlags = pageFlags;
  }

  /**
   * Replaces the watchpoints. The caller must flush all TLBs, because accesses to different pages must now take the
   * slow path.
   */
  set(watchpoints: readonly Watchpoint[]): void {
    for (const page of this.pages()) this.pageFlags[page] &= ~PAGE_WATCHED;
    this.watchpoints = watchpoints;
    for (const page of this.pages()) this.pageFlags[page] |= PAGE_WATCHED;
    this.pending.clear();
  }

  /**
   * Reports an access to a watched page; a write is reported before it happens. Returns whether the access includes a
   * watched byte.
   */
  recordAccess(access: 'read' | 'write', offset: number, lengthBytes: number, position: Position): boolean {
    let hit = false;
    for (const { id, address, lengthBytes: watched, access: kind } of this.watchpoints) {
      const start = address - RAM_BASE;
      if (offset >= start + watched || start >= offset + lengthBytes) continue;
      if (kind !== 'readWrite' && kind !== access) continue;
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

  /** Returns and clears the accesses of the last step. */
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
