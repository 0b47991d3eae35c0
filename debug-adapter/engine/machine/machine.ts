import { assertNever } from '../base/assert.ts';
import type { Position } from '../base/quantities.ts';
import type { State } from '../base/state.ts';
import type { Drive } from '../block/drive.ts';
import { type AccessBytes, Board, wireDrives } from './board.ts';
import type { BootPlan } from './boot/bootPlan.ts';
import { instructionSet, ISA } from './cpu/extensions.ts';
import { Hart } from './cpu/hart.ts';
import { HartBanks } from './cpu/hartBanks.ts';
import { MMU } from './cpu/satp.ts';
import { Deadlines } from './deadlines.ts';
import type { FinisherRequest } from './devices/finisher.ts';
import { GuestRam } from './guestRam.ts';
import { HartInterrupts } from './hartInterrupts.ts';
import { type Inputs, type InputStatus, type OutsideEvent, PC_REGISTER } from './inputs.ts';
import { type DigestPart, machineDigest } from './machineDigest.ts';
import type { MachineOptions } from './machineOptions.ts';
import { PowerOn } from './powerOn.ts';
import { NO_STOP_POINTS, type StopPoints, type WatchHit } from './stopPoints.ts';
import { semihostingOf } from './semihosting/semihostingOf.ts';
import { Turns } from './turns.ts';
import type { Watcher } from './watcher.ts';

/**
 * The whole machine: harts, the virt board, RAM, drives. Deterministic: the same boot, drives and inputs give the same
 * state at every position. `run` advances it step by step to a position; between any two calls it stands exactly
 * between two steps. Harts take turns (turns.ts): a step of any of them is a step of the machine.
 *
 * A boundary is a moment between steps where `run` looks around, in this order: outside events, a reset, timed devices,
 * interrupts, idle time. Each of these that happens is one step. Where boundaries fall besides the needed ones changes
 * nothing.
 */
export type MachineStop =
  /** The position asked for. */
  | { kind: 'reached' }
  /** The guest wrote to the finisher: it ended, or asked for a reset where that ends the run. */
  | { kind: 'finished'; finish: FinisherRequest }
  /** Every hart waits for an interrupt and nothing that is known will ever raise one. */
  | { kind: 'stuck' }
  /** The caller wants to do something else first. */
  | { kind: 'paused' }
  /** The next instruction is at a breakpoint. */
  | { kind: 'breakpoint'; pc: bigint }
  /** The last step touched watched bytes. */
  | { kind: 'watchpoint'; hits: WatchHit[] };

/** New layouts get a new number in the same commit (see CONTRIBUTING.md). */
export const MACHINE_STATE_VERSION = 3;
/** The layout that goes with the devices of recordings of formats 2 to 4. */
const STATE_VERSION_BEFORE5 = 2;

export interface RunOptions {
  /** A breakpoint right where the run begins stops it, too. */
  stopsAtStart?: boolean;
}

export class Machine {
  /** The one whose step is next. */
  readonly hart: Hart;
  readonly harts: HartBanks;
  readonly ram: GuestRam;
  readonly board: Board;
  readonly drives: readonly Drive[];
  /** Of the saved state: its layout goes with the devices. */
  readonly stateVersion: number;
  /** Where outside events come from; replaced when a session goes from recording to looking back. */
  inputs: Inputs;
  private currentPosition: Position = 0;
  /** Virtual time minus position: idle advances and clock jumps. */
  private clockOffsetNanoseconds = 0;
  private isRunning = false;
  /** What the inputs said at this boundary. */
  private nextInput: Position = 0;
  private power: PowerOn;
  private status: InputStatus;
  private watcher: Watcher;
  private stopPoints: StopPoints = NO_STOP_POINTS;
  /** The breakpoint at which the last run stopped; and where a run began, where it is not to stop again. */
  private breakpointAt: bigint | undefined;
  private runFrom: Position = 0;
  /** Where the last run paused; -1 when it did not, or when it cannot simply go on. */
  private pausedAt: Position = -1;
  private interrupts: HartInterrupts;
  private deadlines: Deadlines;
  private turns: Turns;

