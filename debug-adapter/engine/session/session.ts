import { assert } from '../base/assert.ts';
import type { GuestAddress, Position } from '../base/quantities.ts';
import { badAddress, noHistory, positionOutside } from '../errors/session.ts';
import { PC_REGISTER } from '../machine/inputs.ts';
import { Inspector } from '../machine/inspector.ts';
import type { RunOptions } from '../machine/machine.ts';
import { NO_STOP_POINTS, type StopPoints, type Watchpoint } from '../machine/stopPoints.ts';
import type { Timeline, TimelineStop } from '../timeline/timeline.ts';
import type { TravelStop } from '../timeline/timeTravel.ts';
import type { BreakpointId, StopReason } from './stopReason.ts';

/**
 * A debugging session, in our words and no protocol's: breakpoints, running and stepping both ways by instruction, and
 * looking. Front ends translate to and from it and decide nothing. Everything is synchronous; a run asks `wantsPause`
 * several thousand times a second, which is how a front end in another thread gets it to stop.
 */
export type WantsPause = () => boolean;
const never: WantsPause = () => false;
const always = (): boolean => true;

interface Breakpoint {
  address: bigint;
  isMeant: () => boolean;
}

export interface DataBreakpoint {
  id: BreakpointId;
  address: bigint;
  lengthBytes: number;
  access: Watchpoint['access'];
}

export class Session {
  readonly timeline: Timeline;
  readonly inspector: Inspector;
  private breakpoints = new Map<BreakpointId, Breakpoint>();
  private watchpoints = new Map<BreakpointId, Watchpoint>();
  private nextId: BreakpointId = 1;
  private points: StopPoints | undefined;
  private steppingPoints: StopPoints | undefined;
  private lastReason: StopReason = { kind: 'entry' };

  constructor(timeline: Timeline) {
    this.timeline = timeline;
    this.inspector = new Inspector(timeline.machine);
  }

  get position(): Position {
    return this.timeline.position;
  }

  /** Why it stands where it stands. */
  get reason(): StopReason {
    return this.lastReason;
  }

  /** What a step that was made of several runs says in the end. */
  set reason(reason: StopReason) {
    this.lastReason = reason;
  }

  /** Whether there is a past to go to. */
  get canGoBack(): boolean {
    return this.timeline.travel !== undefined;
  }

  // --- stop points -----------------------------------------------------------------------------------------------------

  /**
   * A breakpoint on a virtual address. `isMeant` is asked whenever the machine gets there: several programs may have
   * code at one address. It must only look.
   */
  addBreakpoint(address: bigint, isMeant: () => boolean = always): BreakpointId {
    const id = this.nextId++;
    this.breakpoints.set(id, { address, isMeant });
    this.points = undefined;
    return id;
  }

  /**
   * A data breakpoint on bytes of memory. The address is looked up now: it stays on these bytes of RAM, whichever way
   * they are accessed later.
   */
  addDataBreakpoint(wanted: Omit<DataBreakpoint, 'id'>): BreakpointId {
    const address = this.physical(wanted.address, wanted.lengthBytes);
    const id = this.nextId++;
    this.watchpoints.set(id, { id, address, lengthBytes: wanted.lengthBytes, access: wanted.access });
    this.points = undefined;
    return id;
  }

  removeBreakpoint(id: BreakpointId): void {
    this.breakpoints.delete(id);
    this.watchpoints.delete(id);
    this.points = undefined;
  }

  // --- running ---------------------------------------------------------------------------------------------------------

  /** Forwards to the next stop. */
  continue(wantsPause: WantsPause = never): StopReason {
    return this.stopped(this.timeline.forward(Infinity, this.stopPoints(), wantsPause));
  }

  /** Paused, it goes on where it was when called again, unless stop points or position are others then. */
  reverseContinue(wantsPause: WantsPause = never): StopReason {
    return this.stopped(this.travel().backward(this.stopPoints(), wantsPause));
  }

