import { assert } from '../base/assert.ts';
import { encodeCbor } from '../base/cbor.ts';
import type { Position } from '../base/quantities.ts';
import type { State } from '../base/state.ts';
import type { RequestLog } from '../block/blockRequest.ts';
import type { Inputs } from '../machine/inputs.ts';
import type { Machine, MachineStop, RunOptions } from '../machine/machine.ts';
import { NO_STOP_POINTS, type StopPoints } from '../machine/stopPoints.ts';
import { SnapshotLoad } from './snapshotLoad.ts';
import { DamagedSnapshots } from './damagedSnapshots.ts';
import type { History, OpenPlayer } from './history.ts';
import type { CachedSnapshot } from './snapshotCache.ts';
import type { RamSnapshot, RamSnapshots } from './ramSnapshots.ts';
import { type RestoreResult, ReverseSearch, type SearchContext } from './reverseSearch.ts';
import type { RequestLogSwitch } from './requestLogSwitch.ts';
import { SavedState } from './savedState.ts';
import type { HistorySnapshot } from './snapshotStore.ts';
import { TRAVEL_BUDGET, type TravelBudget } from './travelBudget.ts';
import type { DiskState, TravelDisk } from './travelDisk.ts';
import { TravelCache } from './travelCache.ts';

export type TravelStop =
  | MachineStop
  /** The start of the history was reached. */
  | { kind: 'startOfRecording' }
  /** The end of a recording was reached (a live machine continues instead). */
  | { kind: 'endOfRecording' };

type WantsPause = () => boolean;

// The distances before a target, in steps, at which snapshots are created. Replaying from one of them to the target
// takes 10 us to 10 ms.
const SNAPSHOT_DISTANCES = [4_000_000, 1_000_000, 250_000, 60_000, 15_000, 4_000];
// The minimum time to load a snapshot from the overlays, 10 ms, converted to steps.
const LOAD_COST_STEPS = 4_000_000;
// On the way to a distant target, snapshots are created every 35 ms of replay, the spacing at which a recording starts
// to take automatic snapshots.
const SNAPSHOT_SPACING = 1 << 24;

/**
 * Moves a machine through its recorded history: to any position, and forward and backward to stop points. Going back
 * restores the nearest snapshot and replays from there; snapshots created in memory near the target make the next move
 * instant. The guest's actions in the history have no lasting effect: disk writes go to scratch files, and the
 * recording is only read. The state of a live end is kept in memory while the history is visited, and restored when the
 * machine returns to it.
 */
export class TimeTravel {
  private machine: Machine;
  private history: History;
  private disks: readonly TravelDisk[];
  private images: RamSnapshots;
  private log: RequestLogSwitch;
  private memory: TravelCache;
  private openedHistory: OpenPlayer | undefined;
  private liveEnd: LiveEnd | undefined;
  private isLive: boolean;
  /** A paused reverse run; dropped when the machine moves elsewhere. */
  private interrupted: ReverseSearch | undefined;
  /** An overlay snapshot that a paused reverse run was loading. */
  private loading: SnapshotLoad | undefined;
  private damaged: DamagedSnapshots;
  /** The position up to which a replay was compared with the recorded digests. */
  private verifiedTo: Position = -1;

  constructor(options: {
    machine: Machine;
    images: RamSnapshots;
    disks: readonly TravelDisk[];
    log: RequestLogSwitch;
    history: History;
    /** True for a live machine, which has a live end beyond its history; false for a replay, which has only history. */
    isLive: boolean;
    budget?: TravelBudget;
  }) {
    this.machine = options.machine;
    this.images = options.images;
    this.disks = options.disks;
    this.log = options.log;
    this.history = options.history;
    this.isLive = options.isLive;
    this.damaged = new DamagedSnapshots((position) => this.history.ramDigestAt?.(position));
    this.memory = new TravelCache({
      disks: this.disks,
      budget: options.budget ?? TRAVEL_BUDGET,
      images: () => [this.images.current, this.liveEnd?.ram, this.history.writtenRam?.()],
    });
  }

  /** True if the machine is at its live end. */
  get isAtLiveEnd(): boolean {
    return this.isLive && this.liveEnd === undefined;
  }

  /** True if a live machine is in its history. */
  get isInHistory(): boolean {
    return this.liveEnd !== undefined;
  }

  /** The last position: the live end of a live machine, otherwise the end of the recording. */
  get end(): Position {
    return this.liveEnd?.position ?? (this.isLive ? this.machine.position : this.history.end());
  }

  /** The first position: that of the first snapshot. */
  get start(): Position {
    const first = this.memory.cache.first();
    assert(first, 'a timeline begins with a snapshot');
    return first.position;
  }

