import { assert } from '../base/assert.ts';
import type { GuestAddress, Position } from '../base/quantities.ts';
import { badAddress, noHistory, positionOutside } from '../../messages/session.ts';
import { PC_REGISTER } from '../machine/inputs.ts';
import { Inspector } from '../machine/inspector.ts';
import type { RunOptions } from '../machine/machine.ts';
import { NO_STOP_POINTS, type StopPoints, type Watchpoint } from '../machine/stopPoints.ts';
import type { Timeline, TimelineStop } from '../timeline/timeline.ts';
import type { TravelStop } from '../timeline/timeTravel.ts';
import type { Run, WantsPause } from './run.ts';
import type { BreakpointId, StopReason } from './stopReason.ts';

const never: WantsPause = () => false;
const always = (): boolean => true;

interface Breakpoint {
  address: bigint;
  matches: () => boolean;
}

/** A range of virtual addresses to watch. */
export interface DataBreakpoint {
  id: BreakpointId;
  address: bigint;
  lengthBytes: number;
  access: Watchpoint['access'];
}

/**
 * A debugging session, independent of any protocol: breakpoints, running and stepping by instruction in both
 * directions, and inspecting state. Front ends only translate their protocol into these calls. All calls are
 * synchronous.
 */
export class Session {
  readonly timeline: Timeline;
  readonly inspector: Inspector;
  private breakpoints = new Map<BreakpointId, Breakpoint>();
  private watchpoints = new Map<BreakpointId, Watchpoint>();
  private nextId: BreakpointId = 1;
  private cachedStopPoints: StopPoints | undefined;
  private cachedWatchpoints: StopPoints | undefined;
  private lastReason: StopReason = { kind: 'entry' };

  constructor(timeline: Timeline) {
    this.timeline = timeline;
    this.inspector = new Inspector(timeline.machine);
  }

  get position(): Position {
    return this.timeline.position;
  }

  /** Why the machine is stopped. */
  get reason(): StopReason {
    return this.lastReason;
  }

  /** Sets the stop reason for a step that consists of several runs. */
  set reason(reason: StopReason) {
    this.lastReason = reason;
  }

  /** Whether the timeline has a recorded history, so that the machine can go back. */
  get hasHistory(): boolean {
    return this.timeline.travel !== undefined;
  }

  // --- stop points -----------------------------------------------------------------------------------------------------

  /**
   * Adds a breakpoint on a virtual address. `matches` is its condition, which is evaluated whenever the machine reaches
   * the address, because several programs may have code at this address. The condition must not modify anything.
   */
  addBreakpoint(address: bigint, matches: () => boolean = always): BreakpointId {
    const id = this.nextId++;
    this.breakpoints.set(id, { address, matches });
    this.cachedStopPoints = undefined;
    return id;
  }

  /**
   * Adds a data breakpoint on bytes of memory. The virtual address is translated only once, when the breakpoint is
   * added. The breakpoint then watches these bytes of RAM, whichever address is used to access them.
   */
  breakpoint(wanted: Omit<DataBreakpoint, 'id'>): BreakpointId {
    const address = this.physical(wanted.address, wanted.lengthBytes);
    const id = this.nextId++;
    this.watchpoints.set(id, { id, address, lengthBytes: wanted.lengthBytes, access: wanted.access });
    this.cachedStopPoints = undefined;
    return id;
  }

  removeBreakpoint(id: BreakpointId): void {
    this.breakpoints.delete(id);
    this.watchpoints.delete(id);
    this.cachedStopPoints = undefined;
  }

  // --- running ---------------------------------------------------------------------------------------------------------

  /** Runs forward to the next stop. */
  continue(wantsPause: WantsPause = never): StopReason {
    return this.reasonOf(this.timeline.forward(Infinity, this.stopPoints(), wantsPause));
  }

