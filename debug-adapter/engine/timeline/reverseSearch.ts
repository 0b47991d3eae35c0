import type { Position } from '../base/quantities.ts';
import { PAUSED, type PauseSignal, type Sliced } from '../base/sliced.ts';
import type { MachineStop } from '../machine/machine.ts';
import type { StopPoints } from '../target/stopPoints.ts';
import type { CachedSnapshot } from './snapshotCache.ts';
import { nextSnapshotOfSearch } from './snapshotSpacing.ts';
import type { TravelMachine } from './travelMachine.ts';

/** The time-travel operations that the search uses. */
export interface SearchContext {
  readonly machine: TravelMachine;
  readonly start: Position;
  readonly pause: PauseSignal;
  /** Restores the last snapshot before a position. */
  restoreBefore(position: Position): Sliced<'fromMemory' | 'fromDisk'>;
  /** Captures the current state in memory until it is released. */
  capture(): CachedSnapshot;
  release(snapshot: CachedSnapshot): void;
  restore(snapshot: CachedSnapshot): void;
  /** Adds the current state to the cache, so that seeking to the result is fast. */
  leaveSnapshot(): void;
  enterHistory(): void;
  returnToLiveEnd(): void;
  /** Whether the machine has been moved, or the stop points have been changed, since the search began. */
  isStale(): boolean;
}

export interface SearchHit {
  position: Position;
  stop: Extract<MachineStop, { kind: 'breakpoint' | 'trap' | 'hit' }>;
}

// The pause signal is checked only after this many steps, so that even a very short slice makes progress. These steps
// take 2 ms, or 10 ms if the code has not been optimized yet; resuming a paused search takes about as long.
const STEPS_PER_PAUSE_CHECK = 500_000;

// The time needed to restore a state from memory at the start of a segment, expressed in steps.
const RESTORE_COST_STEPS = 200_000;

// The time needed to evaluate a condition outside the machine, expressed in steps.
const EVALUATION_COST_STEPS = 1000;

/**
 * The search for the last stop before a position, for a reverse run. It searches the history segment by segment, from
 * the last to the first: for each segment, it runs the machine forward from a snapshot to the start of the following
 * segment and remembers the last stop that it passes. It can pause at any point. During a pause, the machine is at its
 * original position or at the start of the part already searched, and the search keeps a snapshot of the state that it
 * had reached.
 */
export class ReverseSearch {
  private context: SearchContext;
  private points: StopPoints;
  /** The history from this position on has been searched. */
  private searchedDownTo: Position;
  /** The state at `searchedDownTo`; undefined if that is the live end. */
  private current: CachedSnapshot | undefined;
  /** The number of steps until the next check of the pause signal. */
  private stepsUntilCheck = STEPS_PER_PAUSE_CHECK;

  /** `current` is the machine's state; undefined if it is at its live end. */
  constructor(context: SearchContext, points: StopPoints, current: CachedSnapshot | undefined) {
    this.context = context;
    this.points = points;
    this.current = current;
    this.searchedDownTo = context.machine.position;
  }

  *run(): Sliced<SearchHit | 'nothing' | 'stale'> {
    const { context } = this;
    context.enterHistory();
    while (this.searchedDownTo > context.start) {
      if ((yield* this.restoreSegmentStart()) === 'stale') return 'stale';
      const segmentStart = context.machine.position;
      const startState = context.capture();
      const found = yield* this.searchSegment();
      if (found !== 'nothing') return found;
      // During a pause in the next segment, the machine is at the start of this one.
      if (this.current) context.release(this.current);
      this.current = startState;
      this.searchedDownTo = segmentStart;
    }
    return 'nothing';
  }

  private *restoreSegmentStart(): Sliced<'done' | 'stale'> {
    const restoring = this.context.restoreBefore(this.searchedDownTo);
    for (let next = restoring.next(); ; next = restoring.next()) {
      if (next.done) {
        // The loaded snapshot is cached, so loading it is enough progress for one slice.
        if (next.value === 'fromDisk') this.stepsUntilCheck = 0;
        return 'done';
      }
      if (next.value !== PAUSED) yield next.value;
      else if (!(yield* this.pauseAtCurrent())) return 'stale';
    }
  }

  /** Runs to the start of the part already searched and returns the last stop that it passes. */
  private *searchSegment(): Sliced<SearchHit | 'nothing' | 'stale'> {
    const { context } = this;
    const { machine } = context;
    let last: SearchHit | undefined;
    // A stop at the segment's first position also counts, because the search has not stopped there yet.
    let stopsAtStart = true;
    let wantsPause = this.pauseCheck();
    for (;;) {
      const until = nextSnapshotOfSearch(machine.position, this.searchedDownTo);
      machine.setStopPoints(this.points);
      const stop = machine.run(until, wantsPause, { stopsAtStart });
      switch (stop.kind) {
        case 'paused': {
          stopsAtStart = true;
          const reached = context.capture();
          if (!(yield* this.pauseAtCurrent())) return 'stale';
          context.restore(reached);
          context.release(reached);
          wantsPause = this.pauseCheck();
          break;
        }
        case 'breakpoint':
        case 'trap':
          last = { position: machine.position, stop };
          stopsAtStart = false;
          break;
        case 'hit':
          last = { position: stop.hits[0].position, stop };
          // The machine has executed the step that caused the hits, but has not yet checked for a stop before the next
          // step.
          stopsAtStart = true;
          break;
        default:
          if (machine.position >= this.searchedDownTo || stop.kind !== 'reached') return last ?? 'nothing';
          context.leaveSnapshot();
          stopsAtStart = true;
      }
    }
  }

  /** Checks the pause signal, but only after enough progress. */
  private pauseCheck(): () => boolean {
    const { machine, pause } = this.context;
    const cost = () => machine.position + machine.evaluations * EVALUATION_COST_STEPS;
    const checkFrom = cost() + this.stepsUntilCheck;
    this.stepsUntilCheck -= Math.max(this.searchedDownTo - machine.position, RESTORE_COST_STEPS);
    return () => cost() >= checkFrom && pause.isWanted();
  }

  /**
   * Pauses with the machine at the start of the part already searched. Returns false if the search must not continue.
   */
  private *pauseAtCurrent(): Sliced<boolean> {
    const { context } = this;
    if (this.current) context.restore(this.current);
    else context.returnToLiveEnd();
    yield PAUSED;
    if (context.isStale()) return false;
    context.enterHistory();
    this.stepsUntilCheck = STEPS_PER_PAUSE_CHECK;
    return true;
  }
}