  /** The current cost of the cached snapshots, in the units of the budget. */
  get cost(): TravelBudget {
    return this.memory.cost;
  }

  /**
   * Adds a cached snapshot of the current state. `name` refers to its snapshot in the overlays; undefined for the state
   * at power-on.
   */
  addCached({ name, state, ram }: { name: string | undefined; state: State; ram: RamSnapshot }): void {
    this.memory.updateCharges();
    const disks = this.disks.map((): DiskState => ({ snapshot: name }));
    this.memory.cache.add({ position: this.machine.position, state: new SavedState(state), ram, disks });
  }

  /** Saves the current state, which is in the history, as a snapshot; `write` stores it in the overlays. */
  saveSnapshot(name: string, write: (snapshot: HistorySnapshot) => void): void {
    assert(!this.isAtLiveEnd, 'the live end has no scratch layers');
    const state = this.machine.saveState();
    const ram = this.images.capture();
    write({ state, ram, disks: this.disks });
    this.addCached({ name, state, ram });
  }

  /**
   * Calls `remove` to delete overlay snapshots with these names. First drops the cached snapshots that are based on
   * them. If the current state is based on one, it is recreated by replaying from another snapshot.
   */
  deleteSnapshots(names: readonly string[], remove: () => void): void {
    this.memory.cache.forget(names);
    for (const name of names) this.damaged.forget(name);
    this.dropInterrupted();
    const isBasedOnThem = !this.isAtLiveEnd && this.disks.some((disk) => disk.isBasedOn(names));
    remove();
    for (const disk of this.disks) disk.forget(names);
    if (!isBasedOnThem) return;
    const { position } = this.machine;
    this.openHistory();
    this.restoreNearest(position, { mayReuseCurrent: false });
    this.replayTo(position, never);
  }

  /** Records the new name of an overlay snapshot. */
  renamed(from: string, to: string): void {
    this.memory.cache.renamed(from, to);
    this.damaged.forget(from);
    this.dropInterrupted();
    for (const disk of this.disks) disk.renamed(from, to);
  }

  /**
   * Moves to a position between start and end, with the state of the original run. Returns false if paused on the way;
   * the machine is then at an intermediate position.
   */
  seekTo(target: Position, wantsPause: WantsPause = never): boolean {
    assert(target >= this.start && target <= this.end, `position ${target} is not in the history`);
    const { machine } = this;
    if (this.liveEnd && target === this.liveEnd.position) {
      this.dropInterrupted();
      this.returnToLiveEnd();
      return true;
    }
    if (target === machine.position) return true;
    this.dropInterrupted();
    machine.setStopPoints(NO_STOP_POINTS);
    this.leaveLiveEnd();
    this.restoreNearest(target, { mayReuseCurrent: true });
    return this.replayTo(target, wantsPause);
  }

  /**
   * Runs forward to a stop point, `until`, or the end of the history. A live machine that reaches its live end stops
   * there with `reached`; the caller then continues to run it.
   */
  forward(
    until: Position,
    points: StopPoints,
    wantsPause: WantsPause = never,
    { stopsAtStart = false }: RunOptions = {},
  ): TravelStop {
    assert(!this.isAtLiveEnd, 'the live end has no recorded future');
    assert(until >= 0, 'a run goes to a position');
    this.dropInterrupted();
    const target = Math.max(this.machine.position, Math.min(until, this.end));
    const { machine } = this;
    machine.setStopPoints(points);
    this.openHistory();
    const stop = this.runChecked(target, wantsPause, stopsAtStart);
    if (stop.kind !== 'reached') return stop;
    if (this.liveEnd && machine.position === this.liveEnd.position) {
      this.returnToLiveEnd();
      return { kind: 'reached' };
    }
    return machine.position >= this.end && until > this.end ? { kind: 'endOfRecording' } : stop;
  }

  /**
   * Runs backward to the last stop point before the current position: a breakpoint stops before its instruction
   * executes, and a watchpoint stops before the step that accessed the address. If paused, the machine is at its
   * original position or at the start of the searched part. Another call from there with the same stop points continues
   * the search.
   */
  backward(points: StopPoints, wantsPause: WantsPause = never): TravelStop {
    const search = this.resumeSearch(points);
    const found = search.run(wantsPause);
    if (found === 'paused') return this.interrupt(search);
    this.memory.releaseHeld();
    this.seekTo(found === 'nothing' ? this.start : found.position);
    return found === 'nothing' ? { kind: 'startOfRecording' } : found.stop;
  }

