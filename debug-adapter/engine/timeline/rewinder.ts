import { assert } from '../base/assert.ts';
import type { Position } from '../base/quantities.ts';
import type { PauseSignal, Sliced } from '../base/sliced.ts';
import type { State } from '../base/state.ts';
import { NO_STOP_POINTS } from '../target/stopPoints.ts';
import { DamagedSnapshots } from './damagedSnapshots.ts';
import type { History } from './history.ts';
import type { HistorySwitch } from './historySwitch.ts';
import type { RamSnapshot, RamSnapshots } from './ramSnapshots.ts';
import { SavedState } from './savedState.ts';
import type { CachedSnapshot } from './snapshotCache.ts';
import type { SnapshotId } from './snapshotInfo.ts';
import type { TravelCache } from './travelCache.ts';
import type { DiskState, TravelDisk } from './travelDisk.ts';
import type { TravelMachine } from './travelMachine.ts';

// The minimum time to load a snapshot from the overlays, 10 ms, converted to steps.
const LOAD_COST_STEPS = 4_000_000;

/** Captures and restores the machine's whole state, and restores the nearest snapshot before a position. */
export class Rewinder {
  private machine: TravelMachine;
  private ram: RamSnapshots;
  private disks: readonly TravelDisk[];
  private history: History;
  private switch: HistorySwitch;
  private memory: TravelCache;
  private damaged: DamagedSnapshots;
  private pause: PauseSignal;

  constructor(options: {
    machine: TravelMachine;
    ram: RamSnapshots;
    disks: readonly TravelDisk[];
    history: History;
    switch: HistorySwitch;
    memory: TravelCache;
    pause: PauseSignal;
  }) {
    this.machine = options.machine;
    this.ram = options.ram;
    this.disks = options.disks;
    this.history = options.history;
    this.switch = options.switch;
    this.memory = options.memory;
    this.pause = options.pause;
    this.damaged = new DamagedSnapshots((position) => this.history.ramDigestAt?.(position));
  }

  /** The position of the first snapshot. */
  get start(): Position {
    const first = this.memory.cache.first();
    assert(first, 'a timeline begins with a snapshot');
    return first.position;
  }

  /**
   * Restores the last undamaged snapshot at or before a position, or keeps the current state if it is nearer and may be
   * reused. Can pause only while reading a snapshot from the overlays, before the machine is changed.
   */
  *restoreNearest(target: Position, { mayReuseCurrent = false } = {}): Sliced<'fromMemory' | 'fromDisk'> {
    for (;;) {
      const cached = this.memory.cache.latestUpTo(target);
      assert(cached, 'there is a snapshot at the start');
      const saved = this.latestSavedUpTo(target);
      const isWorthLoading = saved && saved.position - cached.position > LOAD_COST_STEPS;
      const nearest = isWorthLoading ? saved : cached;
      const { position } = this.machine;
      if (mayReuseCurrent && position <= target && position >= nearest.position) return 'fromMemory';
      if (!isWorthLoading) {
        this.restore(cached);
        return 'fromMemory';
      }
      if (yield* this.restoreSaved(saved.id)) return 'fromDisk';
      // The machine now has the state of a damaged snapshot.
      mayReuseCurrent = false;
    }
  }

  restore(snapshot: CachedSnapshot): void {
    const { machine } = this;
    // Restoring RAM is not a guest access, so watchpoints must not trigger.
    machine.setStopPoints(NO_STOP_POINTS);
    this.ram.restore(snapshot.ram);
    machine.loadState(snapshot.state.state);
    this.disks.forEach((disk, i) => disk.show(snapshot.disks[i]));
    // The restored pages are now in use instead of the previous ones. This call may drop the restored snapshot.
    this.memory.updateCharges();
    this.switch.player.seek(machine.position);
  }

  /** Captures the current state. The machine must be in its history. */
  capture(): CachedSnapshot {
    const { machine } = this;
    const ram = this.ram.capture();
    this.memory.updateCharges();
    const disks = this.disks.map((disk) => disk.capture());
    return { position: machine.position, state: new SavedState(machine.saveState()), ram, disks };
  }

  /** Adds the current state to the cache, unless the cache has a snapshot at this position. */
  leaveSnapshot(): void {
    if (!this.memory.cache.has(this.machine.position)) this.memory.cache.add(this.capture());
  }

  /**
   * Adds a cached snapshot of the current state. `id` identifies the snapshot with this state in the overlays;
   * undefined for the state at power-on.
   */
  add({ id, state, ram }: { id: SnapshotId | undefined; state: State; ram: RamSnapshot }): void {
    this.memory.updateCharges();
    const disks = this.disks.map((): DiskState => ({ snapshot: id }));
    this.memory.cache.add({ position: this.machine.position, state: new SavedState(state), ram, disks });
  }

  private latestSavedUpTo(target: Position): { id: SnapshotId; position: Position } | undefined {
    const { start } = this;
    return this.history
      .savedSnapshots()
      .findLast(({ id, position }) => position <= target && position >= start && !this.damaged.isKnownDamaged(id));
  }

  /** Loads an overlay snapshot and restores it. Returns false if it is damaged. */
  private *restoreSaved(id: SnapshotId): Sliced<boolean> {
    const { machine } = this;
    // Loading takes 10 ms per 100 MiB of mapped VM state, and longer if it is fragmented.
    const reading = this.history.readSnapshot(id, this.ram.current);
    let read = reading.next();
    while (!read.done) {
      yield* this.pause.point();
      read = reading.next();
    }
    machine.setStopPoints(NO_STOP_POINTS);
    const ram = this.ram.restoreLoaded(read.value.ram);
    machine.loadState(read.value.state);
    if (this.damaged.isDamaged(id, machine)) return false;
    for (const disk of this.disks) disk.show({ snapshot: id });
    this.add({ id, state: machine.saveState(), ram });
    this.switch.player.seek(machine.position);
    return true;
  }
}
