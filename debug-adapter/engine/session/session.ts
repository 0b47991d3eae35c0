import type { Position } from '../base/quantities.ts';
import type { Sliced } from '../base/sliced.ts';
import { noHistory, positionOutside } from '../../messages/session.ts';
import { NO_STOP_POINTS, type StopPoints } from '../target/stopPoints.ts';
import type { Inspector } from '../target/inspector.ts';
import type { HistoryRange, RunOptions, Target, TargetStop } from '../target/target.ts';
import { GuestWrites } from './guestWrites.ts';
import type { StopReason } from './stopReason.ts';
import { type StopPointListener, TrackedRuns } from './stopPoints/trackedRuns.ts';
import { type Reached, UserStopPoints } from './stopPoints/userStopPoints.ts';

/**
 * A debugging session, independent of any protocol: breakpoints, running and stepping by instruction in both
 * directions, and inspecting state. Front ends translate their protocol into calls to these methods and make no
 * decisions of their own. Runs and steps are `Sliced`: the front end's runner executes them, and may abandon a run that
 * has paused. `T` is the type of the target, for front ends that also use the target's files.
 */
export class Session<T extends Target = Target> {
  readonly target: T;
  readonly inspector: Inspector;
  readonly stopPoints: UserStopPoints;
  /** The changes that the debugger makes to the guest. */
  readonly writes: GuestWrites;
  /** The front end sets these functions to be notified of log messages and of the progress of hit counting. */
  readonly listener: StopPointListener = {};
  private readonly trackedRuns: TrackedRuns;
  /** A reverse run that has not ended and can be continued if the user has paused it. */
  private reverseRun: Sliced<StopReason> | undefined;
  private lastReason: StopReason = { kind: 'entry' };

  constructor(target: T) {
    this.target = target;
    this.inspector = target.inspect();
    this.stopPoints = new UserStopPoints(target, this.inspector);
    this.trackedRuns = new TrackedRuns(target, this.stopPoints, this.listener);
    this.writes = new GuestWrites(target, this.inspector, (from, to) => this.stopPoints.changedByDebugger(from, to));
  }

  get position(): Position {
    return this.target.position;
  }

  /** Why the machine is stopped. */
  get reason(): StopReason {
    return this.lastReason;
  }

  /** Sets the stop reason for a step that consists of several runs, or for a run that was paused. */
  set reason(reason: StopReason) {
    this.lastReason = reason;
  }

  /** Throws a UserError if there is no recorded history. */
  checkHistory(): void {
    if (!this.hasHistory) throw noHistory();
  }

  /** Whether the machine has a recorded history and can therefore go back. */
  get hasHistory(): boolean {
    return this.target.history !== undefined;
  }

  /** The recorded history. Throws a UserError if there is none. */
  get history(): HistoryRange {
    const { history } = this.target;
    if (!history) throw noHistory();
    return history;
  }

  // --- running ---------------------------------------------------------------------------------------------------------

  /** Runs forward to the next stop. */
  *continue(): Sliced<StopReason> {
    return this.reasonOf(yield* this.forward(() => this.stopPoints.all(), Infinity));
  }

  /**
   * Runs backward to the previous stop. If the last reverse run was paused, continues its search. If the machine has
   * moved or the stop points have changed since the pause, the search starts again from the current position. Throws a
   * UserError if there is no history.
   */
  reverseContinue(): Sliced<StopReason> {
    this.checkHistory();
    return (this.reverseRun ??= this.runToPreviousStop());
  }

  private *runToPreviousStop(): Sliced<StopReason> {
    try {
      return this.reasonOf(yield* this.backward(() => this.stopPoints.all()));
    } finally {
      this.reverseRun = undefined;
    }
  }

  /** Executes one step of the current hart: an instruction, or the trap or interrupt that occurs instead of it. */
  *stepInstruction(): Sliced<StopReason> {
    const hart = this.target.harts.current;
    const { stopPoints } = this;
    // Hits of breakpoints at the current position are counted, although they do not stop the step.
    const points = () => (stopPoints.tracked.length > 0 ? stopPoints.all() : stopPoints.forSteps());
    const stop = yield* this.forward(points, this.position + 1);
    if (stop.kind !== 'reached') return this.reasonOf(stop);
    return yield* this.runToQuantumOf(hart, { stopsAtStart: true });
  }

  /**
   * Runs forward until the given hart is about to execute the next step. The user's breakpoints also apply while the
   * other harts run.
   */
  *runToQuantumOf(hart: number, options?: RunOptions): Sliced<StopReason> {
    return this.reasonOf(yield* this.forwardToQuantumOf(hart, () => this.stopPoints.all(), options), { kind: 'step' });
  }

  /**
   * Like `runToQuantumOf`, but ignores all stop points. Returns false if the hart is waiting for an interrupt, or if
   * the run ends first; in the latter case, the position may have advanced.
   */
  *skipToQuantumOf(hart: number): Sliced<boolean> {
    if (this.target.harts.isWaiting(hart)) return false;
    const stop = yield* this.forwardToQuantumOf(hart, () => NO_STOP_POINTS);
    return stop.kind === 'reached';
  }

