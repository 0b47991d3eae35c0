import type { SnapshotPace, HostLock } from '../base/host.ts';
import type { Position } from '../base/quantities.ts';
import { PAUSED, type Sliced } from '../base/sliced.ts';
import type { Qcow2Image } from '../block/qcow2/image.ts';
import { guestHasEnded, noHistory, pastIsFixed } from '../../messages/session.ts';
import type { OutsideEvent } from '../machine/inputs.ts';
import type { Machine, RunOptions } from '../machine/machine.ts';
import type { Recorder } from '../recording/recorder.ts';
import type { RecordingWriter } from '../recording/recordingWriter.ts';
import { AutomaticSnapshots } from './automaticSnapshots.ts';
import { SnapshotSchedule } from './snapshotSchedule.ts';
import type { DriveStack } from './driveStack.ts';
import type { End, TargetStop } from '../target/target.ts';
import { MachineTimeline } from './machineTimeline.ts';
import type { RamSnapshots } from './ramSnapshots.ts';
import type { Notice } from '../../messages/userError.ts';
import { automaticName } from './snapshotInfo.ts';
import type { SnapshotStore } from './snapshotStore.ts';
import { endOf } from './timeline.ts';
import type { TimelineFiles } from './timelineFiles.ts';
import { TimelineSnapshots } from './timelineSnapshots.ts';
import type { TimeTravel } from './timeTravel.ts';
import { runAllQuietly } from './cleanup.ts';
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
 * A machine that runs live, recorded or not. Recording does not change the machine's behavior: it stores external
 * events and, periodically, a digest and an automatic snapshot. A recorded machine can go back in its history at any
 * time and then continue at its live end.
 */
export class LiveTimeline extends MachineTimeline {
  readonly snapshots: TimelineSnapshots;
  private drives: readonly DriveStack[];
  private lock: HostLock;
  private recording: RecordingParts | undefined;
  private listFiles: () => TimelineFiles;
  private schedule: SnapshotSchedule;
  private automatic: AutomaticSnapshots;
  private watched: WatchedFiles;
  private lastDigestPosition: Position = -1;

  constructor(options: {
    machine: Machine;
    drives: readonly DriveStack[];
    lock: HostLock;
    recording?: RecordingParts;
    listFiles: () => TimelineFiles;
    pace?: SnapshotPace;
    onNotice?: (notice: Notice) => void;
    watched: WatchedFiles;
  }) {
    const { machine, drives, recording } = options;
    super({ machine, drives, travel: recording?.travel });
    this.lock = options.lock;
    this.drives = drives;
    this.recording = recording;
    this.listFiles = options.listFiles;
    this.schedule = new SnapshotSchedule(options.pace);
    this.watched = options.watched;
    this.automatic = new AutomaticSnapshots(options.onNotice);
    this.snapshots = new TimelineSnapshots({
      store: recording?.snapshots,
      travel: recording?.travel,
      noStore: noHistory,
      beforeTaking: () => this.prepareSnapshot(),
      takeAtLiveEnd: (name) => this.takeAtLiveEnd(name),
      afterTaking: () => recording?.writer.flushDurably(recording.travel.end),
      change: (action) => action(),
    });
  }

  /** Called once before the first step: records the first digest and takes the snapshot from which replays start. */
  start(rrsnapshot: string): void {
    if (!this.recording) return;
    const { recorder, writer } = this.recording;
    this.makeLogDurable();
    this.storeSnapshot(rrsnapshot);
    recorder.recordSnapshot(this.position, rrsnapshot);
    writer.flushDurably(this.position);
  }

  *forward(until: Position, options: RunOptions = {}): Sliced<TargetStop> {
    const { travel, position } = this;
    let { stopsAtStart } = options;
    if (travel && !travel.isAtLiveEnd) {
      const stop = yield* travel.forward(until, options);
      if (stop.kind === 'breakpoint' || stop.kind === 'watchpoint') return stop;
      if (stop.kind === 'reached' && this.position >= until) return stop;
      // The machine has reached its live end, or the end of the guest, which is also there.
      if (stop.kind === 'reached') stopsAtStart = options.stopsAtStart === true || this.position > position;
      else yield* this.pause.ignoredBy(travel.seekTo(travel.end));
    }
    return yield* this.forwardLive(until, stopsAtStart);
  }

