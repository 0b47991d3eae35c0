import type { SnapshotPace, HostLock } from '../base/host.ts';
import type { Position } from '../base/quantities.ts';
import type { Qcow2Image } from '../block/qcow2/image.ts';
import { guestHasEnded, noHistory, pastIsFixed } from '../../messages/session.ts';
import type { OutsideEvent } from '../machine/inputs.ts';
import type { Machine, RunOptions } from '../machine/machine.ts';
import { NO_STOP_POINTS, type StopPoints } from '../machine/stopPoints.ts';
import type { Recorder } from '../recording/recorder.ts';
import type { RecordingWriter } from '../recording/recordingWriter.ts';
import { AutomaticSnapshots } from './automaticSnapshots.ts';
import { SnapshotSchedule } from './snapshotSchedule.ts';
import type { DriveStack } from './driveStack.ts';
import type { RamSnapshots } from './ramSnapshots.ts';
import type { Notice } from '../../messages/userError.ts';
import { automaticName, type SnapshotInfo } from './snapshotInfo.ts';
import type { SnapshotStore } from './snapshotStore.ts';
import { digestOf, type End, endOf, type Timeline, type TimelineStop } from './timeline.ts';
import type { TimelineFiles } from './timelineFiles.ts';
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
export class LiveTimeline implements Timeline {
  readonly machine: Machine;
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
    this.machine = options.machine;
    this.lock = options.lock;
    this.drives = options.drives;
    this.recording = options.recording;
    this.listFiles = options.listFiles;
    this.schedule = new SnapshotSchedule(options.pace);
    this.watched = options.watched;
    this.automatic = new AutomaticSnapshots(options.onNotice);
  }

  get position(): Position {
    return this.machine.position;
  }

  get travel(): TimeTravel | undefined {
    return this.recording?.travel;
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

  advance(until: Position, wantsPause?: () => boolean): End | undefined {
    const stop = this.forward(until, NO_STOP_POINTS, wantsPause);
    return stop.kind === 'ended' ? stop.end : undefined;
  }

  forward(until: Position, points: StopPoints, wantsPause?: () => boolean, options: RunOptions = {}): TimelineStop {
    const { travel, position } = this;
    if (travel && !travel.isAtLiveEnd) {
      const stop = travel.forward(until, points, wantsPause, options);
      if (stop.kind === 'reached' && this.position < until) {
        const stopsAtStart = options.stopsAtStart === true || this.position > position;
        return this.forwardLive(until, points, wantsPause, { stopsAtStart });
      }
      if (stop.kind !== 'finished' && stop.kind !== 'haltedForever' && stop.kind !== 'endOfRecording') return stop;
      travel.seekTo(travel.end);
    }
    return this.forwardLive(until, points, wantsPause, options);
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

  digest(): bigint {
    return digestOf(this.machine);
  }

  snapshots(): readonly SnapshotInfo[] {
    return this.recording?.snapshots.list() ?? NO_SNAPSHOTS;
  }

  takeSnapshot(name: string): SnapshotInfo {
    const { writer, travel, snapshots, recorder } = this.requireRecording();
    snapshots.checkNewName(name);
    this.watched.checkNotLost();
    if (travel.isAtLiveEnd) {
      this.makeLogDurable();
      this.storeSnapshot(name);
      recorder.recordSnapshot(this.position, name);
    } else {
      writer.flushDurably(travel.end);
      travel.saveSnapshot(name, (snapshot) => snapshots.takeInHistory(name, snapshot));
    }
    writer.flushDurably(travel.end);
    return snapshots.find(name)!;
  }

  renameSnapshot(name: string, newName: string): void {
    const { travel, snapshots } = this.requireRecording();
    snapshots.checkChangeable(name, 'rename');
    if (name === newName) return;
    snapshots.checkNewName(newName);
    snapshots.rename(name, newName);
    travel.renamed(name, newName);
  }

  deleteSnapshot(name: string): void {
    const { travel, snapshots } = this.requireRecording();
    snapshots.checkChangeable(name, 'delete');
    travel.deleteSnapshots([name], () => snapshots.delete([name]));
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

  private forwardLive(
    until: Position,
    points: StopPoints,
    wantsPause?: () => boolean,
    options: RunOptions = {},
  ): TimelineStop {
    this.machine.setStopPoints(points);
    // A breakpoint at the current position counts if the run was interrupted there for a digest or snapshot, or if the
    // machine has just reached the live end.
    for (let { stopsAtStart } = options; this.position < until; stopsAtStart = true) {
      const nextAutomatic = this.recording ? this.schedule.nextAfter(this.position) : Infinity;
      const stop = this.machine.run(Math.min(until, nextAutomatic), wantsPause, { stopsAtStart });
      if (this.position === nextAutomatic) this.schedule.takeIfDue(() => this.takeAutomaticSnapshot());
      const end = endOf(stop);
      if (end) return { kind: 'ended', end };
      if (stop.kind === 'paused' || stop.kind === 'breakpoint' || stop.kind === 'watchpoint') return stop;
    }
    // If the machine has ended, `run` returns the end even if asked to run zero steps.
    const end = endOf(this.machine.run(this.position));
    return end ? { kind: 'ended', end } : { kind: 'reached' };
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

/** Always the same array, so that callers can detect changes by comparing references. */
const NO_SNAPSHOTS: readonly SnapshotInfo[] = [];