  constructor(options: MachineOptions) {
    this.drives = options.drives;
    this.inputs = options.inputs;
    this.stateVersion = options.devices === 'before5' ? STATE_VERSION_BEFORE5 : MACHINE_STATE_VERSION;
    const { memoryBytes, decodePoolPages, translationThreshold } = options;
    const instructions = instructionSet(options.isa ?? ISA);
    const mmu = options.mmu ?? MMU;
    this.hart = new Hart({ memoryBytes, instructions, mmu, bus: this, decodePoolPages, translationThreshold });
    this.harts = new HartBanks(this.hart, options.harts ?? 1);
    this.ram = new GuestRam(this.hart);
    this.watcher = this.ram.makeWatcher();
    const clock = {
      now: () => this.nanosecondsInStep(),
      position: () => this.positionInStep(),
      attention: () => this.hart.requestAttention(),
      linesFell: () => this.updateInterruptLines(),
    };
    this.board = new Board({
      clock,
      harts: this.harts.count,
      memory: this.ram,
      drives: options.drives,
      wiring: options.wiring ?? wireDrives(options.drives.map(() => ({}))),
      rng: options.rng ?? false,
      noReboot: options.noReboot ?? false,
      semihosting: options.semihosting ? semihostingOf(this, clock, options) : undefined,
      outside: {
        hostTime: () => this.inputs.hostTime(this.positionInStep()),
        entropy: (lengthBytes) => this.inputs.entropy(this.positionInStep(), lengthBytes),
      },
      transmit: (byte) => options.onConsoleByte(byte, this.positionInStep(), 0),
      generation: options.devices,
    });
    this.interrupts = new HartInterrupts(this.harts, this.board);
    this.deadlines = new Deadlines(this.board, this.interrupts);
    this.turns = new Turns(this.harts, this.interrupts);
    this.power = new PowerOn(this);
    this.status = {
      position: 0,
      nanoseconds: 0,
      consoleReadyNanoseconds: Infinity,
      idle: false,
      wakeNanoseconds: Infinity,
    };
  }

  /** Of the step in progress, for who looks at a breakpoint in the middle of a run. */
  get position(): Position {
    return this.positionInStep();
  }

  /** Virtual time since power-on. */
  get nanoseconds(): number {
    return this.currentPosition + this.clockOffsetNanoseconds;
  }

  /** Instructions that all harts retired since power-on. */
  get instructions(): number {
    return this.harts.retired(this.currentPosition);
  }

  /** The same, by one hart. */
  instructionsOf(hart: number): number {
    return this.harts.retiredBy(hart, this.currentPosition);
  }

  /** Where the turn of the current hart began, and where it ends at the latest; one hart alone has one for ever. */
  get turn(): { start: Position; end: Position } {
    return this.turns.current;
  }

  /** The number of the hart whose step is next. */
  get currentHart(): number {
    return this.harts.current;
  }

  /** Once, before the first step. */
  powerOn(plan: BootPlan): void {
    this.power.apply(plan);
    this.board.semihosting?.powerOn(plan);
  }

  /** Replaces the stop points of all runs from now on. */
  setStopPoints(points: StopPoints): void {
    if (points === this.stopPoints) return;
    this.stopPoints = points;
    this.pausedAt = -1;
    this.hart.setBreakOffsets(pageOffsets(points.breakpoints));
    this.watcher.set(points.watchpoints);
    this.hart.setReadsWatched(points.watchpoints.some(({ access }) => access !== 'write'));
    this.hart.flushAll();
  }

