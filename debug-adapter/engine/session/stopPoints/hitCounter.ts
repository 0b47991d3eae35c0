import type { Position } from '../../base/quantities.ts';
import type { Sliced } from '../../base/sliced.ts';
import type { Target, TargetStop } from '../../target/target.ts';
import type { BreakpointId } from '../stopReason.ts';
import type { HitCounts } from './hitCounts.ts';
import { CollectedHits, CountedHits } from './hitPolicies.ts';
import type { ResolvedPoint } from './resolvedPoint.ts';
import { runWith } from './runWith.ts';
import type { UserStopPoints } from './userStopPoints.ts';

/** A part of the history in which hits are being counted. The machine is at `current`. */
export interface CountingProgress {
  ids: readonly BreakpointId[];
  start: Position;
  current: Position;
  end: Position;
}

/** Hits before the known range are counted in parts of this many steps, the last part first. */
const PART_STEPS = 1_000_000;

export type CountedPoint = ResolvedPoint & Required<Pick<ResolvedPoint, 'hits'>>;

/** The points whose hits are counted together. */
export interface CountedGroup {
  hits: HitCounts;
  points: CountedPoint[];
}

export function countedGroups(points: readonly CountedPoint[]): CountedGroup[] {
  const groups = new Map<HitCounts, CountedPoint[]>();
  for (const point of points) groups.set(point.hits, [...(groups.get(point.hits) ?? []), point]);
  return [...groups].map(([hits, points]) => ({ hits, points }));
}

export const isCounted = (point: ResolvedPoint): point is CountedPoint => point.hits !== undefined;

/** Counts the hits of stop points that have hit conditions, by replaying parts of the history. */
export class HitCounter {
  readonly target: Target;
  readonly stopPoints: UserStopPoints;
  private report: (progress: CountingProgress | undefined) => void;

  constructor(target: Target, stopPoints: UserStopPoints, report: (progress: CountingProgress | undefined) => void) {
    this.target = target;
    this.stopPoints = stopPoints;
    this.report = report;
  }

  /**
   * Determines how many hits lie before a position, and starts counting there. At the end, the machine is at this
   * position; while counting is paused, it is at an intermediate position. Without a history, a part in which hits were
   * not counted during execution is assumed to have no hits.
   */
  *countTo(position: Position, points: readonly ResolvedPoint[]): Sliced<void> {
    const { target, stopPoints } = this;
    const run = this.counting(position, points);
    for (let next = run.next(); !next.done; next = run.next()) {
      stopPoints.displaced = { at: target.position, origin: position };
      yield next.value;
    }
    stopPoints.displaced = undefined;
  }

  private *counting(position: Position, points: readonly ResolvedPoint[]): Sliced<void> {
    const { target } = this;
    const { history } = target;
    const counted = points.filter(isCounted);
    for (const { hits } of counted) {
      if (history) hits.forgetFrom(Math.max(history.end, position));
      else if (hits.indexAt(position) === undefined) hits.skip(hits.range.high, position);
    }
    for (;;) {
      const unknown = counted.filter(({ hits }) => hits.indexAt(position) === undefined);
      if (unknown.length === 0) break;
      const part = partBefore(unknown[0], position);
      const group = unknown.filter((point) => isSame(partBefore(point, position), part));
      if (part.isBefore) yield* this.extendDown(group, part);
      else yield* this.countForward(group, part);
    }
    if (target.position !== position) yield* target.goTo(position);
    for (const { hits } of counted) hits.startAt(position);
  }

  /** The position of the last known hit before `from` that satisfies the hit condition. */
  *lastKnownStop(group: CountedGroup, from: Position): Sliced<Position | undefined> {
    return yield* this.lastStop(group, group.hits.indexAt(from)!);
  }

  /** Like `lastKnownStop`, but searches before the known range, back to `limit`. */
  *lastUnknownStop(group: CountedGroup, limit: Position): Sliced<Position | undefined> {
    const { hits, points } = group;
    while (hits.range.low > limit) {
      const before = hits.indexAt(hits.range.low)!;
      const start = Math.max(limit, hits.range.low - PART_STEPS);
      yield* this.extendDown(points, { start, end: hits.range.low });
      const position = yield* this.lastStop(group, before);
      if (position !== undefined) return position;
    }
    return undefined;
  }

  private *lastStop({ hits, points }: CountedGroup, before: number): Sliced<Position | undefined> {
    const index = hits.lastStop(before, (hit) => points[0].point.hitCondition!.stopsAt(hit));
    if (index === undefined) return undefined;
    const stored = hits.positionOf(index);
    if (stored !== undefined) return stored;
    const nearest = hits.nearestByIndex(index);
    const end = hits.range.high;
    const stop = yield* this.countForward(points, { start: nearest.position, end }, index);
    return stop.kind === 'hit' ? stop.hits[0].position : this.target.position;
  }

  /**
   * Counts the hits from `start`, where the index of the next hit is known, to `end`. Stops at the hit with the index
   * `stopIndex`.
   */
  private *countForward(
    points: readonly CountedPoint[],
    { start, end }: { start: Position; end: Position },
    stopIndex?: number,
  ): Sliced<TargetStop> {
    const { target } = this;
    yield* this.goTo(points, { start, end });
    for (const { hits } of points) hits.startAt(start);
    const policy = new CountedHits(points, stopIndex);
    const run = runWith(this, policy, () => target.forward(end, { stopsAtStart: true }));
    for (let next = run.next(); ; next = run.next()) {
      if (next.done && next.value.kind !== 'reached' && next.value.kind !== 'ended') return this.done(next.value);
      for (const { hits } of points) hits.reached(target.position);
      if (next.done) return this.done(next.value);
      this.report({ ids: idsOf(points), start, current: target.position, end });
      yield next.value;
    }
  }

  /** Counts the hits before the known range, which begins at `end`. */
  private *extendDown(
    points: readonly CountedPoint[],
    { start, end }: { start: Position; end: Position },
  ): Sliced<void> {
    const { target } = this;
    for (let low = end; low > start;) {
      const from = Math.max(start, low - PART_STEPS);
      yield* this.goTo(points, { start: from, end: low });
      const policy = new CollectedHits(points);
      const run = runWith(this, policy, () => target.forward(low, { stopsAtStart: true }));
      for (let next = run.next(); !next.done; next = run.next()) {
        this.report({ ids: idsOf(points), start, current: target.position, end });
        yield next.value;
      }
      for (const [hits, positions] of policy.positions) hits.prepend(from, positions);
      low = from;
    }
    this.report(undefined);
  }

  private *goTo(points: readonly CountedPoint[], { start, end }: { start: Position; end: Position }): Sliced<void> {
    const { target } = this;
    this.report({ ids: idsOf(points), start, current: start, end });
    if (target.position !== start) yield* target.goTo(start);
  }

  private done(stop: TargetStop): TargetStop {
    this.report(undefined);
    return stop;
  }
}

interface Part {
  start: Position;
  end: Position;
  /** Whether the part is before the known range. */
  isBefore: boolean;
}

/** The part of the history in which hits must be counted to determine how many lie before a position. */
function partBefore({ hits }: CountedPoint, position: Position): Part {
  const { low, high } = hits.range;
  if (position < low) return { start: position, end: low, isBefore: true };
  const start = position > high ? high : hits.nearest(position).position;
  return { start, end: position, isBefore: false };
}

const isSame = (a: Part, b: Part): boolean => a.start === b.start && a.end === b.end;

const idsOf = (points: readonly CountedPoint[]): BreakpointId[] => points.map(({ id }) => id);
