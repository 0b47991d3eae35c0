import type { Position } from '../base/quantities.ts';
import type { State } from '../base/state.ts';
import type { RamImage } from './ramImages.ts';
import type { DiskMoment } from './travelDisk.ts';

/**
 * Snapshots in memory: near where the user looks, so that the next step back is instant. Kept within a budget of bytes
 * by dropping the one that is missed least: the one whose neighbours are near, compared with how far away it is.
 */
export interface MemorySnapshot {
  position: Position;
  state: State;
  image: RamImage;
  disks: DiskMoment[];
  /** What keeping it costs. */
  bytes: number;
}

/** Beside the pages: the list of pages, one reference each. */
const REFERENCE_BYTES = 8;

export const costOf = (image: RamImage, copiedBytes: number): number => copiedBytes + image.length * REFERENCE_BYTES;

export class MemorySnapshots {
  private kept: MemorySnapshot[] = [];
  private bytes = 0;
  private bytesMax: number;

  constructor(bytesMax: number) {
    this.bytesMax = bytesMax;
  }

  /** The last one at or before a position. */
  latestUpTo(position: Position): MemorySnapshot | undefined {
    return this.kept.findLast((snapshot) => snapshot.position <= position);
  }

  first(): MemorySnapshot | undefined {
    return this.kept[0];
  }

  has(position: Position): boolean {
    return this.kept.some((snapshot) => snapshot.position === position);
  }

  add(snapshot: MemorySnapshot): void {
    if (this.has(snapshot.position)) return;
    const at = this.kept.findIndex((other) => other.position > snapshot.position);
    this.kept.splice(at < 0 ? this.kept.length : at, 0, snapshot);
    this.bytes += snapshot.bytes;
    while (this.bytes > this.bytesMax && this.kept.length > 1) this.dropLeastMissed(snapshot.position);
  }

  /** Drops what stands on overlay snapshots of these names. */
  forget(names: readonly string[]): void {
    const stays = (snapshot: MemorySnapshot) =>
      snapshot.disks.every(({ snapshot: name }) => name === undefined || !names.includes(name));
    this.kept = this.kept.filter(stays);
    this.bytes = this.kept.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** An overlay snapshot that some stand on has another name now. */
  renamed(from: string, to: string): void {
    for (const { disks } of this.kept) {
      for (const disk of disks) if (disk.snapshot === from) disk.snapshot = to;
    }
  }

  private dropLeastMissed(near: Position): void {
    let least = this.kept.length - 1;
    let leastMissed = Infinity;
    for (let i = 0; i < this.kept.length; i++) {
      const { position } = this.kept[i];
      // The first one is where everything can start from.
      if (position === near || i === 0) continue;
      const before = this.kept[i - 1]?.position ?? 0;
      const after = this.kept[i + 1]?.position ?? position;
      const missed = (after - before) / (Math.abs(position - near) + 1);
      if (missed < leastMissed) [least, leastMissed] = [i, missed];
    }
    const [dropped] = this.kept.splice(least, 1);
    this.bytes -= dropped.bytes;
  }
}
