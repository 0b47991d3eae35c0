import type { Position } from '../base/quantities.ts';
import type { TravelMachine } from './travelMachine.ts';

/**
 * Detects overlay snapshots that must not be restored because their RAM differs from the recorded RAM. An earlier build
 * stored a long machine state over part of the RAM, which damaged that snapshot and later ones. Each snapshot is
 * checked once, after loading, by computing a digest of RAM.
 */
export class DamagedSnapshots {
  private isIntact = new Map<string, boolean>();
  private ramDigestAt: (position: Position) => bigint | undefined;

  /** `ramDigestAt` returns the recorded RAM digest; if there is none, the snapshot is considered intact. */
  constructor(ramDigestAt: (position: Position) => bigint | undefined) {
    this.ramDigestAt = ramDigestAt;
  }

  /** Whether an earlier check found the snapshot damaged. */
  isKnownDamaged(name: string): boolean {
    return this.isIntact.get(name) === false;
  }

  /** Checks the RAM of a machine that has just been loaded from the snapshot. */
  isDamaged(name: string, machine: TravelMachine): boolean {
    let isIntact = this.isIntact.get(name);
    if (isIntact === undefined) {
      const recorded = this.ramDigestAt(machine.position);
      isIntact = recorded === undefined || recorded === machine.ram.digest();
      this.isIntact.set(name, isIntact);
    }
    return !isIntact;
  }

  /** Call this when the name may be reused for another snapshot. */
  forget(name: string): void {
    this.isIntact.delete(name);
  }
}