  inject(event: OutsideEvent): void {
    if (this.travel && !this.travel.isAtLiveEnd) throw pastIsFixed();
    // The guest has ended, so the event would be recorded beyond the last step, and no replay would reach it.
    if (this.machine.board.testDevice.result) throw guestHasEnded();
    this.recording?.recorder.record(this.position, event);
    this.machine.inject(event);
  }

  writeBack(): void {
    this.checkFiles();
    for (const { overlay } of this.drives) overlay?.writeBack();
    this.recording?.writer.flush(this.travel?.end ?? this.position);
  }

  checkFiles(): void {
    this.watched.check();
  }

  files(): TimelineFiles {
    return this.listFiles();
  }

  close(end: End): void {
    const { recording } = this;
    try {
      recording?.travel.close();
      if (recording) this.recordDigest();
      for (const drive of this.drives) drive.close();
      recording?.stateOnly?.close();
      recording?.writer.close({ position: this.position, reason: end.reason, guestExit: end.guestExit });
      this.lock.release();
    } catch (error) {
      this.abandon();
      throw error;
    }
  }

  abandon(): void {
    const { recording } = this;
    runAllQuietly([
      () => recording?.travel.abandon(),
      ...this.drives.map((drive) => () => drive.abandon()),
      () => recording?.stateOnly?.closeWithoutWriting(),
      () => recording?.writer.closeUnfinished(),
      () => this.lock.release(),
    ]);
  }

  private *forwardLive(until: Position, stopsAtFirst = false): Sliced<TargetStop> {
    // A breakpoint at the current position counts if the run was interrupted there for a digest or snapshot, or if the
    // machine has just reached the live end.
    let stopsAtStart = stopsAtFirst;
    while (this.position < until) {
      this.machine.setStopPoints(this.points);
      const nextAutomatic = this.recording ? this.schedule.nextAfter(this.position) : Infinity;
      const stop = this.machine.run(Math.min(until, nextAutomatic), this.pause.isWanted, { stopsAtStart });
      if (this.position === nextAutomatic) this.schedule.takeIfDue(() => this.takeAutomaticSnapshot());
      const end = endOf(stop);
      if (end) return { kind: 'ended', end };
      if (stop.kind === 'breakpoint' || stop.kind === 'watchpoint') return stop;
      if (stop.kind === 'paused') yield PAUSED;
      // After a pause, the machine continues the same run.
      stopsAtStart = stop.kind !== 'paused';
    }
    // If the machine has ended, `run` returns the end even if asked to run zero steps.
    const end = endOf(this.machine.run(this.position));
    return end ? { kind: 'ended', end } : { kind: 'reached' };
  }

  /** Makes the log durable that a replay needs to reach the snapshot. */
  private prepareSnapshot(): void {
    this.watched.checkNotLost();
    const { travel, writer } = this.requireRecording();
    if (travel.isAtLiveEnd) this.makeLogDurable();
    else writer.flushDurably(travel.end);
  }

  private takeAtLiveEnd(name: string): void {
    this.storeSnapshot(name);
    this.requireRecording().recorder.recordSnapshot(this.position, name);
  }

  private requireRecording(): RecordingParts {
    if (!this.recording) throw noHistory();
    return this.recording;
  }

  private takeAutomaticSnapshot(): void {
    const { position } = this;
    this.makeLogDurable();
    if (!this.automatic.tryTake(position, () => this.storeSnapshot(automaticName(position)))) return;
    const { travel, snapshots, recorder } = this.requireRecording();
    recorder.recordSnapshot(position, automaticName(position));
    // The user may have deleted some of these snapshots, or renamed them to keep them.
    const dropped = this.schedule
      .recordTaken(position)
      .map(automaticName)
      .filter((name) => snapshots.find(name));
    if (dropped.length === 0) return;
    this.automatic.tryTake(position, () => travel.deleteSnapshots(dropped, () => snapshots.delete(dropped)));
  }

  /**
   * Makes the log up to this position durable. Called before a snapshot is taken, so that a replay can reach the
   * snapshot no matter what fails later.
   */
  private makeLogDurable(): void {
    this.recordDigest();
    this.recording?.writer.flushDurably(this.position);
  }

  private storeSnapshot(name: string): void {
    const { travel, snapshots, ramSnapshots } = this.requireRecording();
    travel.addCached(snapshots.takeAtLiveEnd(name, ramSnapshots));
  }

  private recordDigest(): void {
    if (this.lastDigestPosition === this.position) return;
    this.recording?.recorder.digest(this.position, this.machine.digestParts());
    this.lastDigestPosition = this.position;
  }
}
