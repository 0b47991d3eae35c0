import { assert } from '../base/assert.ts';
import type { Position } from '../base/quantities.ts';
import type { PauseSignal } from '../base/sliced.ts';
import type { MachineStop } from '../machine/machine.ts';
import type { HistorySwitch } from './historySwitch.ts';
import type { TravelCache } from './travelCache.ts';
import type { TravelMachine } from './travelMachine.ts';

/**
 * Runs a machine forward in its history, and compares the state with each recorded digest when a replay first reaches
 * the digest's position.
 */
export class CheckedReplay {
  private machine: TravelMachine;
  private switch: HistorySwitch;
  private memory: TravelCache;
  private pause: PauseSignal;
  /** The position up to which the state has been compared with the recorded digests. */
  private verifiedTo: Position = -1;

  constructor(options: { machine: TravelMachine; switch: HistorySwitch; memory: TravelCache; pause: PauseSignal }) {
    this.machine = options.machine;
    this.switch = options.switch;
    this.memory = options.memory;
    this.pause = options.pause;
  }

  /** Runs like `Machine.run`. `until` must not be before the current position. */
  run(until: Position, stopsAtFirst = false): MachineStop {
    const { machine } = this;
    assert(machine.position <= until, 'a run goes forward');
    for (let stopsAtStart = stopsAtFirst; ; stopsAtStart = true) {
      this.checkDigest();
      const digest = this.switch.isLive ? Infinity : this.switch.player.nextDigestPosition;
      const stop = machine.run(Math.min(until, digest), this.pause.isWanted, { stopsAtStart });
      this.memory.cache.enforceBudget();
      this.checkDigest();
      if (stop.kind !== 'reached' || machine.position >= until) return stop;
    }
  }

  private checkDigest(): void {
    if (this.switch.isLive) return;
    const { position } = this.machine;
    const { player } = this.switch;
    // A reverse search does not check the digests that it passes.
    player.skipDigests(Math.max(this.verifiedTo, position - 1));
    if (player.nextDigestPosition !== position) return;
    player.checkDigest(position, this.machine.digestParts());
    this.verifiedTo = position;
  }
}
