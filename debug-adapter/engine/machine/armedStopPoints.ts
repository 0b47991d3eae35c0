import type { Position } from '../base/quantities.ts';
import type { Hart } from './cpu/hart.ts';
import type { HartContexts } from './cpu/hartContexts.ts';
import type { HartInterrupts } from './hartInterrupts.ts';
import type { MachineClock } from './machineClock.ts';
import { RegisterWatcher } from './registerWatcher.ts';
import { ConsoleWatcher } from './consoleWatcher.ts';
import type { DriveCommand } from './devices/virtioBlkRequest.ts';
import { DiskWatcher } from './diskWatcher.ts';
import type { Inspector } from '../target/inspector.ts';
import { evaluatePredicate } from '../target/predicate.ts';
import type { GuestRam } from './guestRam.ts';
import { NO_STOP_POINTS, type StepHit, type StopPoints, type Trap } from '../target/stopPoints.ts';
import type { TargetStop } from '../target/target.ts';
import { TrapWatcher } from './trapWatcher.ts';
import type { Watchpoints } from './watcher.ts';

/** A stop that occurs before a step instead of after one. */
type StopBeforeStep = Extract<TargetStop, { kind: 'breakpoint' | 'trap' }>;

/**
 * After this many evaluations of a condition, the run loop checks whether to pause, because evaluations can take longer
 * than the instructions between them.
 */
const EVALUATIONS_PER_BOUNDARY = 1024;

/**
 * The stop points that are armed in the machine, and the ones that the current run has reached.
 *
 * A run does not stop at a breakpoint or trap at its starting position, so that it can continue from there. A run that
 * pauses and continues at the same position counts as one run.
 */
export class ArmedStopPoints {
  private readonly harts: HartContexts;
  private readonly clock: MachineClock;
  private readonly watcher: Watchpoints;
  private readonly inspector: Inspector;
  private readonly traps: TrapWatcher;
  private readonly registers: RegisterWatcher;
  private readonly disks = new DiskWatcher();
  readonly console = new ConsoleWatcher();
  private points: StopPoints = NO_STOP_POINTS;
  /** The breakpoint or trap at which the current run stopped. */
  private reached: StopBeforeStep | undefined;
  /** The number of times that a breakpoint's condition was evaluated. */
  evaluations = 0;
  /** The position at which the current run began. A breakpoint or trap at this position does not stop the run. */
  private runStart: Position = 0;
  /** The position at which the last run paused; -1 if it did not pause or cannot be continued. */
  private pausePosition: Position = -1;
  /** The hart that executed the last step. After the last step of a quantum, it is not the current hart. */
  private lastHart = 0;
  /**
   * The hart that executed the last step, while the condition for that step's hits is being evaluated; otherwise
   * undefined.
   */
  decidingHart: number | undefined;

  constructor(parts: {
    harts: HartContexts;
    interrupts: HartInterrupts;
    ram: GuestRam;
    clock: MachineClock;
    watcher: Watchpoints;
    inspector: Inspector;
  }) {
    this.harts = parts.harts;
    this.clock = parts.clock;
    this.watcher = parts.watcher;
    this.inspector = parts.inspector;
    this.traps = new TrapWatcher(this.hart, parts.ram);
    this.registers = new RegisterWatcher(parts);
  }

  private get hart(): Hart {
    return this.harts.hart;
  }

  /** Replaces the stop points for all later runs. */
  set(points: StopPoints): void {
    if (points === this.points) return;
    this.points = points;
    this.pausePosition = -1;
    this.hart.setBreakpoints(points.breakpoints, points.predicates);
    this.watcher.set(points.watchpoints);
    this.registers.set(points.registers ?? []);
    this.traps.set(points.traps ?? []);
    this.disks.set(points.disks ?? []);
    this.console.set(points.consoles ?? []);
    this.hart.setWatched(this.watcher.range);
    this.hart.flushAll();
  }

  /** Begins a run. With `stopsAtStart`, a breakpoint or trap at the current position stops the run. */
  beginRun(stopsAtStart: boolean): void {
    const { position } = this.clock;
    if (stopsAtStart) this.runStart = -1;
    // After a pause, the same run continues. If the run paused at a breakpoint, that breakpoint still stops the run.
    else if (this.pausePosition !== position) this.runStart = position;
    this.pausePosition = -1;
    this.reached = undefined;
  }