  /** Returns to the live end, if there is one, and releases the resources of the history. */
  close(): void {
    if (this.liveEnd) this.returnToLiveEnd();
    this.abandon();
  }

  /**
   * Releases the resources of the history, even if the machine is not at its live end. The machine must not run again.
   */
  abandon(): void {
    this.openedHistory?.close();
    this.openedHistory = undefined;
    for (const disk of this.disks) disk.close();
  }

  // --- going back ------------------------------------------------------------------------------------------------------

  private resumeSearch(points: StopPoints): ReverseSearch {
    const interrupted = this.interrupted;
    const isSame = interrupted?.points === points && interrupted.searchedDownTo === this.machine.position;
    if (!isSame) this.dropInterrupted();
    this.interrupted = undefined;
    const current = isSame || this.isAtLiveEnd ? undefined : this.memory.hold(this.capture());
    this.leaveLiveEnd();
    return isSame ? interrupted : new ReverseSearch(this.searchContext, points, current);
  }

  private interrupt(search: ReverseSearch): TravelStop {
    if (!search.showCurrent()) this.returnToLiveEnd();
    this.interrupted = search;
    return { kind: 'paused' };
  }

  private get searchContext(): SearchContext {
    return {
      machine: this.machine,
      start: this.start,
      restoreBefore: (position, wantsPause) =>
        this.restoreNearest(position - 1, { mayReuseCurrent: false }, wantsPause),
      capture: () => this.memory.hold(this.capture()),
      release: (snapshot) => this.memory.release(snapshot),
      restoreCached: (snapshot) => this.restoreCached(snapshot),
      nextSnapshotPosition: (position, before) => Math.min(nextMultiple(position), before),
      addSnapshot: () => this.leaveSnapshot(),
    };
  }

  /** The machine is moving elsewhere, so a paused search cannot continue. */
  private dropInterrupted(): void {
    this.interrupted = undefined;
    this.loading = undefined;
    this.memory.releaseHeld();
  }

  /** Restores the last undamaged snapshot at or before a position. After a pause, the machine's state is incomplete. */
  private restoreNearest(
    target: Position,
    { mayReuseCurrent }: { mayReuseCurrent: boolean },
    wantsPause = never,
  ): RestoreResult {
    const { machine } = this;
    const cached = this.memory.cache.latestUpTo(target);
    const saved = this.history
      .savedSnapshots()
      .findLast(
        ({ name, position }) => position <= target && position >= this.start && !this.damaged.isKnownDamaged(name),
      );
    const isWorthLoading = saved && saved.position - (cached?.position ?? -Infinity) > LOAD_COST_STEPS;
    const nearest = isWorthLoading ? saved.position : (cached?.position ?? -1);
    if (mayReuseCurrent && machine.position <= target && machine.position >= nearest) return 'fromMemory';
    if (cached && cached.position === nearest) {
      this.restoreCached(cached);
      return 'fromMemory';
    }
    assert(saved, 'there is a snapshot at the start');
    const shown = this.showSavedSnapshot(saved.name, wantsPause);
    return shown === 'damaged' ? this.restoreNearest(target, { mayReuseCurrent: false }, wantsPause) : shown;
  }

  private restoreCached(snapshot: CachedSnapshot): void {
    const { machine } = this;
    // Restoring RAM is not a guest access, so watchpoints must not trigger.
    machine.setStopPoints(NO_STOP_POINTS);
    this.images.restore(snapshot.ram);
    machine.loadState(snapshot.state.state);
    this.disks.forEach((disk, i) => disk.show(snapshot.disks[i]));
    // The restored pages are now in use instead of the previous ones. This call may drop the restored snapshot.
    this.memory.updateCharges();
    this.openedHistory!.player.seek(machine.position);
  }

  /** Loads an overlay snapshot and restores it. If paused, another call continues to load it. */
  private showSavedSnapshot(name: string, wantsPause: WantsPause): 'fromDisk' | 'paused' | 'damaged' {
    const { machine } = this;
    machine.setStopPoints(NO_STOP_POINTS);
    const isSame = this.loading?.name === name;
    const load = isSame ? this.loading! : new SnapshotLoad(name, this.history.readSnapshot(name, this.images.current));
    const loaded = load.run(wantsPause);
    this.loading = loaded === 'paused' ? load : undefined;
    if (loaded === 'paused') return 'paused';
    const ram = this.images.restoreLoaded(loaded.ram);
    machine.loadState(loaded.state);
    if (this.damaged.isDamaged(name, machine)) return 'damaged';
    for (const disk of this.disks) disk.show({ snapshot: name });
    this.addCached({ name, state: machine.saveState(), ram });
    this.openedHistory!.player.seek(machine.position);
    return 'fromDisk';
  }