  /** One step of this hart: an instruction, or the trap or interrupt that came instead of it. */
  stepInstruction(wantsPause: WantsPause = never): StopReason {
    const hart = this.timeline.machine.currentHart;
    const stop = this.timeline.forward(this.position + 1, this.stepPoints());
    if (stop.kind !== 'reached') return this.stopped(stop);
    return this.runToTurnOf(hart, wantsPause, { stopsAtStart: true });
  }

  /**
   * Forwards to where the next step is this hart's: through the others' turns, in which the user's breakpoints count.
   * Paused, it goes on when called again.
   */
  runToTurnOf(hart: number, wantsPause: WantsPause = never, options: RunOptions = {}): StopReason {
    return this.stopped(this.forwardToTurnOf(hart, this.stopPoints(), wantsPause, options), { kind: 'step' });
  }

  /** The same past all stop points. False when the hart waits, or the machine ends first: it may stand later then. */
  passToTurnOf(hart: number): boolean {
    if (this.timeline.machine.harts.waits(hart)) return false;
    return this.forwardToTurnOf(hart, NO_STOP_POINTS).kind === 'reached';
  }

  private forwardToTurnOf(
    hart: number,
    points: StopPoints,
    wantsPause: WantsPause = never,
    { stopsAtStart }: RunOptions = {},
  ): TimelineStop {
    const { machine } = this.timeline;
    let stop: TimelineStop = { kind: 'reached' };
    while (stop.kind === 'reached' && machine.currentHart !== hart) {
      const until = Math.max(this.position + 1, machine.turn.end);
      stop = this.timeline.forward(until, points, wantsPause, { stopsAtStart });
      stopsAtStart = true;
    }
    return stop;
  }

  /** To before the last step of a hart. Paused on the way, in another hart's turn, it goes on when called again. */
  stepBackInstruction(hart = this.timeline.machine.currentHart, wantsPause: WantsPause = never): StopReason {
    const travel = this.travel();
    const { machine } = this.timeline;
    if (this.position === travel.start) return this.because({ kind: 'startOfRecording' });
    if (machine.currentHart === hart) travel.seekTo(this.position - 1);
    // Another hart's step: past its whole turn.
    while (machine.currentHart !== hart && this.position > travel.start) {
      if (wantsPause()) return this.because({ kind: 'pause' });
      travel.seekTo(Math.max(travel.start, machine.turn.start - 1));
    }
    return this.because({ kind: machine.currentHart === hart ? 'step' : 'startOfRecording' });
  }

  /** To a position in what is recorded; paused, it stands where it came by. */
  goTo(position: Position, wantsPause: WantsPause = never): StopReason {
    const travel = this.travel();
    const { start, end } = travel;
    if (!Number.isSafeInteger(position) || position < start || position > end) {
      throw positionOutside({ position, start, end });
    }
    return this.because({ kind: travel.seekTo(position, wantsPause) ? 'goto' : 'pause' });
  }

  /** Writes to memory in a live present: all of it or none. Each page's part is a step of its own and recorded. */
  writeMemory(address: bigint, bytes: Uint8Array): void {
    const parts: { address: GuestAddress; bytes: Uint8Array }[] = [];
    for (let done = 0; done < bytes.length;) {
      const at = address + BigInt(done);
      const part = bytes.slice(done, done + Math.min(bytes.length - done, 4096 - Number(at & 0xfffn)));
      parts.push({ address: this.physical(at, part.length), bytes: part });
      done += part.length;
    }
    for (const part of parts) this.timeline.inject({ kind: 'memoryWrite', ...part });
  }

  /** The same for an integer register, or the program counter as number 32. */
  writeRegister(register: number, value: bigint): void {
    assert(register >= 0 && register <= PC_REGISTER, 'there is no such register');
    if (register > 0) this.timeline.inject({ kind: 'registerWrite', register, value: BigInt.asUintN(64, value) });
  }

