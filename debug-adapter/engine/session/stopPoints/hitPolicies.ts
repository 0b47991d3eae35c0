import type { Position } from '../../base/quantities.ts';
import type { Trap } from '../../target/stopPoints.ts';
import type { BreakpointId } from '../stopReason.ts';
import { type HitCounts, numberOf } from './hitCounts.ts';
import type { ResolvedPoint } from './resolvedPoint.ts';
import type { StopPoint } from './stopPoint.ts';

/** A message that a logpoint has printed. */
export interface PrintedMessage {
  id: BreakpointId;
  position: Position;
  text: string;
}

/**
 * Determines the effects of hits of stop points during a run. A point is hit each time it is reached and its condition
 * holds.
 */
export interface HitPolicy {
  /** The position at which the run began, if breakpoints and traps there do not stop the run. */
  readonly skippedPosition?: Position;
  /** Whether hits of a point can have any effect. If not, the point's condition is not evaluated. */
  concerns(point: ResolvedPoint): boolean;
  /** Called for each hit, at the position before the step. Returns whether the hit stops the run. */
  stopsAt(point: ResolvedPoint, position: Position, trap?: Trap): boolean;
  /** Whether a point whose condition has no value stops the run. */
  readonly stopsOnErrors: boolean;
}

/** Whether the point has a condition. A condition may have no value, in which case even a logpoint stops the run. */
const canFail = ({ condition }: StopPoint): boolean => condition !== undefined;

/**
 * The policy between runs. A point with a hit condition stops only if the number of its hit at the current position is
 * known and satisfies that condition.
 */
export const AT_REST: HitPolicy = {
  stopsOnErrors: true,
  concerns: ({ printed, point }) => !printed || canFail(point),
  stopsAt: ({ hits, printed, point }, position) => {
    if (printed) return false;
    const index = hits?.indexAt(position);
    return !point.hitCondition || (index !== undefined && point.hitCondition.stopsAt(numberOf(index)));
  },
};

/**
 * The policy during a forward run: counts hits and prints messages. At the start of the run, the index of each point's
 * next hit must be known.
 */
export class ForwardHits implements HitPolicy {
  readonly stopsOnErrors = true;
  readonly skippedPosition: Position;
  private readonly print: (message: PrintedMessage) => void;
  /** For each point, the last position at which it printed a message. */
  private readonly lastPrinted = new Map<BreakpointId, Position>();
  /** The position since which each point has been armed. */
  private readonly armedFrom = new Map<BreakpointId, Position>();
  private lastReached: Position;

  constructor(options: { start: Position; skipsStart: boolean; print: (message: PrintedMessage) => void }) {
    this.lastReached = options.start;
    this.skippedPosition = options.skipsStart ? options.start : -1;
    this.print = options.print;
  }

  concerns(): boolean {
    return true;
  }

  stopsAt(resolved: ResolvedPoint, position: Position, trap?: Trap): boolean {
    const { id, hits, printed, point } = resolved;
    if (hits && !point.hitCondition!.stopsAt(numberOf(hits.hitAt(position)))) return false;
    if (!printed) return true;
    if (!printed.has(position) && position > (this.lastPrinted.get(id) ?? -1)) {
      this.print({ id, position, text: point.logMessage!.evaluate(trap) });
      this.lastPrinted.set(id, position);
    }
    return false;
  }

  /** Records that the run has reached a position. Called before the stop points change, and at the end of the run. */
  reached(points: Iterable<ResolvedPoint>, position: Position): void {
    for (const { id, hits, printed } of points) {
      hits?.reached(position);
      if (!this.armedFrom.has(id)) this.armedFrom.set(id, this.lastReached);
      // If a message has been printed at the current position, the printed range includes this position, although its
      // step has not executed yet.
      printed?.add(this.armedFrom.get(id)!, Math.max(position, (this.lastPrinted.get(id) ?? -1) + 1));
    }
    this.lastReached = position;
  }
}

/** Counts the hits of some points, and stops only at the hit with the index `stopIndex`. */
export class CountedHits implements HitPolicy {
  readonly stopsOnErrors = false;
  private readonly points: readonly ResolvedPoint[];
  private readonly stopIndex: number | undefined;

  constructor(points: readonly ResolvedPoint[], stopIndex?: number) {
    this.points = points;
    this.stopIndex = stopIndex;
  }

  concerns(point: ResolvedPoint): boolean {
    return this.points.includes(point);
  }

  stopsAt({ hits }: ResolvedPoint, position: Position): boolean {
    return hits!.hitAt(position) === this.stopIndex;
  }
}

/** Collects the positions of the hits of some points. */
export class CollectedHits implements HitPolicy {
  readonly stopsOnErrors = false;
  readonly positions: ReadonlyMap<HitCounts, Position[]>;

  constructor(points: readonly ResolvedPoint[]) {
    this.positions = new Map(points.map(({ hits }) => [hits!, []]));
  }

  concerns({ hits }: ResolvedPoint): boolean {
    return hits !== undefined && this.positions.has(hits);
  }

  stopsAt({ hits }: ResolvedPoint, position: Position): boolean {
    const positions = this.positions.get(hits!)!;
    if (positions.at(-1) !== position) positions.push(position);
    return false;
  }
}

/**
 * The policy during a backward run. A point with a hit condition stops the run only at one position, which is known in
 * advance, and at positions where its condition has no value.
 */
export class BackwardHits implements HitPolicy {
  readonly stopsOnErrors = true;
  private readonly stops: ReadonlyMap<HitCounts, Position>;

  constructor(stops: ReadonlyMap<HitCounts, Position>) {
    this.stops = stops;
  }

  concerns({ hits, printed, point }: ResolvedPoint): boolean {
    return (!printed && (!hits || this.stops.has(hits))) || canFail(point);
  }

  stopsAt({ hits, printed }: ResolvedPoint, position: Position): boolean {
    return !printed && (!hits || this.stops.get(hits) === position);
  }
}

/** Collects the messages that a backward run prints. Hits are counted from a known index. */
export class PassedMessages implements HitPolicy {
  readonly stopsOnErrors = false;
  readonly messages: PrintedMessage[] = [];
  private readonly points: readonly ResolvedPoint[];

  constructor(points: readonly ResolvedPoint[]) {
    this.points = points;
  }

  concerns(point: ResolvedPoint): boolean {
    return this.points.includes(point);
  }

  stopsAt({ id, hits, printed, point }: ResolvedPoint, position: Position, trap?: Trap): boolean {
    if (hits && !point.hitCondition!.stopsAt(numberOf(hits.hitAt(position)))) return false;
    if (printed!.has(position) || this.hasMessage(id, position)) return false;
    this.messages.push({ id, position, text: point.logMessage!.evaluate(trap) });
    return false;
  }
  private hasMessage(id: BreakpointId, position: Position): boolean {
    const { messages } = this;
    for (let i = messages.length - 1; i >= 0 && messages[i].position === position; i--) {
      if (messages[i].id === id) return true;
    }
    return false;
  }
}
