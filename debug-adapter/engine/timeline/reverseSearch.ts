import type { Position } from '../base/quantities.ts';
import type { Machine, MachineStop } from '../machine/machine.ts';
import type { StopPoints } from '../machine/stopPoints.ts';
import type { CachedSnapshot } from './snapshotCache.ts';

/** What the search needs from its time travel. */
export interface SearchContext {
  readonly machine: Machine;
  readonly start: Position;
  /** Restores the last snapshot before a position. After a pause, a call for the same position continues. */
  restoreBefore(position: Position, wantsPause: () => boolean): RestoreResult;
  /** Captures the current state in memory until it is released. */
  capture(): CachedSnapshot;
  release(snapshot: CachedSnapshot): void;
  restoreCached(snapshot: CachedSnapshot): void;
  /**
   * The next position at which to leave a snapshot, so that seeking to the result is short; `leaveSnapshot` takes it.
   */
  nextSnapshotPosition(position: Position, before: Position): Position;
  addSnapshot(): void;
}

export type RestoreResult = 'fromMemory' | 'fromDisk' | 'paused';

export interface SearchHit {
  position: Position;
  stop: MachineStop;
}

interface Segment {
  start: Position;
  last: SearchHit | undefined;
  /** Whether a breakpoint at the position where the segment continues counts. */
  stopsAtStart: boolean;
  /** The state it has reached, while it is paused. */
  reached?: CachedSnapshot;
}

// 2 ms, or 10 ms while code is cold: the cost of resuming, so that even a very short slice makes progress.
const STEPS_PER_PAUSE_CHECK = 500_000;

// The time to restore the state before a segment from memory, in steps.
const RESTORE_COST_STEPS = 200_000;

/**
 * The search of a reverse run: segment by segment, it runs forward from a snapshot to the start of the following
 * segment and remembers the last stop. It can be paused at any point and resumed later. Meanwhile it keeps the state
 * that it has reached, and the state that the machine shows, which is at the start of the searched part.
 */
export class ReverseSearch {
  readonly points: StopPoints;
  /** Everything from this position on has been searched. */
  searchedDownTo: Position;
  /** The state to show while the search is paused; undefined at the live end. */
  private current: CachedSnapshot | undefined;
  private segment: Segment | undefined;
  /** The state at the start of the current segment. */
  private segmentStart: CachedSnapshot | undefined;
  /** The steps until the next check of `wantsPause`. */
  private stepsUntilCheck = 0;
  private context: SearchContext;

  constructor(context: SearchContext, points: StopPoints, current: CachedSnapshot | undefined) {
    this.context = context;
    this.points = points;
    this.current = current;
    this.searchedDownTo = context.machine.position;
  }

  /** Searches until a stop is found, none exists, or `wantsPause` returns true. */
  run(wantsPause: () => boolean): SearchHit | 'paused' | 'nothing' {
    const { context } = this;
    this.stepsUntilCheck = STEPS_PER_PAUSE_CHECK;
    while (this.searchedDownTo > context.start) {
      const segment = this.resumeSegment(wantsPause);
      if (!segment) return 'paused';
      if (this.runSegment(segment, wantsPause) === 'paused') {
        segment.reached = context.capture();
        return 'paused';
      }
      if (segment.last) return segment.last;
      this.segment = undefined;
      this.searchedDownTo = segment.start;
    }
    return 'nothing';
  }

  /** Shows the machine's state during a pause; returns false if that is its live end. */
  showCurrent(): boolean {
    if (this.current) this.context.restoreCached(this.current);
    return this.current !== undefined;
  }

  /** Undefined if it was paused before the segment's start was restored. */
  private resumeSegment(wantsPause: () => boolean): Segment | undefined {
    const { context, segment } = this;
    if (segment?.reached) {
      context.restoreCached(segment.reached);
      context.release(segment.reached);
      segment.reached = undefined;
      return segment;
    }
    // The searched part starts where the last segment starts.
    if (this.segmentStart) {
      if (this.current) context.release(this.current);
      this.current = this.segmentStart;
      this.segmentStart = undefined;
    }
    const restored = context.restoreBefore(this.searchedDownTo, wantsPause);
    if (restored === 'paused') return undefined;
    // It stays cached while the search is paused, so loading it is enough progress for a slice.
    if (restored === 'fromDisk') this.stepsUntilCheck = 0;
    const start = context.machine.position;
    this.segmentStart = context.capture();
    // A stop in the segment's first state counts too, because the search has not stopped there yet.
    return (this.segment = { start, last: undefined, stopsAtStart: true });
  }

  private runSegment(segment: Segment, wantsPause: () => boolean): 'paused' | 'done' {
    const { context } = this;
    const { machine } = context;
    const checkFrom = machine.position + this.stepsUntilCheck;
    const pauses = () => machine.position >= checkFrom && wantsPause();
    this.stepsUntilCheck -= Math.max(this.searchedDownTo - machine.position, RESTORE_COST_STEPS);
    machine.setStopPoints(this.points);
    for (;;) {
      const from = machine.position;
      const until = context.nextSnapshotPosition(from, this.searchedDownTo);
      const stop = machine.run(until, pauses, { stopsAtStart: segment.stopsAtStart });
      switch (stop.kind) {
        case 'paused':
          if (machine.position > from) segment.stopsAtStart = true;
          return 'paused';
        case 'breakpoint':
          segment.last = { position: machine.position, stop };
          segment.stopsAtStart = false;
          break;
        case 'watchpoint':
          segment.last = { position: stop.hits[0].position, stop };
          segment.stopsAtStart = false;
          break;
        default:
          if (machine.position >= this.searchedDownTo || stop.kind !== 'reached') return 'done';
          context.addSnapshot();
          segment.stopsAtStart = true;
      }
    }
  }
}