  private *forwardToQuantumOf(
    hart: number,
    points: () => StopPoints,
    { stopsAtStart }: RunOptions = {},
  ): Sliced<TargetStop> {
    const { target } = this;
    let stop: TargetStop = { kind: 'reached' };
    while (stop.kind === 'reached' && target.harts.current !== hart) {
      const until = Math.max(this.position + 1, target.harts.quantum.end);
      stop = yield* this.forward(points, until, { stopsAtStart });
      stopsAtStart = true;
    }
    return stop;
  }

  /** Goes back to the position before a hart's last step. */
  *stepBackInstruction(hart = this.target.harts.current): Sliced<StopReason> {
    const { target } = this;
    const { start } = this.history;
    if (this.position === start) return this.setReason({ kind: 'startOfRecording' });
    if (target.harts.current === hart) yield* this.moveTo(this.position - 1);
    // Another hart executed the last step: go back over its whole quantum.
    while (target.harts.current !== hart && this.position > start) {
      yield* target.pause.point();
      yield* this.moveTo(Math.max(start, target.harts.quantum.start - 1));
    }
    return this.setReason({ kind: target.harts.current === hart ? 'step' : 'startOfRecording' });
  }

  /**
   * Goes to a position within the history. During a pause, the machine is at an intermediate position. Throws a
   * UserError for a position outside the history.
   */
  goTo(position: Position): Sliced<StopReason> {
    const { start, end } = this.history;
    if (!Number.isSafeInteger(position) || position < start || position > end) {
      throw positionOutside({ position, start, end });
    }
    return this.goToChecked(position);
  }

  private *goToChecked(position: Position): Sliced<StopReason> {
    yield* this.target.goTo(position);
    return this.setReason({ kind: 'goto' });
  }

  /** Goes to a position within the history without pausing, as part of a step. Does not change the stop reason. */
  moveTo(position: Position): Sliced<void> {
    const { target } = this;
    return target.pause.ignoredBy(target.goTo(position));
  }

  /**
   * Runs until the machine is at one of the addresses and `condition` holds, or until it reaches one of the user's stop
   * points. Source steps are built from such runs.
   */
  *runTo(addresses: readonly bigint[], condition: () => boolean): Sliced<StopReason> {
    return this.reasonOf(yield* this.forward(this.stopPoints.with(addresses, condition), Infinity));
  }

  /** Like `runTo`, but backward to the last such position. */
  *runBackTo(addresses: readonly bigint[], condition: () => boolean): Sliced<StopReason> {
    return this.reasonOf(yield* this.backward(this.stopPoints.with(addresses, condition)));
  }

  /** Like `runBackTo`, but ignores the user's stop points. */
  *searchBackward(addresses: readonly bigint[], condition: () => boolean): Sliced<StopReason> {
    const points = { breakpoints: new Set(addresses), watchpoints: [], condition };
    return this.reasonOf(yield* this.searchBack(() => points));
  }

  // --- helpers ---------------------------------------------------------------------------------------------------------

  private forward(points: () => StopPoints, until: Position, options?: RunOptions): Sliced<TargetStop> {
    if (points() !== NO_STOP_POINTS) return this.trackedRuns.forward(points, until, options);
    return this.armed(points, () => this.target.forward(until, options));
  }

  private backward(points: () => StopPoints): Sliced<TargetStop> {
    return this.trackedRuns.backward(points);
  }

  private searchBack(points: () => StopPoints): Sliced<TargetStop> {
    return this.armed(points, () => this.target.backward());
  }

  /** Executes a run with the given stop points, which the user may change while the run is paused. */
  private *armed(points: () => StopPoints, begin: () => Sliced<TargetStop>): Sliced<TargetStop> {
    this.target.arm(points());
    const run = begin();
    for (let next = run.next(); ; next = run.next()) {
      if (next.done) return next.value;
      yield next.value;
      this.target.arm(points());
    }
  }

  private reasonOf(stop: TargetStop, atTarget: StopReason = { kind: 'goto' }): StopReason {
    switch (stop.kind) {
      case 'reached':
        return this.setReason(atTarget);
      case 'breakpoint':
        return this.setReason({ ...stop, ...reached(this.stopPoints.reachedAt(stop.pc)) });
      case 'trap':
        return this.setReason({ ...stop, ...reached(this.stopPoints.reachedBy(stop.trap, stop.ids)) });
      case 'hit': {
        const errors = this.stopPoints.errorsOfHits(stop.hits[0].position);
        return this.setReason(errors.length > 0 ? { ...stop, errors } : stop);
      }
      case 'startOfRecording':
        return this.setReason({ kind: 'startOfRecording' });
      case 'ended':
        return this.setReason(
          stop.end.reason === 'endOfRecording' ? { kind: 'endOfRecording' } : { kind: 'ended', end: stop.end },
        );
    }
  }

  private setReason(reason: StopReason): StopReason {
    this.lastReason = reason;
    return reason;
  }
}

const reached = ({ ids, errors }: Reached) => (errors.length > 0 ? { ids, errors } : { ids });