  /**
   * Runs backward to the previous stop. After a pause, another call continues the search, unless the stop points or the
   * position have changed.
   */
  reverseContinue(wantsPause: WantsPause = never): StopReason {
    return this.reasonOf(this.travel().backward(this.stopPoints(), wantsPause));
  }

  /** Executes one step of the current hart: an instruction, or the trap or interrupt that occurs instead of it. */
  stepInstruction(wantsPause: WantsPause = never): StopReason {
    const hart = this.timeline.machine.currentHart;
    const stop = this.timeline.forward(this.position + 1, this.stepPoints());
    if (stop.kind !== 'reached') return this.reasonOf(stop);
    return this.runToQuantumOf(hart, wantsPause, { stopsAtStart: true });
  }

  /**
   * Runs forward until this hart is about to execute the next step. The user's breakpoints also apply while the other
   * harts run. After a pause, another call continues the run.
   */
  runToQuantumOf(hart: number, wantsPause: WantsPause = never, options: RunOptions = {}): StopReason {
    return this.reasonOf(this.forwardToQuantumOf(hart, this.stopPoints(), wantsPause, options), { kind: 'step' });
  }

  /**
   * Like `runToQuantumOf`, but ignores all stop points. Returns false if the hart is waiting for an interrupt, or if
   * the machine ends first; the position may then have advanced.
   */
  skipToQuantumOf(hart: number): boolean {
    if (this.timeline.machine.harts.isWaiting(hart)) return false;
    return this.forwardToQuantumOf(hart, NO_STOP_POINTS).kind === 'reached';
  }

  private forwardToQuantumOf(
    hart: number,
    points: StopPoints,
    wantsPause: WantsPause = never,
    { stopsAtStart }: RunOptions = {},
  ): TimelineStop {
    const { machine } = this.timeline;
    let stop: TimelineStop = { kind: 'reached' };
    while (stop.kind === 'reached' && machine.currentHart !== hart) {
      const until = Math.max(this.position + 1, machine.quantum.end);
      stop = this.timeline.forward(until, points, wantsPause, { stopsAtStart });
      stopsAtStart = true;
    }
    return stop;
  }

  /**
   * Goes back to the position before a hart's last step. After a pause in another hart's quantum, another call
   * continues the step.
   */
  stepBackInstruction(hart = this.timeline.machine.currentHart, wantsPause: WantsPause = never): StopReason {
    const travel = this.travel();
    const { machine } = this.timeline;
    if (this.position === travel.start) return this.setReason({ kind: 'startOfRecording' });
    if (machine.currentHart === hart) travel.seekTo(this.position - 1);
    // Another hart executed the last step: go back over its whole quantum.
    while (machine.currentHart !== hart && this.position > travel.start) {
      if (wantsPause()) return this.setReason({ kind: 'pause' });
      travel.seekTo(Math.max(travel.start, machine.quantum.start - 1));
    }
    return this.setReason({ kind: machine.currentHart === hart ? 'step' : 'startOfRecording' });
  }

  /** Goes to a position within the history. If paused, the machine stops at an intermediate position. */
  goTo(position: Position, wantsPause: WantsPause = never): StopReason {
    const travel = this.travel();
    const { start, end } = travel;
    if (!Number.isSafeInteger(position) || position < start || position > end) {
      throw positionOutside({ position, start, end });
    }
    return this.setReason({ kind: travel.seekTo(position, wantsPause) ? 'goto' : 'pause' });
  }

  /** Writes guest memory at the live end, either all bytes or none. The write is recorded as one step for each page. */
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

  /**
   * Writes an integer register, or the program counter as register 32, at the live end. The write is one recorded step.
   */
  writeRegister(register: number, value: bigint): void {
    assert(register >= 0 && register <= PC_REGISTER, 'there is no such register');
    if (register > 0) this.timeline.inject({ kind: 'registerWrite', register, value: BigInt.asUintN(64, value) });
  }

