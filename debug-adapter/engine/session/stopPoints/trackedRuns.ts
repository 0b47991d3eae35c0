import type { Position } from '../../base/quantities.ts';
import type { Sliced } from '../../base/sliced.ts';
import type { StopPoints } from '../../target/stopPoints.ts';
import type { RunOptions, Target, TargetStop } from '../../target/target.ts';
import { BackwardHits, ForwardHits, type PrintedMessage } from './hitPolicies.ts';
import { countedGroups, type CountingProgress, HitCounter, isCounted } from './hitCounter.ts';
import type { HitCounts } from './hitCounts.ts';
import { printPassed } from './passedMessages.ts';
import { runWith } from './runWith.ts';
import type { UserStopPoints } from './userStopPoints.ts';

/** What a session reports about its stop points during runs. */
export interface StopPointListener {
  /** Called for each message that a logpoint prints; in a backward run, the messages come in reverse order. */
  onLog?: (message: PrintedMessage) => void;
  /** Called while hits are counted in a part of the history, and with `undefined` when the counting ends. */
  onCounting?: (progress: CountingProgress | undefined) => void;
}

/**
 * Executes runs in both directions with the user's stop points. The runs also count hits and print the messages of
 * logpoints. If a run needs the number of a hit, the hits between the position at which the stop point was set and the
 * current position are counted first, unless they are already known.
 */
export class TrackedRuns {
  readonly target: Target;
  readonly stopPoints: UserStopPoints;
  private listener: StopPointListener;
  private counter: HitCounter;
  /** The position at which the last run paused, if the machine had moved since the run began. */
  private pausedAt: Position = -1;

  constructor(target: Target, stopPoints: UserStopPoints, listener: StopPointListener) {
    this.target = target;
    this.stopPoints = stopPoints;
    this.listener = listener;
    this.counter = new HitCounter(target, stopPoints, (progress) => this.listener.onCounting?.(progress));
  }

  /** Runs forward. See `Target.forward`. */
  *forward(points: () => StopPoints, until: Position, { stopsAtStart }: RunOptions = {}): Sliced<TargetStop> {
    const { target, stopPoints } = this;
    const start = target.position;
    while (stopPoints.tracked.some(({ hits }) => hits && hits.indexAt(start) === undefined)) {
      yield* this.counter.countTo(start, stopPoints.tracked);
    }
    for (const { hits } of stopPoints.tracked) hits?.startAt(start);
    const skipsStart = !stopsAtStart && this.pausedAt !== start;
    const hits = new ForwardHits({ start, skipsStart, print: (message) => this.listener.onLog?.(message) });
    hits.reached(stopPoints.tracked, start);
    this.pausedAt = -1;
    // Even if stop points at the current position do not stop the run, their hits are counted and their messages are
    // printed, because the instruction there executes now.
    const run = runWith(this, hits, () => target.forward(until, { stopsAtStart: true }), points);
    for (let next = run.next(); ; next = run.next()) {
      hits.reached(stopPoints.tracked, target.position);
      if (next.done) return next.value;
      this.pausedAt = skipsStart && target.position === start ? -1 : target.position;
      yield next.value;
      this.pausedAt = -1;
    }
  }

  /** Runs backward. See `Target.backward`. */
  *backward(points: () => StopPoints): Sliced<TargetStop> {
    for (;;) {
      const run = this.backwardFrom(points, this.target.position);
      let next = run.next();
      for (; !next.done; next = run.next()) {
        const { position } = this.target;
        yield next.value;
        if (this.target.position !== position) break;
      }
      if (next.done && next.value) return next.value;
    }
  }

  /** Undefined if the stop points were changed during a pause. The run must then begin again. */
  private *backwardFrom(points: () => StopPoints, from: Position): Sliced<TargetStop | undefined> {
    const { target, stopPoints, counter } = this;
    const { tracked } = stopPoints;
    const counted = countedGroups(tracked.filter(isCounted).filter(({ printed }) => !printed));
    const stops = new Map<HitCounts, Position>();
    yield* counter.countTo(from, tracked);
    for (const group of counted) {
      const position = yield* counter.lastKnownStop(group, from);
      if (position !== undefined) stops.set(group.hits, position);
    }
    if (target.position !== from) yield* target.pause.ignoredBy(target.goTo(from));
    if (stopPoints.tracked !== tracked) return undefined;
    let stop = yield* this.searchBackward(points, stops);
    if (!stop) return undefined;
    // If none of a point's known hits stops the run, a hit before the known range may stop it, possibly at a later
    // position than `stop`.
    const limit = target.position;
    let best: Position | undefined;
    for (const group of counted) {
      if (stops.has(group.hits)) continue;
      const position = yield* counter.lastUnknownStop(group, best ?? limit);
      if (position !== undefined && position >= (best ?? limit)) best = position;
      if (position !== undefined) stops.set(group.hits, position);
    }
    if (best !== undefined) {
      yield* target.pause.ignoredBy(target.goTo(best + 1));
      stop = yield* this.searchBackward(points, stops);
    } else if (target.position !== limit) yield* target.pause.ignoredBy(target.goTo(limit));
    const end = target.position;
    const logs = tracked.filter(({ printed }) => printed && !printed.covers(end, from));
    if (logs.length > 0) {
      const print = (message: PrintedMessage) => this.listener.onLog?.(message);
      yield* printPassed({ target, stopPoints, counter, print }, logs, { from: end, to: from });
      yield* target.pause.ignoredBy(target.goTo(end));
    }
    for (const { hits } of tracked) if (hits?.indexAt(end) !== undefined) hits.startAt(end);
    return stop;
  }

  /** Undefined if the stop points were changed during a pause. */
  private *searchBackward(
    points: () => StopPoints,
    stops: ReadonlyMap<HitCounts, Position>,
  ): Sliced<TargetStop | undefined> {
    const armed = points();
    const run = runWith(this, new BackwardHits(stops), () => this.target.backward(), points);
    for (let next = run.next(); ; next = run.next()) {
      if (next.done) return next.value;
      yield next.value;
      if (points() !== armed) return undefined;
    }
  }
}