  /** Pauses the run at the current position. The next run continues it. */
  pauseRun(): void {
    this.pausePosition = this.clock.position;
  }

  /** Called when the machine's state has been replaced, so that the next run does not continue the paused run. */
  forgetRun(): void {
    this.pausePosition = -1;
    this.watcher.takeHits();
    this.registers.forgetHits();
    this.disks.forgetHits();
    this.console.forgetHits();
  }

  /** The breakpoint or trap at which the current run stopped; undefined if it has not reached one. */
  get stopBeforeStep(): StopBeforeStep | undefined {
    return this.reached;
  }

  /** Called before each single step, and before the current hart executes several steps together. */
  beginSteps(): void {
    this.lastHart = this.harts.current;
    this.registers.begin();
  }

  /** Called after a step that does not belong to a run. The next run reports the hits. */
  endStep(): void {
    this.registers.end();
  }

  /** Whether the current hart must be single-stepped. */
  get needsSingleSteps(): boolean {
    return this.registers.needsSingleSteps;
  }

  /** The harts whose interrupt lines are watched. A run of such a hart must end whenever one of its lines changes. */
  get lineHarts(): readonly number[] {
    return this.registers.lineHarts;
  }

  /** Called after interrupt lines to harts have gone low. */
  linesFell(): void {
    if (this.lineHarts.length > 0) this.hart.requestAttention();
  }

  /** Returns and clears the hits of the last step that stop the run, in the order of their ids. */
  takeHits(): StepHit[] {
    const { hitCondition } = this.points;
    // Return early: the run loop calls this function at each boundary, usually with nothing armed.
    if (this.points === NO_STOP_POINTS) return [];
    const all: StepHit[] = [
      ...this.watcher.takeHits(),
      ...this.registers.takeHits(),
      ...this.disks.takeHits(),
      ...this.console.takeHits(),
    ];
    // If the run stopped before a step, a hit by that step's page walk may be pending, but the walk has been undone.
    const hits = all.filter(({ position }) => position < this.clock.position);
    if (hits.length > 1) hits.sort((a, b) => a.id - b.id);
    if (hits.length === 0 || !hitCondition) return hits;
    this.decidingHart = this.lastHart;
    try {
      return hitCondition(hits);
    } finally {
      this.decidingHart = undefined;
    }
  }

  /** Called by the hart at an address that may have a breakpoint. Returns whether the run stops there. */
  atBreakpoint(pc: bigint): boolean {
    const { breakpoints, predicates, condition } = this.points;
    if (this.clock.positionInStep() === this.runStart || !breakpoints.has(pc)) return false;
    // Stops the hart even though no breakpoint has been reached, so that the run loop checks whether to pause. The hart
    // then calls this function again.
    if (++this.evaluations % EVALUATIONS_PER_BOUNDARY === 0) return true;
    const predicate = predicates?.get(pc);
    if (predicate && evaluatePredicate(predicate, this.inspector) === 0n) return false;
    if (condition && !condition(pc)) return false;
    this.reached = { kind: 'breakpoint', pc };
    return true;
  }

  /** Called by the hart when it has raised a watched exception. Returns whether the run stops before it. */
  atException(): boolean {
    return !this.traps.cannotMatchException() && this.stopsBefore(this.traps.exception());
  }

  /** Called before the current hart takes an interrupt. Returns whether the run stops before it. */
  atInterrupt(cause: number): boolean {
    if (!this.traps.isArmed || this.traps.cannotMatchInterrupt(cause)) return false;
    return this.stopsBefore(this.traps.interrupt(cause));
  }

  /** Called before a reset. Returns whether the run stops before it. */
  atReset(): boolean {
    return this.traps.isArmed && this.stopsBefore(this.traps.reset());
  }

  private stopsBefore(trap: Trap): boolean {
    if (this.clock.positionInStep() === this.runStart) return false;
    const ids = this.traps.matching(trap);
    const { trapCondition } = this.points;
    if (ids.length === 0 || (trapCondition && !trapCondition(trap, ids))) return false;
    this.reached = { kind: 'trap', trap, ids };
    return true;
  }

  /** Called when the guest accesses a word that contains watched bytes. */
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
