import type { Position } from '../base/quantities.ts';
import type { Hart } from './cpu/hart.ts';
import type { MachineClock } from './machineClock.ts';
import { ConsoleWatcher } from './consoleWatcher.ts';
import type { DriveCommand } from './devices/virtioBlkRequest.ts';
import { DiskWatcher } from './diskWatcher.ts';
import { NO_STOP_POINTS, type StepHit, type StopPoints } from '../target/stopPoints.ts';
import type { Inspector } from '../target/inspector.ts';
import { evaluatePredicate } from '../target/predicate.ts';
import type { Watchpoints } from './watcher.ts';

/**
 * The stop points that are armed in the machine, and the ones that the current run has reached.
 *
 * A run does not stop at a breakpoint at the position at which it begins, so that it can continue from the breakpoint. A
 * run that pauses and continues at the same position counts as one run.
 */
export class ArmedStopPoints {
  private readonly hart: Hart;
  private readonly clock: MachineClock;
  private readonly watcher: Watchpoints;
  private readonly inspector: Inspector;
  private readonly disks = new DiskWatcher();
  readonly console = new ConsoleWatcher();
  private points: StopPoints = NO_STOP_POINTS;
  /** The breakpoint at which the current run stopped. */
  private breakpoint: bigint | undefined;
  /** The position at which the current run began. A breakpoint at this position does not stop the run. */
  private runStart: Position = 0;
  /** The position at which the last run paused; -1 if it did not pause or cannot be continued. */
  private pausePosition: Position = -1;

  constructor(parts: { hart: Hart; clock: MachineClock; watcher: Watchpoints; inspector: Inspector }) {
    this.hart = parts.hart;
    this.clock = parts.clock;
    this.watcher = parts.watcher;
    this.inspector = parts.inspector;
  }

  /** Replaces the stop points for all later runs. */
  set(points: StopPoints): void {
    if (points === this.points) return;
    this.points = points;
    this.pausePosition = -1;
    this.hart.setBreakpoints(points.breakpoints, points.predicates);
    this.watcher.set(points.watchpoints);
    this.disks.set(points.disks ?? []);
    this.console.set(points.consoles ?? []);
    this.hart.setReadsWatched(points.watchpoints.some(({ access }) => access !== 'write'));
    this.hart.flushAll();
  }

  /** Begins a run. With `stopsAtStart`, a breakpoint at the current position stops the run. */
  beginRun(stopsAtStart: boolean): void {
    const { position } = this.clock;
    if (stopsAtStart) this.runStart = -1;
    // After a pause, the same run continues. If the run paused at a breakpoint, that breakpoint still stops the run.
    else if (this.pausePosition !== position) this.runStart = position;
    this.pausePosition = -1;
    this.breakpoint = undefined;
  }

  /** Pauses the run at the current position. The next run continues it. */
  pauseRun(): void {
    this.pausePosition = this.clock.position;
  }

  /** Called when the machine's state has been replaced: the next run does not continue the paused run. */
  forgetRun(): void {
    this.pausePosition = -1;
    this.watcher.takeHits();
    this.disks.forgetHits();
    this.console.forgetHits();
  }

  /** The breakpoint at which the current run stopped; undefined if it has not reached one. */
  get reachedBreakpoint(): bigint | undefined {
    return this.breakpoint;
  }

  /** Returns and clears the hits of the last step that stop the run. */
  takeHits(): StepHit[] {
    const { hitCondition } = this.points;
    const hits: StepHit[] = [...this.watcher.takeHits(), ...this.disks.takeHits(), ...this.console.takeHits()];
    return hits.length > 0 && hitCondition ? hitCondition(hits) : hits;
  }

  /** Called by the hart at an address that may have a breakpoint. Returns whether the run stops there. */
  atBreakpoint(pc: bigint): boolean {
    const { breakpoints, predicates, condition } = this.points;
    if (this.clock.positionInStep() === this.runStart || !breakpoints.has(pc)) return false;
    const predicate = predicates?.get(pc);
    if (predicate && evaluatePredicate(predicate, this.inspector) === 0n) return false;
    if (condition && !condition(pc)) return false;
    this.breakpoint = pc;
    return true;
  }

  /** Called on an access to a page with watched bytes. */
  watched(access: 'read' | 'write', offset: number, lengthBytes: number): void {
    const position = this.clock.positionInStep();
    if (this.watcher.recordAccess(access, offset, lengthBytes, position)) this.hart.requestAttention();
  }

  /** Called when a disk request begins. */
  requested(drive: string, command: DriveCommand): void {
    const position = this.clock.positionInStep();
    if (this.disks.requested(drive, command, position)) this.hart.requestAttention();
  }

  /** Called for each byte that the guest prints. */
  printed(byte: number): void {
    if (this.console.printed(byte, this.clock.positionInStep())) this.hart.requestAttention();
  }
}