  /**
   * Advances to `until`, or until the guest ends, or a stop point is hit, or `wantsPause` says so at a boundary. A
   * breakpoint at the very start of a run does not stop it, unless `stopsAtStart`: whoever stands there wants to go on.
   */
  run(until: Position, wantsPause: () => boolean = never, options: RunOptions = {}): MachineStop {
    if (options.stopsAtStart) this.runFrom = -1;
    // A run that paused goes on as the same run: what it had come to when it paused still stops it.
    else if (this.pausedAt !== this.currentPosition) this.runFrom = this.currentPosition;
    this.pausedAt = -1;
    this.breakpointAt = undefined;
    while (this.currentPosition < until) {
      const hits = this.watcher.takeHits();
      if (hits.length > 0) return { kind: 'watchpoint', hits };
      if (wantsPause()) {
        this.pausedAt = this.currentPosition;
        return { kind: 'paused' };
      }
      const finish = this.board.finisher.result;
      if (finish) return { kind: 'finished', finish };
      this.updateInterruptLines();
      // While one hart has something to do it is its turn.
      const idle = this.hart.isWaiting && this.hart.enabledPending === 0;
      if (this.deliverEvent(idle) || this.reset() || this.actTimedDevice() || this.takeInterrupt()) continue;
      if (idle) {
        if (!this.skipIdleTime()) return { kind: 'stuck' };
        continue;
      }
      const wokenAt = this.hart.isWaiting ? this.currentPosition : undefined;
      this.hart.wake();
      this.runHart(until);
      if (this.breakpointAt !== undefined) {
        // Waking is no step: who comes to this position by counting finds a hart that waits.
        if (wokenAt === this.currentPosition) this.hart.setSlot('WAITING', 1n);
        return { kind: 'breakpoint', pc: this.breakpointAt };
      }
    }
    const hits = this.watcher.takeHits();
    if (hits.length > 0) return { kind: 'watchpoint', hits };
    const finish = this.board.finisher.result;
    return finish ? { kind: 'finished', finish } : { kind: 'reached' };
  }

  /** Delivers an event that the debugger makes, as the next step. Live machines only: whoever calls records it. */
  inject(event: OutsideEvent): void {
    this.deliver(event);
  }

  // --- what happens at a boundary ------------------------------------------------------------------------------------

  private deliverEvent(idle: boolean): boolean {
    const status = this.updateStatus(idle);
    this.nextInput = this.inputs.nextPosition(status);
    if (!idle && this.nextInput > this.currentPosition) return false;
    const event = this.inputs.take(status);
    if (event) this.deliver(event);
    return event !== undefined;
  }

  private deliver(event: OutsideEvent): void {
    switch (event.kind) {
      case 'consoleInput':
        this.board.console.receive(event.byte);
        break;
      case 'clockJump':
        this.clockOffsetNanoseconds += event.nanoseconds;
        break;
      case 'memoryWrite':
        this.ram.write(event.address, event.bytes);
        this.hart.core.flushPaged();
        break;
      case 'registerWrite':
        if (event.register === PC_REGISTER) this.hart.setSlot('PC', event.value & ~1n);
        else this.hart.setRegister(event.register, event.value);
        break;
      default:
        assertNever(event);
    }
    this.countStep();
  }

  /** The guest asked for it. */
  private reset(): boolean {
    if (!this.board.finisher.wantsReset) return false;
    this.power.reset(this.currentPosition);
    this.turns.begin(0, this.currentPosition);
    this.countStep();
    return true;
  }

  private actTimedDevice(): boolean {
    const due = this.deadlines.earliestDevice();
    if (!due || due.deadline() > this.nanoseconds) return false;
    due.act();
    this.countStep();
    return true;
  }

  private takeInterrupt(): boolean {
    const cause = this.hart.pendingInterrupt();
    if (cause < 0) return false;
    this.hart.takeInterrupt(cause);
    this.currentPosition++;
    this.settleTurn();
    return true;
  }

  /** Advances the clock to what ends the wait; false when nothing ever will. */
  private skipIdleTime(): boolean {
    const wake = this.deadlines.wake();
    if (wake === Infinity) return false;
    this.clockOffsetNanoseconds += wake - this.nanoseconds;
    this.countStep();
    return true;
  }

  private runHart(until: Position): void {
    const from = this.currentPosition;
    this.hart.setClock({
      offsetNanoseconds: this.clockOffsetNanoseconds,
      tickDelta: this.board.clint.tickDelta,
    });
    this.isRunning = true;
    try {
      this.currentPosition = from + this.hart.run(from, this.budget(until));
    } finally {
      this.isRunning = false;
    }
    this.settleTurn();
  }

  /** Steps until something other than instructions is due. */
  private budget(until: Position): number {
    const due = this.deadlines.next(this.currentHart, this.nanoseconds) - this.clockOffsetNanoseconds;
    const next = Math.min(until, this.turns.end, this.nextInput, due);
    return Math.min(MAX_BUDGET, Math.max(1, next - this.currentPosition));
  }

  private updateInterruptLines(): void {
    this.hart.setInterruptLines(this.interrupts.lines(this.currentHart, this.nanoseconds));
  }

