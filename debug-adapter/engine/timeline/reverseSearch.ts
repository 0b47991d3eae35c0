import type { Position } from '../base/quantities.ts';
import type { Machine, MachineStop } from '../machine/machine.ts';
import type { StopPoints } from '../machine/stopPoints.ts';
import type { MemorySnapshot } from './memorySnapshots.ts';

/**
 * The search behind a run backwards: segment by segment, each run forwards from its snapshot to where the one after it
 * begins, noting the last stop in it. It can be interrupted anywhere and taken up again: then it keeps the state that
 * it had run to, and the state where the machine is to stand meanwhile, which is where the searched part begins.
 */
export interface SearchGround {
  readonly machine: Machine;
  readonly start: Position;
  /** Restores the last snapshot before a position. Paused, it goes on when called again for the same. */
  restoreBefore(position: Position, wantsPause: () => boolean): Restored;
  /** The state here, in memory until it is released. */
  capture(): MemorySnapshot;
  release(snapshot: MemorySnapshot): void;
  show(moment: MemorySnapshot): void;
  /** Every so often, so that going to what is found is short: where the next is left, and that it is here. */
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
  /** Whether a breakpoint right where it goes on counts. */
  stopsAtStart: boolean;
  /** How far it has run, while it is interrupted. */
  reached?: MemorySnapshot;
}

// 2 ms, or 10 while code is cold: what taking it up again costs, so a slice that is too short still gets somewhere.
const STEPS_UNASKED = 500_000;

// What restoring the state before a segment takes, when it is in memory.
const STEPS_AS_RESTORING = 200_000;

export class ReverseSearch {
  readonly points: StopPoints;
  /** From here on all is searched. */
  upTo: Position;
  /** What is to be shown while the search is interrupted; undefined for a live present. */
  private stand: MemorySnapshot | undefined;
  private segment: Segment | undefined;
  /** The state at the start of the segment under way. */
  private segmentStart: MemorySnapshot | undefined;
  /** Before the next question whether to pause. */
  private stepsUnasked = 0;
  private ground: SearchGround;

  constructor(ground: SearchGround, points: StopPoints, stand: MemorySnapshot | undefined) {
    this.ground = ground;
    this.points = points;
    this.stand = stand;
    this.upTo = ground.machine.position;
  }

  /** Goes on until something is found, or nothing can be, or `wantsPause` says so. */
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

  /** Where the machine stands while the search is interrupted; false when that is its live present. */
  showStand(): boolean {
    if (this.stand) this.ground.show(this.stand);
    return this.stand !== undefined;
  }

  /** Undefined when it paused before the segment's start was there. */
  private takeUpSegment(wantsPause: () => boolean): Segment | undefined {
    const { ground, segment } = this;
    if (segment?.reached) {
      ground.show(segment.reached);
      ground.release(segment.reached);
      segment.reached = undefined;
      return segment;
    }
    // What is searched begins where the last segment did.
    if (this.segmentStart) {
      if (this.stand) ground.release(this.stand);
      this.stand = this.segmentStart;
      this.segmentStart = undefined;
    }
    const restored = ground.restoreBefore(this.upTo, wantsPause);
    if (restored === 'paused') return undefined;
    // It is kept while the search is interrupted: enough for a slice.
    if (restored === 'fromDisk') this.stepsUnasked = 0;
    const start = ground.machine.position;
    this.segmentStart = ground.capture();
    // The segment's first state counts too: nothing was stopped at yet.
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
