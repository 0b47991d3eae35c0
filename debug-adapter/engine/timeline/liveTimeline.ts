import type { HostLock } from '../base/host.ts';
import type { Position } from '../base/quantities.ts';
import { PAUSED, type Sliced } from '../base/sliced.ts';
import { guestHasEnded, pastIsFixed } from '../../messages/session.ts';
import type { OutsideEvent } from '../machine/inputs.ts';
import type { Machine } from '../machine/machine.ts';
import type { End, RunOptions, TargetStop } from '../target/target.ts';
import { runAllQuietly } from './cleanup.ts';
import type { DriveStack } from './driveStack.ts';
import { type LiveRecording, NOT_RECORDED } from './liveRecording.ts';
import { MachineTimeline } from './machineTimeline.ts';
import { endOf } from './timeline.ts';
import type { TimelineFiles } from './timelineFiles.ts';
import { TimelineSnapshots } from './timelineSnapshots.ts';
import type { WatchedFiles } from './watchedFiles.ts';

/**
 * A machine that runs live, recorded or not. Recording does not change the machine's behavior: it stores external
 * events and, periodically, a digest and an automatic snapshot. A recorded machine can go back in its history at any
 * time and then continue at its live end.
 */
export class LiveTimeline extends MachineTimeline {
  readonly snapshots: TimelineSnapshots;
  private drives: readonly DriveStack[];
  private lock: HostLock;
  private recording: LiveRecording | undefined;
  private listFiles: () => TimelineFiles;
  private watched: WatchedFiles;

  constructor(options: {
    machine: Machine;
    drives: readonly DriveStack[];
    lock: HostLock;
    recording?: LiveRecording;
    listFiles: () => TimelineFiles;
    watched: WatchedFiles;
  }) {
    const { machine, drives, recording } = options;
    super({ machine, drives, travel: recording?.travel });
    this.lock = options.lock;
    this.drives = drives;
    this.recording = recording;
    this.listFiles = options.listFiles;
    this.watched = options.watched;
    this.snapshots = new TimelineSnapshots(recording ?? NOT_RECORDED);
  }

  *forward(until: Position, options: RunOptions = {}): Sliced<TargetStop> {
    const { travel, position } = this;
    let { stopsAtStart } = options;
    if (travel && !travel.isAtLiveEnd) {
      const stop = yield* travel.forward(until, options);
      if (stop.kind === 'breakpoint' || stop.kind === 'trap' || stop.kind === 'hit') return stop;
      if (stop.kind === 'reached' && this.position >= until) return stop;
      // The machine has reached its live end. If the guest has shut down, it did so at that position.
      if (stop.kind === 'reached') stopsAtStart = options.stopsAtStart === true || this.position > position;
      else yield* this.pause.ignoredBy(travel.seekTo(travel.end));
    }
    return yield* this.forwardLive(until, stopsAtStart);
  }

  inject(event: OutsideEvent): void {
    if (this.travel && !this.travel.isAtLiveEnd) throw pastIsFixed();
    // The guest has shut down, so the event would be recorded beyond the last step, and no replay would reach it.
    if (this.machine.board.testDevice.result) throw guestHasEnded();
    this.recording?.record(event);
    this.machine.inject(event);
  }

  writeBack(): void {
    this.checkFiles();
    for (const { overlay } of this.drives) overlay?.writeBack();
    this.recording?.flush();
  }

  checkFiles(): void {
    this.watched.check();
  }

  files(): TimelineFiles {
    return this.listFiles();
  }

  close(end: End): void {
    try {
      this.recording?.finish();
      for (const drive of this.drives) drive.close();
      this.recording?.close(end);
      this.lock.release();
    } catch (error) {
      this.abandon();
      throw error;
    }
  }

  abandon(): void {
    runAllQuietly([
      () => this.travel?.abandon(),
      ...this.drives.map((drive) => () => drive.abandon()),
      ...(this.recording?.abandonSteps() ?? []),
      () => this.lock.release(),
    ]);
  }

  private *forwardLive(until: Position, stopsAtFirst = false): Sliced<TargetStop> {
    const { machine, recording } = this;
    // A breakpoint at the current position stops the run if the run was interrupted there for a digest or snapshot, or
    // if the machine has just reached the live end.
    let stopsAtStart = stopsAtFirst;
    while (this.position < until) {
      machine.setStopPoints(this.points);
      const nextAutomatic = recording?.nextAutomatic ?? Infinity;
      const nextUpkeep = recording?.nextUpkeep ?? Infinity;
      const stop = machine.run(Math.min(until, nextAutomatic, nextUpkeep), this.pause.isWanted, { stopsAtStart });
      if (this.position === nextAutomatic) recording?.takeAutomaticIfDue();
      if (this.position === nextUpkeep) recording?.upkeep();
      const end = endOf(stop);
      if (end) return { kind: 'ended', end };
      if (stop.kind === 'breakpoint' || stop.kind === 'trap' || stop.kind === 'hit') return stop;
      if (stop.kind === 'paused') yield PAUSED;
      // After a pause, the machine continues the same run.
      stopsAtStart = stop.kind !== 'paused';
    }
    // If the machine has ended, `run` reports the end even if asked to run zero steps.
    const end = endOf(machine.run(this.position));
    return end ? { kind: 'ended', end } : { kind: 'reached' };
  }
}
