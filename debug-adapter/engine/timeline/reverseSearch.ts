import type { Position } from '../base/quantities.ts';
import type { Machine, MachineStop } from '../machine/machine.ts';
import type { StopPoints } from '../machine/stopPoints.ts';
import type { CachedSnapshot } from './snapshotCache.ts';

/** The time-travel operations that the search uses. */
export interface SearchContext {
  readonly machine: Machine;
  readonly start: Position;
  /** Restores the last snapshot before a position. After a pause, another call with the same position continues. */
  restoreBefore(position: Position, wantsPause: () => boolean): RestoreResult;
  /** Captures the current state in memory until it is released. */
  capture(): CachedSnapshot;
  release(snapshot: CachedSnapshot): void;
  restoreCached(snapshot: CachedSnapshot): void;
  /**
   * The next position at which the search should create a snapshot with `addSnapshot`, so that seeking to the result is
   * fast.
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
  /** Whether a breakpoint counts if it is at the position from which the segment continues. */
  stopsAtStart: boolean;
  /** The state that the segment had reached when the search was paused. */
  reached?: CachedSnapshot;
}

// These steps take 2 ms, or 10 ms if the code has not been optimized yet, which is about the cost of resuming. As a
// result, even a very short slice makes progress.
const STEPS_PER_PAUSE_CHECK = 500_000;

// The time that it takes to restore the state at the start of a segment from memory, expressed in steps.
const RESTORE_COST_STEPS = 200_000;

/**
 * The search for the last stop before a position, for a reverse run. It searches the history segment by segment, from
 * the last to the first: it runs the machine forward from a snapshot to the start of the following segment and
 * remembers the last stop. It can be paused at any point and resumed later. While paused, it keeps two states: the one
 * that it has reached, and the one at the start of the searched part. The machine is in the latter during the pause.
 */
export class ReverseSearch {
  readonly points: StopPoints;
  /** The history from this position on has been searched. */
  searchedDownTo: Position;
  /** The state to show while the search is paused; undefined at the live end. */
  private current: CachedSnapshot | undefined;
  private segment: Segment | undefined;
  /** The state at the start of the current segment. */
  private segmentStart: CachedSnapshot | undefined;
  /** The number of steps until the next check of `wantsPause`. */
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

  /** Restores the state that the machine is in during a pause. Returns false if that is the live end. */
  showCurrent(): boolean {
    if (this.current) this.context.restoreCached(this.current);
    return this.current !== undefined;
  }

  /** Returns undefined if the search was paused before the state at the start of the segment was restored. */
  private resumeSegment(wantsPause: () => boolean): Segment | undefined {
    const { context, segment } = this;
    if (segment?.reached) {
      context.restoreCached(segment.reached);
      context.release(segment.reached);
      segment.reached = undefined;
      return segment;
    }
    // The searched part now starts at the start of the previous segment, so the machine is in that state during a
    // pause.
    if (this.segmentStart) {
      if (this.current) context.release(this.current);
      this.current = this.segmentStart;
      this.segmentStart = undefined;
    }
    const restored = context.restoreBefore(this.searchedDownTo, wantsPause);
    if (restored === 'paused') return undefined;
    // The loaded snapshot stays cached while the search is paused, so loading it is enough progress for one slice.
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