  /** Returns false if it was paused on the way. */
  private replayTo(target: Position, wantsPause: WantsPause): boolean {
    const { machine } = this;
    while (machine.position < target) {
      const left = nextSnapshotPosition(machine.position, target);
      const stop = this.runChecked(left, wantsPause);
      if (stop.kind === 'paused') return false;
      assert(machine.position === left, `the machine ended (${stop.kind}) inside its history`);
      if (left < target) this.leaveSnapshot();
    }
    return true;
  }

  private leaveSnapshot(): void {
    if (!this.memory.cache.has(this.machine.position)) this.memory.cache.add(this.capture());
  }

  private capture(): CachedSnapshot {
    const { machine } = this;
    const ram = this.images.capture();
    this.memory.updateCharges();
    const disks = this.disks.map((disk) => disk.capture());
    return { position: machine.position, state: new SavedState(machine.saveState()), ram, disks };
  }

  /** Runs, and compares the state with the recorded digests when a replay reaches them for the first time. */
  private runChecked(until: Position, wantsPause: WantsPause, stopsAtFirst = false): MachineStop {
    const { machine } = this;
    const { player } = this.openedHistory!;
    assert(machine.position <= until, 'a run goes forwards');
    for (let stopsAtStart = stopsAtFirst; ; stopsAtStart = true) {
      this.checkDigest();
      const digest = this.isLive ? Infinity : player.nextDigestPosition;
      const stop = machine.run(Math.min(until, digest), wantsPause, { stopsAtStart });
      this.memory.cache.enforceBudget();
      this.checkDigest();
      if (stop.kind !== 'reached' || machine.position >= until) return stop;
    }
  }

  private checkDigest(): void {
    if (this.isLive) return;
    const { position } = this.machine;
    const { player } = this.openedHistory!;
    // A reverse search does not check the digests that it passes.
    player.skipDigests(Math.max(this.verifiedTo, position - 1));
    if (player.nextDigestPosition !== position) return;
    player.checkDigest(position, this.machine.digestParts());
    this.verifiedTo = position;
  }

  // --- history and live end --------------------------------------------------------------------------------------------

  private leaveLiveEnd(): void {
    if (!this.isAtLiveEnd) return this.openHistory();
    const { machine } = this;
    const ram = this.images.capture();
    this.liveEnd = {
      position: machine.position,
      state: machine.saveState(),
      ram,
      inputs: machine.inputs,
      log: this.log.target,
    };
    this.memory.updateCharges();
    for (const disk of this.disks) disk.leaveLiveEnd();
    this.openHistory();
  }

  private openHistory(): void {
    if (this.openedHistory) return;
    this.openedHistory = this.history.openPlayer();
    this.machine.inputs = this.openedHistory.player;
    this.log.target = this.openedHistory.player;
  }

  /** Returns to the live end. If the machine reached it by replaying, its state must equal the saved state. */
  private returnToLiveEnd(): void {
    const { machine, liveEnd } = this;
    assert(liveEnd, 'there is a live end to return to');
    if (machine.position === liveEnd.position) {
      assert(isSameState(machine.saveState(), liveEnd.state), 'the replay came back to a different live end');
    }
    machine.setStopPoints(NO_STOP_POINTS);
    this.images.restore(liveEnd.ram);
    machine.loadState(liveEnd.state);
    for (const disk of this.disks) disk.returnToLiveEnd();
    machine.inputs = liveEnd.inputs;
    this.log.target = liveEnd.log;
    this.liveEnd = undefined;
    this.openedHistory?.close();
    this.openedHistory = undefined;
    this.memory.updateCharges();
  }
}

interface LiveEnd {
  position: Position;
  state: State;
  ram: RamSnapshot;
  inputs: Inputs;
  log: RequestLog;
}

const never = (): boolean => false;

/** The position of the next snapshot to create on the way to a target, or the target itself. */
function nextSnapshotPosition(position: Position, target: Position): Position {
  const before = SNAPSHOT_DISTANCES.map((distance) => target - distance).find((candidate) => candidate > position);
  return Math.min(target, nextMultiple(position), before ?? target);
}

const nextMultiple = (position: Position): Position => (Math.floor(position / SNAPSHOT_SPACING) + 1) * SNAPSHOT_SPACING;

const isSameState = (a: State, b: State): boolean => {
  const left = encodeCbor(a);
  const right = encodeCbor(b);
  return left.length === right.length && left.every((byte, i) => byte === right[i]);
};
