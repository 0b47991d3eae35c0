import { assert } from '../base/assert.ts';
import type { SnapshotPace } from '../base/host.ts';
import type { Position } from '../base/quantities.ts';
import { complete, PAUSED, PauseSignal, type Sliced } from '../base/sliced.ts';
import type { State } from '../base/state.ts';
import type { MachineStop } from '../machine/machine.ts';
import { NO_STOP_POINTS, type StopPoints } from '../target/stopPoints.ts';
import type { RunOptions, TargetStop } from '../target/target.ts';
import { CheckedReplay } from './checkedReplay.ts';
import type { History } from './history.ts';
import { HistorySwitch } from './historySwitch.ts';
import type { RamSnapshot, RamSnapshots } from './ramSnapshots.ts';
import type { RequestLogSwitch } from './requestLogSwitch.ts';
import { ReverseSearch, type SearchContext } from './reverseSearch.ts';
import { Rewinder } from './rewinder.ts';
import type { SnapshotId } from './snapshotInfo.ts';
import type { HistorySnapshot } from './snapshotStore.ts';
import { nextSnapshotOfRun, nextSnapshotOnTheWay } from './snapshotSpacing.ts';
import { TRAVEL_BUDGET, type TravelBudget } from './travelBudget.ts';
import { TravelCache } from './travelCache.ts';
import type { TravelDisk } from './travelDisk.ts';
import type { TravelMachine } from './travelMachine.ts';

export type TravelStop =
  | Exclude<MachineStop, { kind: 'paused' }>
  /** The end of a recording was reached (a live machine continues instead). */
  | { kind: 'endOfRecording' };

/**
 * Moves a machine through its recorded history: to any position, and forward and backward to stop points. Going back
 * restores the nearest snapshot and replays from there; snapshots created in memory near the target make the next move
 * instant. The guest's actions in the history have no lasting effect: disk writes go to scratch files, and the
 * recording is only read. While a live machine is in its history, the state of its live end is kept in memory. This
 * state is restored when the machine returns to the live end.
 */
export class TimeTravel {
  /** Tells a move in progress when to pause. */
  readonly pause = new PauseSignal();
  private machine: TravelMachine;
  private ram: RamSnapshots;
  private disks: readonly TravelDisk[];
  private memory: TravelCache;
  private switch: HistorySwitch;
  private rewinder: Rewinder;
  private replay: CheckedReplay;
  private pace: SnapshotPace | undefined;
  private points: StopPoints = NO_STOP_POINTS;
  /**
   * Incremented by each move and each change to the stop points. A paused search must not continue if this number has
   * changed.
   */
  private generation = 0;

  constructor(options: {
    machine: TravelMachine;
    ram: RamSnapshots;
    disks: readonly TravelDisk[];
    log: RequestLogSwitch;
    history: History;
    /** True for a live machine, which has a live end beyond its history; false for a replay, which has only history. */
    isLive: boolean;
    budget?: TravelBudget;
    /** Limits the cached snapshots that forward runs leave; without it, they leave none. */
    pace?: SnapshotPace;
  }) {
    const { machine, ram, disks, history } = options;
    this.machine = machine;
    this.ram = ram;
    this.disks = disks;
    this.pace = options.pace;
    this.switch = new HistorySwitch({ ...options, onRamSwitched: () => this.memory.updateCharges() });
    this.memory = new TravelCache({
      disks,
      budget: options.budget ?? TRAVEL_BUDGET,
      images: () => [ram.current, this.switch.liveEndRam, history.writtenRam?.()],
    });
    const shared = { machine, switch: this.switch, memory: this.memory, pause: this.pause };
    this.rewinder = new Rewinder({ ...shared, ram, disks, history });
    this.replay = new CheckedReplay(shared);
  }

  /** True if the machine is at its live end. */
  get isAtLiveEnd(): boolean {
    return this.switch.isAtLiveEnd;
  }

  /** True if a live machine is in its history. */
  get isInHistory(): boolean {
    return this.switch.savedLiveEnd !== undefined;
  }

