import type { Position } from '../base/quantities.ts';
import type { Machine, MachineStop } from '../machine/machine.ts';
import type { StopPoints } from '../machine/stopPoints.ts';
import type { MemorySnapshot } from './memorySnapshots.ts';

/** What the search needs from its time travel. */
export interface SearchGround {
  readonly machine: Machine;
  readonly start: Position;
  /** Restores the last snapshot before a position. After a pause, a call for the same position continues. */
  restoreBefore(position: Position, wantsPause: () => boolean): Restored;
  /** Captures the current state in memory until it is released. */
  capture(): MemorySnapshot;
  release(snapshot: MemorySnapshot): void;
  show(moment: MemorySnapshot): void;
  /**
   * The next position at which to leave a snapshot, so that seeking to the result is short; `leaveSnapshot` takes it.
   */
  nextLeft(position: Position, before: Position): Position;
  leaveSnapshot(): void;
}

export type Restored = 'fromMemory' | 'fromDisk' | 'paused';

export interface Found {
  position: Position;
  stop: MachineStop;
}

interface Segment {
  start: Position;
  last: Found | undefined;
  /** Whether a breakpoint at the position where the segment continues counts. */
  stopsAtStart: boolean;
  /** The state it has reached, while it is paused. */
  reached?: MemorySnapshot;
}

// 2 ms, or 10 ms while code is cold: the cost of resuming, so that even a very short slice makes progress.
const STEPS_UNASKED = 500_000;

// The time to restore the state before a segment from memory, in steps.
const STEPS_AS_RESTORING = 200_000;

/**
 * The search of a reverse run: segment by segment, it runs forward from a snapshot to the start of the following
 * segment and remembers the last stop. It can be paused at any point and resumed later. Meanwhile it keeps the state
 * that it has reached, and the state that the machine shows, which is at the start of the searched part.
 */
export class ReverseSearch {
  readonly points: StopPoints;
  /** Everything from this position on has been searched. */
  upTo: Position;
  /** The state to show while the search is paused; undefined at the live end. */
  private stand: MemorySnapshot | undefined;
  private segment: Segment | undefined;
  /** The state at the start of the current segment. */
  private segmentStart: MemorySnapshot | undefined;
  /** The steps until the next check of `wantsPause`. */
  private stepsUnasked = 0;
  private ground: SearchGround;

  constructor(ground: SearchGround, points: StopPoints, stand: MemorySnapshot | undefined) {
    this.ground = ground;
    this.points = points;
    this.stand = stand;
    this.upTo = ground.machine.position;
  }

  /** Searches until a stop is found, none exists, or `wantsPause` returns true. */
  run(wantsPause: () => boolean): Found | 'paused' | 'nothing' {
    const { ground } = this;
    this.stepsUnasked = STEPS_UNASKED;
    while (this.upTo > ground.start) {
      const segment = this.takeUpSegment(wantsPause);
      if (!segment) return 'paused';
      if (this.runSegment(segment, wantsPause) === 'paused') {
        segment.reached = ground.capture();
        return 'paused';
      }
      if (segment.last) return segment.last;
      this.segment = undefined;
      this.upTo = segment.start;
    }
    return 'nothing';
  }

  /** Shows the machine's state during a pause; returns false if that is its live end. */
  showStand(): boolean {
    if (this.stand) this.ground.show(this.stand);
    return this.stand !== undefined;
  }

  /** Undefined if it was paused before the segment's start was restored. */
  private takeUpSegment(wantsPause: () => boolean): Segment | undefined {
    const { ground, segment } = this;
    if (segment?.reached) {
      ground.show(segment.reached);
      ground.release(segment.reached);
      segment.reached = undefined;
      return segment;
    }
    // The searched part starts where the last segment starts.
    if (this.segmentStart) {
      if (this.stand) ground.release(this.stand);
      this.stand = this.segmentStart;
      this.segmentStart = undefined;
    }
    const restored = ground.restoreBefore(this.upTo, wantsPause);
    if (restored === 'paused') return undefined;
    // It stays cached while the search is paused, so loading it is enough progress for a slice.
    if (restored === 'fromDisk') this.stepsUnasked = 0;
    const start = ground.machine.position;
    this.segmentStart = ground.capture();
    // A stop in the segment's first state counts too, because the search has not stopped there yet.
    return (this.segment = { start, last: undefined, stopsAtStart: true });
  }

  private runSegment(segment: Segment, wantsPause: () => boolean): 'paused' | 'done' {
    const { ground } = this;
    const { machine } = ground;
    const askedFrom = machine.position + this.stepsUnasked;
    const pauses = () => machine.position >= askedFrom && wantsPause();
    this.stepsUnasked -= Math.max(this.upTo - machine.position, STEPS_AS_RESTORING);
    machine.setStopPoints(this.points);
    for (;;) {
      const from = machine.position;
      const until = ground.nextLeft(from, this.upTo);
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
          if (machine.position >= this.upTo || stop.kind !== 'reached') return 'done';
          ground.leaveSnapshot();
          segment.stopsAtStart = true;
      }
    }
  }
}
