import type { Position } from '../base/quantities.ts';
import type { Machine } from '../machine/machine.ts';

/**
 * Detects overlay snapshots that must not be restored because their RAM differs from the recording. An earlier build
 * overwrote RAM with long machine states, in a snapshot and in later ones. Each snapshot is checked once, after
 * loading, by computing a digest of RAM.
 */
export class DamagedSnapshots {
  private isWhole = new Map<string, boolean>();
  private ramDigestAt: (position: Position) => bigint | undefined;

  /** `ramDigestAt` returns the recorded digest of RAM; without one, a snapshot counts as intact. */
  constructor(ramDigestAt: (position: Position) => bigint | undefined) {
    this.ramDigestAt = ramDigestAt;
  }

  /** Whether an earlier check found the snapshot damaged. */
  has(name: string): boolean {
    return this.isWhole.get(name) === false;
  }

  /** Checks a machine that was just loaded from the snapshot. */
  isDamaged(name: string, machine: Machine): boolean {
    let isWhole = this.isWhole.get(name);
    if (isWhole === undefined) {
      const recorded = this.ramDigestAt(machine.position);
      isWhole = recorded === undefined || recorded === machine.ram.digest();
      this.isWhole.set(name, isWhole);
    }
    return !isWhole;
  }

  /** Call this when the name may be reused for another snapshot. */
  forget(name: string): void {
    this.isWhole.delete(name);
  }
}