  /**
   * Runs until the machine is at one of the addresses and `condition` holds, or until it reaches one of the user's stop
   * points. Source steps are built from such runs.
   */
  runTo(addresses: readonly bigint[], condition: () => boolean, wantsPause: WantsPause = never): StopReason {
    return this.reasonOf(this.timeline.forward(Infinity, this.pointsWith(addresses, condition), wantsPause));
  }

  /** Like `runTo`, but runs backward to the last such position. After a pause, the run continues its search. */
  runBackTo(addresses: readonly bigint[], condition: () => boolean): Run {
    let ofUser: StopPoints | undefined;
    let points: StopPoints | undefined;
    return {
      resume: (wantsPause) => {
        if (ofUser !== this.stopPoints()) points = undefined;
        ofUser = this.stopPoints();
        points ??= this.pointsWith(addresses, condition);
        return this.reasonOf(this.travel().backward(points, wantsPause));
      },
    };
  }

  /** Like `runBackTo`, but ignores the user's stop points. */
  searchBackwards(addresses: readonly bigint[], condition: () => boolean, wantsPause: WantsPause = never): StopReason {
    const points = { breakpoints: new Set(addresses), watchpoints: [], condition };
    return this.reasonOf(this.travel().backward(points, wantsPause));
  }

  get hasStopPoints(): boolean {
    return this.breakpoints.size + this.watchpoints.size > 0;
  }

  /** The user's breakpoints at the address, if their conditions hold. */
  breakpointsAt(pc: bigint): BreakpointId[] {
    return [...this.breakpoints].filter(([, { address, matches }]) => address === pc && matches()).map(([id]) => id);
  }

  // --- helpers ---------------------------------------------------------------------------------------------------------

  private travel() {
    const { travel } = this.timeline;
    if (!travel) throw noHistory();
    return travel;
  }

  private stopPoints(): StopPoints {
    return (this.cachedStopPoints ??= {
      breakpoints: new Set([...this.breakpoints.values()].map(({ address }) => address)),
      watchpoints: [...this.watchpoints.values()],
      condition: (pc) => this.breakpointsAt(pc).length > 0,
    });
  }

  /**
   * The watchpoints alone, without the breakpoints. Returns the same object for every step, because changing the stop
   * points discards all translated code.
   */
  private stepPoints(): StopPoints {
    const { watchpoints } = this.stopPoints();
    if (this.cachedWatchpoints?.watchpoints !== watchpoints) {
      this.cachedWatchpoints = { breakpoints: new Set(), watchpoints };
    }
    return this.cachedWatchpoints;
  }

  private pointsWith(addresses: readonly bigint[], condition: () => boolean): StopPoints {
    const { breakpoints, watchpoints } = this.stopPoints();
    return {
      breakpoints: new Set([...breakpoints, ...addresses]),
      watchpoints,
      condition: (pc) => this.breakpointsAt(pc).length > 0 || condition(),
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

  private reasonOf(stop: TimelineStop | TravelStop, reached: StopReason = { kind: 'goto' }): StopReason {
    switch (stop.kind) {
      case 'reached':
        return this.setReason(reached);
      case 'paused':
        return this.setReason({ kind: 'pause' });
      case 'breakpoint':
        return this.setReason({ kind: 'breakpoint', ids: this.breakpointsAt(stop.pc), pc: stop.pc });
      case 'watchpoint':
        return this.setReason({
          kind: 'dataBreakpoint',
          hits: stop.hits.map(({ id, access, oldBytes, newBytes, position }) => {
            return { id, access, before: oldBytes, after: newBytes, position };
          }),
        });
      case 'startOfRecording':
        return this.setReason({ kind: 'startOfRecording' });
      case 'ended':
        return this.setReason(
          stop.end.reason === 'endOfRecording' ? { kind: 'endOfRecording' } : { kind: 'ended', end: stop.end },
        );
      default:
        return this.setReason({ kind: 'endOfRecording' });
    }
  }

  private setReason(reason: StopReason): StopReason {
    this.lastReason = reason;
    return reason;
  }
}