  /** The last position: the live end of a live machine, otherwise the end of the recording. */
  get end(): Position {
    return this.switch.end;
  }

  /** The first position: that of the first snapshot. */
  get start(): Position {
    return this.rewinder.start;
  }

  /** The current cost of the cached snapshots, in the units of the budget. */
  get cost(): TravelBudget {
    return this.memory.cost;
  }

  // --- snapshots -------------------------------------------------------------------------------------------------------

  /** Adds a cached snapshot of the current state (see Rewinder). */
  addCached(snapshot: { id: SnapshotId | undefined; state: State; ram: RamSnapshot }): void {
    this.rewinder.add(snapshot);
  }

  /**
   * Called at the live end, after a snapshot of the current state has been taken there. If forward runs leave cached
   * snapshots, this makes it possible to capture the disks at the live end.
   */
  mirrorDisks(snapshot: SnapshotId): void {
    if (this.pace) for (const disk of this.disks) disk.startMirror(snapshot);
  }

  /** The next position of a forward run at which `leaveCachedIfDue` should be called. */
  get nextCached(): Position {
    return this.pace ? nextSnapshotOfRun(this.machine.position) : Infinity;
  }

  /** Leaves a cached snapshot on a forward run, if the pace permits it now and the disk states can be captured. */
  leaveCachedIfDue(): void {
    if (!this.pace?.isDue()) return;
    if (this.isAtLiveEnd && !this.memory.canCaptureLive()) return;
    this.rewinder.leaveSnapshot();
    this.pace.recordTaken();
  }

  /** Saves the current state as a snapshot; `write` stores it in the overlays. The machine must be in its history. */
  saveSnapshot(write: (snapshot: HistorySnapshot) => SnapshotId): void {
    assert(!this.isAtLiveEnd, 'the live end has no scratch layers');
    const state = this.machine.saveState();
    const ram = this.ram.capture();
    const id = write({ state, ram, disks: this.disks });
    this.addCached({ id, state, ram });
  }

  /**
   * Calls `remove` to delete these overlay snapshots. First drops the cached snapshots that are based on
   * them. If the current state is based on one, it is recreated by replaying from another snapshot.
   */
  deleteSnapshots(ids: readonly SnapshotId[], remove: () => void): void {
    this.memory.cache.forget(ids);
    this.beginMove();
    const isBasedOnThem = !this.isAtLiveEnd && this.disks.some((disk) => disk.isBasedOn(ids));
    remove();
    for (const disk of this.disks) disk.forget(ids);
    if (!isBasedOnThem) return;
    const { position } = this.machine;
    this.switch.enterHistory();
    complete(this.pause.ignoredBy(this.rewindAndReplay(position)));
  }

  // --- movement --------------------------------------------------------------------------------------------------------

  /** See `Target.arm`. */
  arm(points: StopPoints): void {
    if (points === this.points) return;
    this.points = points;
    this.beginMove();
  }

  /**
   * Moves to a position between start and end, and restores the state that the machine had there in the original run.
   * See `Target.goTo`.
   */
  *seekTo(target: Position): Sliced<void> {
    assert(target >= this.start && target <= this.end, `position ${target} is not in the history`);
    if (target === this.switch.savedLiveEnd) {
      this.beginMove();
      this.switch.returnToLiveEnd();
      return;
    }
    if (target === this.machine.position) return;
    this.beginMove();
    this.switch.enterHistory();
    yield* this.pause.ignoredBy(this.rewinder.restoreNearest(target, { mayReuseCurrent: true }));
    yield* this.replayTo(target);
  }

  /**
   * Runs forward to a stop point, `until`, or the end of the history. A live machine that reaches its live end stops
   * there with `reached`; the caller then continues to run it.
   */
  *forward(until: Position, { stopsAtStart = false }: RunOptions = {}): Sliced<TravelStop> {
    const { machine } = this;
    assert(!this.isAtLiveEnd, 'the live end has no recorded future');
    assert(until >= 0, 'a run goes to a position');
    this.beginMove();
    const target = Math.max(machine.position, Math.min(until, this.end));
    this.switch.enterHistory();
    const stop = yield* this.forwardTo(target, stopsAtStart);
    if (stop.kind !== 'reached') return stop;
    if (machine.position === this.switch.savedLiveEnd) {
      this.switch.returnToLiveEnd();
      return { kind: 'reached' };
    }
    return machine.position >= this.end && until > this.end ? { kind: 'endOfRecording' } : stop;
  }

