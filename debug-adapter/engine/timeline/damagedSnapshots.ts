import type { Position } from '../base/quantities.ts';
import type { Machine } from '../machine/machine.ts';

/**
 * Which snapshots of the overlays must not be gone to: those whose RAM is not what was recorded. An earlier build wrote
 * long machine states over RAM, in the snapshot itself and in those after it. Each is looked at once, when it has been
 * loaded, which costs a digest of RAM.
 */
export class DamagedSnapshots {
  private isWhole = new Map<string, boolean>();
  private ramDigestAt: (position: Position) => bigint | undefined;

  /** `ramDigestAt` gives the recorded digest; without one a snapshot counts as whole. */
  constructor(ramDigestAt: (position: Position) => bigint | undefined) {
    this.ramDigestAt = ramDigestAt;
  }

  /** Known to be so from an earlier look. */
  has(name: string): boolean {
    return this.isWhole.get(name) === false;
  }

  /** Looks at a machine that has just been loaded from that snapshot. */
  isDamaged(name: string, machine: Machine): boolean {
    let isWhole = this.isWhole.get(name);
    if (isWhole === undefined) {
      const recorded = this.ramDigestAt(machine.position);
      isWhole = recorded === undefined || recorded === machine.ram.digest();
      this.isWhole.set(name, isWhole);
    }
    return !isWhole;
  }

  /** Another snapshot may get that name. */
  forget(name: string): void {
    this.isWhole.delete(name);
  }
}