  /**
   * To one of some addresses where `accepts` agrees, or to any stop point of the user's: what source steps are made of.
   */
  runTo(addresses: readonly bigint[], accepts: () => boolean, wantsPause: WantsPause = never): StopReason {
    return this.stopped(this.timeline.forward(Infinity, this.pointsWith(addresses, accepts), wantsPause));
  }

  /** The same backwards: to the last such place before this position. */
  runBackTo(addresses: readonly bigint[], accepts: () => boolean, wantsPause: WantsPause = never): StopReason {
    return this.stopped(this.travel().backward(this.pointsWith(addresses, accepts), wantsPause));
  }

  /** The same, past all stop points of the user's. */
  findBack(addresses: readonly bigint[], accepts: () => boolean, wantsPause: WantsPause = never): StopReason {
    const points = { breakpoints: new Set(addresses), watchpoints: [], accepts };
    return this.stopped(this.travel().backward(points, wantsPause));
  }

  get hasStopPoints(): boolean {
    return this.breakpoints.size + this.watchpoints.size > 0;
  }

  /** The user's breakpoints that stop here. */
  breakpointsAt(pc: bigint): BreakpointId[] {
    return [...this.breakpoints].filter(([, { address, isMeant }]) => address === pc && isMeant()).map(([id]) => id);
  }

  // --- helpers ---------------------------------------------------------------------------------------------------------

  private travel() {
    const { travel } = this.timeline;
    if (!travel) throw noHistory();
    return travel;
  }

  private stopPoints(): StopPoints {
    return (this.points ??= {
      breakpoints: new Set([...this.breakpoints.values()].map(({ address }) => address)),
      watchpoints: [...this.watchpoints.values()],
      accepts: (pc) => this.breakpointsAt(pc).length > 0,
    });
  }

  /** Watchpoints only, and the same object for step after step: setting stop points costs all translations. */
  private stepPoints(): StopPoints {
    const { watchpoints } = this.stopPoints();
    if (this.steppingPoints?.watchpoints !== watchpoints) {
      this.steppingPoints = { breakpoints: new Set(), watchpoints };
    }
    return this.steppingPoints;
  }

  private pointsWith(addresses: readonly bigint[], accepts: () => boolean): StopPoints {
    const { breakpoints, watchpoints } = this.stopPoints();
    return {
      breakpoints: new Set([...breakpoints, ...addresses]),
      watchpoints,
      accepts: (pc) => this.breakpointsAt(pc).length > 0 || accepts(),
    };
  }

  private physical(address: bigint, lengthBytes: number): GuestAddress {
    const physical = this.inspector.translate(address);
    const last = this.inspector.translate(address + BigInt(lengthBytes - 1));
    const { ram } = this.timeline.machine;
    if (physical === undefined || last !== physical + lengthBytes - 1 || !ram.contains(physical, lengthBytes)) {
      throw badAddress({ address, lengthBytes });
    }
    return physical;
  }

  private stopped(stop: TimelineStop | TravelStop, reached: StopReason = { kind: 'goto' }): StopReason {
    switch (stop.kind) {
      case 'reached':
        return this.because(reached);
      case 'paused':
        return this.because({ kind: 'pause' });
      case 'breakpoint':
        return this.because({ kind: 'breakpoint', ids: this.breakpointsAt(stop.pc), pc: stop.pc });
      case 'watchpoint':
        return this.because({
          kind: 'dataBreakpoint',
          hits: stop.hits.map(({ id, access, oldBytes, newBytes, position }) => {
            return { id, access, before: oldBytes, after: newBytes, position };
          }),
        });
      case 'startOfRecording':
        return this.because({ kind: 'startOfRecording' });
      case 'ended':
        return this.because(
          stop.end.reason === 'endOfRecording' ? { kind: 'endOfRecording' } : { kind: 'ended', end: stop.end },
        );
      default:
        return this.because({ kind: 'endOfRecording' });
    }
  }

  private because(reason: StopReason): StopReason {
    this.lastReason = reason;
    return reason;
  }
}