  private updateStatus(idle: boolean): InputStatus {
    const { status } = this;
    status.position = this.currentPosition;
    status.nanoseconds = this.nanoseconds;
    status.consoleReadyNanoseconds = this.board.consoleReadyNanoseconds();
    status.idle = idle;
    status.wakeNanoseconds = idle ? this.deadlines.wake() : Infinity;
    return status;
  }

  /** A step that is not the hart's. */
  private countStep(): void {
    this.currentPosition++;
    this.hart.countUnretiredStep();
    this.settleTurn();
  }

  /** After every step: another hart's turn may have come. */
  private settleTurn(): void {
    this.turns.settle(this.currentPosition, this.nanoseconds);
  }

  private positionInStep(): Position {
    return this.isRunning ? this.hart.positionInRun() : this.currentPosition;
  }

  private nanosecondsInStep(): number {
    return this.positionInStep() + this.clockOffsetNanoseconds;
  }

  // --- the bus, for the hart -----------------------------------------------------------------------------------------

  read(address: number, sizeBytes: AccessBytes): number | undefined {
    return this.board.read(address, sizeBytes);
  }

  write(address: number, value: number, sizeBytes: AccessBytes): boolean {
    return this.board.write(address, value, sizeBytes);
  }

  get upperHalf(): number {
    return this.board.upperHalf;
  }

  set upperHalf(value: number) {
    this.board.upperHalf = value;
  }

  semihost(): boolean {
    return this.board.semihosting?.call() ?? false;
  }

  atBreakpoint(pc: bigint): boolean {
    const { breakpoints, accepts } = this.stopPoints;
    if (this.positionInStep() === this.runFrom || !breakpoints.has(pc)) return false;
    if (accepts && !accepts(pc)) return false;
    this.breakpointAt = pc;
    return true;
  }

  watched(access: 'read' | 'write', offset: number, lengthBytes: number): void {
    if (this.watcher.touched(access, offset, lengthBytes, this.positionInStep())) this.hart.requestAttention();
  }

  // --- state ---------------------------------------------------------------------------------------------------------

  /** Everything but RAM's and the drives' bytes. */
  saveState(): State {
    const devices: State = {};
    for (const device of this.board.devices) devices[device.name] = device.saveState();
    const drives: State = {};
    for (const drive of this.drives) drives[drive.id] = drive.saveState();
    const harts: State = {};
    for (let i = 0; i < this.harts.count; i++) harts[hartName(i)] = this.harts.saveState(i, this.currentPosition);
    return {
      version: this.stateVersion,
      position: this.currentPosition,
      clockOffsetNanoseconds: this.clockOffsetNanoseconds,
      // One hart has all turns.
      ...(this.harts.count > 1 ? { turn: this.turns.saveState() } : {}),
      ...harts,
      devices,
      drives,
    };
  }

  /** Takes what `saveState` gave; RAM and drives are put back by whoever keeps them. */
  loadState(state: State): void {
    this.currentPosition = state.position as number;
    this.pausedAt = -1;
    this.clockOffsetNanoseconds = state.clockOffsetNanoseconds as number;
    const turn = (state.turn ?? { hart: 0, endsAt: 0 }) as State;
    const harts = Array.from({ length: this.harts.count }, (_, i) => state[hartName(i)] as State);
    this.harts.loadStates(harts, { current: turn.hart as number, position: this.currentPosition });
    this.turns.loadState(turn);
    const devices = state.devices as State;
    for (const device of this.board.devices) device.loadState(devices[device.name] as State);
    const drives = state.drives as State;
    for (const drive of this.drives) drive.loadState(drives[drive.id] as State);
  }

  /** Digests of all that makes up the state, by part. Costs what changed since the last call. */
  digestParts(): DigestPart[] {
    return machineDigest(this);
  }
}

const never = (): boolean => false;

/** Within their pages. Instructions begin at even addresses: a breakpoint anywhere else is never come to. */
function pageOffsets(addresses: Iterable<bigint>): Set<number> {
  const offsets = new Set<number>();
  for (const address of addresses) if ((address & 1n) === 0n) offsets.add(Number(address & 0xfffn));
  return offsets;
}

/** Of a hart's state and digest. */
export const hartName = (hart: number): string => `hart${hart}`;

/** Half a millisecond to some: `wantsPause` is asked that often, even when the guest has no timer at all. */
const MAX_BUDGET = 1 << 20;
