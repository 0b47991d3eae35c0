import assert from 'node:assert/strict';
import type { DiskState, TravelDisk } from '../../../debug-adapter/engine/timeline/travelDisk.ts';

/**
 * A disk without contents. It checks that only existing disk states are shown, and that each captured state is released
 * exactly once.
 */
export class ToyDisk {
  readonly driveId = 'toy';
  shown: 'live end' | 'history' = 'live end';
  /** The stored snapshot that the shown state is based on. */
  base: DiskState['snapshot'];
  isClosed = false;
  /** The captured disk states that have not been released yet. */
  readonly captured = new Set<object>();
  /** The snapshots whose views were closed. */
  readonly forgotten: string[] = [];
  mapBytes = 0;
  readonly scratchBytes = 0;
  private isLiveEndSaved = false;
  private isStored: (snapshot: string) => boolean;

  constructor(isStored: (snapshot: string) => boolean) {
    this.isStored = isStored;
  }

  get asTravelDisk(): TravelDisk {
    return this as unknown as TravelDisk;
  }

  leaveLiveEnd(): void {
    this.isLiveEndSaved = true;
  }

  show({ snapshot, slots }: DiskState): void {
    assert.ok(snapshot === undefined || this.isStored(snapshot), `the snapshot ${snapshot} exists`);
    assert.ok(!slots || this.captured.has(slots), 'the state has not been released');
    this.base = snapshot;
    this.shown = 'history';
  }

  returnToLiveEnd(): void {
    assert.ok(this.isLiveEndSaved);
    this.shown = 'live end';
  }

  capture(): object {
    const slots = {};
    this.captured.add(slots);
    return { snapshot: this.base, slots };
  }

  release({ slots }: DiskState): void {
    if (slots) assert.ok(this.captured.delete(slots), 'each state is released once');
  }

  isBasedOn(names: readonly string[]): boolean {
    return this.base !== undefined && names.includes(this.base);
  }

  forget(names: readonly string[]): void {
    this.forgotten.push(...names);
  }

  close(): void {
    this.isClosed = true;
  }
}
