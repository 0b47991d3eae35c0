import { noHistory } from '../../messages/session.ts';
import type { Notice } from '../../messages/userError.ts';
import type { SnapshotPace } from '../base/host.ts';
import type { Position } from '../base/quantities.ts';
import type { Qcow2Image } from '../block/qcow2/image.ts';
import type { OutsideEvent } from '../machine/inputs.ts';
import type { Machine } from '../machine/machine.ts';
import type { Recorder } from '../recording/recorder.ts';
import type { RecordingWriter } from '../recording/recordingWriter.ts';
import type { End } from '../target/target.ts';
import { AutomaticSnapshots } from './automaticSnapshots.ts';
import type { RamSnapshots } from './ramSnapshots.ts';
import type { Later } from './snapshotImages.ts';
import { automaticName, type LoggedSnapshot } from './snapshotInfo.ts';
import { type SnapshotBudget, SnapshotSchedule } from './snapshotSchedule.ts';
import { nextSnapshotOfRun } from './snapshotSpacing.ts';
import type { SnapshotStore, TakenSnapshot } from './snapshotStore.ts';
import type { SnapshotOwner } from './timelineSnapshots.ts';
import type { TimeTravel } from './timeTravel.ts';
import type { WatchedFiles } from './watchedFiles.ts';

/** The parts that recording adds to a live machine. */
export interface RecordingParts {
  writer: RecordingWriter;
  recorder: Recorder;
  snapshots: SnapshotStore;
  travel: TimeTravel;
  ramSnapshots: RamSnapshots;
  /** The image with the machine state, if it is not a drive's overlay. */
  stateOnly?: Qcow2Image;
}

/**
 * The recording of a live machine: writes the log and, at the live end, digests and snapshots. Before a snapshot is
 * durable, the log up to its position is made durable, so that a replay can reach the snapshot no matter what fails
 * later. The machine does not wait for automatic snapshots to become durable.
 */
export class LiveRecording implements SnapshotOwner {
  readonly travel: TimeTravel;
  readonly store: SnapshotStore;
  private machine: Machine;
  private parts: RecordingParts;
  private watched: WatchedFiles;
  private schedule: SnapshotSchedule;
  private automatic: AutomaticSnapshots;
  private taken: LoggedSnapshot[] = [];
  private lastDigestPosition: Position = -1;

  constructor(
    parts: RecordingParts,
    options: {
      machine: Machine;
      watched: WatchedFiles;
      pace?: SnapshotPace;
      snapshotBudget?: Partial<SnapshotBudget>;
      onNotice?: (notice: Notice) => void;
    },
  ) {
    this.travel = parts.travel;
    this.store = parts.snapshots;
    this.parts = parts;
    this.machine = options.machine;
    this.watched = options.watched;
    const stateBytesMax = options.machine.ram.lengthBytes;
    this.schedule = new SnapshotSchedule({ pace: options.pace, budget: options.snapshotBudget, stateBytesMax });
    this.automatic = new AutomaticSnapshots(options.onNotice);
  }

  /** Called once before the first step: records the first digest and takes the snapshot from which replays start. */
  start(rrsnapshot: string): void {
    this.makeLogDurable();
    this.takeAtLiveEnd(rrsnapshot);
    this.parts.writer.flushDurably(this.machine.position);
  }

  record(event: OutsideEvent): void {
    this.parts.recorder.record(this.machine.position, event);
  }

  /** Writes all entries recorded so far to the file. */
  flush(): void {
    this.parts.writer.flush(this.travel.end);
  }

  /** The position at which the next automatic snapshot is due. */
  get nextAutomatic(): Position {
    return this.schedule.nextAfter(this.machine.position);
  }

  /** Takes an automatic snapshot if the pace permits it now, and thins out the earlier ones. */
  takeAutomaticIfDue(): void {
    this.schedule.takeIfDue(() => this.takeAutomatic());
  }

  /** The next position at which `upkeep` should be called. */
  get nextUpkeep(): Position {
    return nextSnapshotOfRun(this.machine.position);
  }

  /**
   * Called every few milliseconds: does pending work that does not block the machine, and leaves a cached snapshot if
   * one is due.
   */
  upkeep(): void {
    this.store.continuePending();
    this.travel.leaveCachedIfDue();
  }

  /** Returns to the live end and records the last digest. The caller then closes the drives. */
  finish(): void {
    this.travel.close();
    this.recordDigest();
  }

  /** Completes the files, after the drives have been closed. */
  close({ reason, guestExit }: End): void {
    this.parts.stateOnly?.close();
    this.parts.writer.close({ position: this.machine.position, reason, guestExit });
  }

  /** The steps that release everything after a failure. */
  abandonSteps(): (() => void)[] {
    return [() => this.parts.stateOnly?.closeWithoutWriting(), () => this.parts.writer.closeUnfinished()];
  }

  // --- for TimelineSnapshots -------------------------------------------------------------------------------------------

  automaticTaken(): readonly LoggedSnapshot[] {
    return this.taken;
  }

  noStore(): Error {
    return noHistory();
  }

  beforeTaking(): void {
    this.watched.checkNotLost();
    if (this.travel.isAtLiveEnd) this.makeLogDurable();
    else this.parts.writer.flushDurably(this.travel.end);
  }

  takeAtLiveEnd(name: string): void {
    this.storeSnapshot(name);
    this.parts.recorder.recordSnapshot(this.machine.position, name);
  }

  afterTaking(): void {
    this.parts.writer.flushDurably(this.travel.end);
  }

  change<T>(action: () => T): T {
    return action();
  }

  // --- helpers ---------------------------------------------------------------------------------------------------------

  private takeAutomatic(): void {
    const { travel, store } = this;
    const { position } = this.machine;
    this.recordDigest();
    const later = { before: this.parts.writer.startFlush(position) };
    let writtenBytes = 0;
    const take = (): void => void ({ writtenBytes } = this.storeSnapshot(automaticName(position), later));
    if (!this.automatic.tryTake(position, take)) return;
    const taken = { name: automaticName(position), position };
    this.parts.recorder.recordSnapshot(taken.position, taken.name);
    this.taken.push(taken);
    // The user may have deleted some of these snapshots, or renamed them to keep them.
    const names = new Set(this.schedule.recordTaken(position, writtenBytes).map(automaticName));
    if (this.schedule.isSpaceUsedUp) this.automatic.reportSpaceUsedUp(this.schedule.spaceBytes);
    const dropped = store.list().flatMap(({ id, name }) => (names.has(name) ? [id] : []));
    if (dropped.length === 0) return;
    this.automatic.tryTake(position, () => travel.deleteSnapshots(dropped, () => store.delete(dropped)));
  }

  private makeLogDurable(): void {
    this.recordDigest();
    this.parts.writer.flushDurably(this.machine.position);
  }

  private storeSnapshot(name: string, later?: Later): TakenSnapshot {
    const taken = this.store.takeAtLiveEnd(name, this.parts.ramSnapshots, later);
    this.travel.addCached(taken);
    this.travel.mirrorDisks(taken.id);
    return taken;
  }

  private recordDigest(): void {
    const { position } = this.machine;
    if (this.lastDigestPosition === position) return;
    this.parts.recorder.digest(position, this.machine.digestParts());
    this.lastDigestPosition = position;
  }
}

/** Used for a machine that is not recorded and therefore has no snapshots. */
export const NOT_RECORDED: SnapshotOwner = {
  store: undefined,
  travel: undefined,
  automaticTaken: () => [],
  noStore: noHistory,
  beforeTaking: () => {},
  takeAtLiveEnd: () => {},
  afterTaking: () => {},
  change: (action) => action(),
};