  private *forwardTo(target: Position, stopsAtFirst: boolean): Sliced<Exclude<MachineStop, { kind: 'paused' }>> {
    const { machine } = this;
    for (let stopsAtStart = stopsAtFirst; ;) {
      machine.setStopPoints(this.points);
      const next = Math.min(target, this.nextCached);
      const stop = this.replay.run(next, stopsAtStart);
      if (stop.kind === 'paused') yield PAUSED;
      else if (stop.kind !== 'reached' || machine.position >= target) return stop;
      else this.leaveCachedIfDue();
      // After a pause, the machine continues the same run.
      stopsAtStart = stop.kind === 'reached';
    }
  }

  /** Runs backward to the last stop point before the current position. See `Target.backward`. */
  *backward(): Sliced<TargetStop> {
    for (;;) {
      this.beginMove();
      const current = this.isAtLiveEnd ? undefined : this.memory.hold(this.rewinder.capture());
      const found = yield* new ReverseSearch(this.searchContext(), this.points, current).run();
      if (found === 'stale') continue;
      this.memory.releaseHeld();
      yield* this.pause.ignoredBy(this.seekTo(found === 'nothing' ? this.start : found.position));
      return found === 'nothing' ? { kind: 'startOfRecording' } : found.stop;
    }
  }

  /** See `Target.trace`. */
  // eslint-disable-next-line require-yield -- it does not pause, because it is short
  *trace(until: Position, visit: () => void): Sliced<void> {
    const { machine } = this;
    assert(until <= this.end, 'a trace ends in the history');
    this.beginMove();
    machine.setStopPoints(NO_STOP_POINTS);
    while (machine.position < until) {
      visit();
      machine.run(machine.position + 1);
    }
  }

  /** Returns to the live end, if there is one, and releases the resources of the history. */
  close(): void {
    if (this.isInHistory) this.switch.returnToLiveEnd();
    this.abandon();
  }

  /**
   * Releases the resources of the history, even if the machine is not at its live end. The machine must not run again.
   */
  abandon(): void {
    this.switch.closeHistory();
    for (const disk of this.disks) disk.close();
  }

  // --- helpers ---------------------------------------------------------------------------------------------------------

  /** Called at the start of each move. A previously paused search must not continue. */
  private beginMove(): void {
    this.generation++;
    this.memory.releaseHeld();
  }

  private searchContext(): SearchContext {
    const { machine, rewinder, memory, generation } = this;
    return {
      machine,
      start: this.start,
      pause: this.pause,
      restoreBefore: (position) => rewinder.restoreNearest(position - 1),
      capture: () => memory.hold(rewinder.capture()),
      release: (snapshot) => memory.release(snapshot),
      restore: (snapshot) => rewinder.restore(snapshot),
      leaveSnapshot: () => rewinder.leaveSnapshot(),
      enterHistory: () => this.switch.enterHistory(),
      returnToLiveEnd: () => this.switch.returnToLiveEnd(),
      isStale: () => this.generation !== generation,
    };
  }

  private *rewindAndReplay(target: Position): Sliced<void> {
    yield* this.rewinder.restoreNearest(target);
    yield* this.replayTo(target);
  }

  private *replayTo(target: Position): Sliced<void> {
    const { machine } = this;
    while (machine.position < target) {
      const next = nextSnapshotOnTheWay(machine.position, target);
      machine.setStopPoints(NO_STOP_POINTS);
      const stop = this.replay.run(next);
      if (stop.kind === 'paused') {
        yield PAUSED;
        continue;
      }
      assert(machine.position === next, `the machine ended (${stop.kind}) inside its history`);
      if (next < target) this.rewinder.leaveSnapshot();
    }
  }
}
