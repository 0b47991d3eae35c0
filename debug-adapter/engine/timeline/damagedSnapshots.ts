import type { Position } from '../base/quantities.ts';
import type { SnapshotId } from './snapshotInfo.ts';
import type { TravelMachine } from './travelMachine.ts';

/**
 * Detects overlay snapshots that must not be restored because their RAM differs from the recorded RAM. An earlier build
 * overwrote part of the RAM with a long machine state, which damaged that snapshot and later ones. Each snapshot is
 * checked once, after it is loaded, by comparing the digest of RAM with the recorded one.
 */
export class DamagedSnapshots {
  private isIntact = new Map<SnapshotId, boolean>();
  private ramDigestAt: (position: Position) => bigint | undefined;

  /** `ramDigestAt` returns the recorded RAM digest; if there is none, the snapshot is considered intact. */
  constructor(ramDigestAt: (position: Position) => bigint | undefined) {
    this.ramDigestAt = ramDigestAt;
  }

  /** Whether an earlier check found the snapshot damaged. */
  isKnownDamaged(id: SnapshotId): boolean {
    return this.isIntact.get(id) === false;
  }

  /** Checks the RAM of a machine that has just been loaded from the snapshot. */
  isDamaged(id: SnapshotId, machine: TravelMachine): boolean {
    let isIntact = this.isIntact.get(id);
    if (isIntact === undefined) {
      const recorded = this.ramDigestAt(machine.position);
      isIntact = recorded === undefined || recorded === machine.ram.digest();
      this.isIntact.set(id, isIntact);
    }
    return !isIntact;
  }
}
