import { assertNever } from '../base/assert.ts';
import type { Position } from '../base/quantities.ts';
import type { State } from '../base/state.ts';
import type { Drive } from '../block/drive.ts';
import { type AccessBytes, Board, assignSlots } from './board.ts';
import type { BootPlan } from './boot/bootPlan.ts';
import { instructionSet, ISA } from './cpu/extensions.ts';
import { Hart } from './cpu/hart.ts';
import { HartContexts } from './cpu/hartContexts.ts';
import { MMU } from './cpu/satp.ts';
import { Deadlines } from './deadlines.ts';
import type { TestDeviceRequest } from './devices/testDevice.ts';
import { GuestRam } from './guestRam.ts';
import { HartInterrupts } from './hartInterrupts.ts';
import { type Inputs, type InputStatus, type OutsideEvent, PC_REGISTER } from './inputs.ts';
import { type DigestPart, machineDigest } from './machineDigest.ts';
import type { MachineOptions } from './machineOptions.ts';
import { PowerOnState } from './powerOn.ts';
import { NO_STOP_POINTS, type StopPoints, type WatchHit } from './stopPoints.ts';
import { createSemihosting } from './semihosting/createSemihosting.ts';
import { HartScheduler } from './hartScheduler.ts';
import type { Watchpoints } from './watcher.ts';

/** The reason why `run` returned. */
export type MachineStop =
  /** The requested position was reached. */
  | { kind: 'reached' }
  /** The guest wrote to the test device to stop the machine, or to request a reset if a reset ends the run. */
  | { kind: 'finished'; finish: TestDeviceRequest }
  /** All harts are waiting for an interrupt, and no interrupt can occur. */
  | { kind: 'haltedForever' }
  /** `wantsPause` returned true. */
  | { kind: 'paused' }
  /** The next instruction is at a breakpoint. */
  | { kind: 'breakpoint'; pc: bigint }
  /** The last step accessed watched bytes. */
  | { kind: 'watchpoint'; hits: WatchHit[] };

/** The saved state's layout version. A commit that changes the layout also changes this (see CONTRIBUTING.md). */
export const MACHINE_STATE_VERSION = 3;
/** The layout version for the devices that replay recordings in formats 2 to 4. */
const STATE_VERSION_BEFORE5 = 2;

export interface RunOptions {
  /** Whether a breakpoint at the position at which the run begins also stops the run. */
  stopsAtStart?: boolean;
}

/**
 * The whole machine: harts, the virt board, RAM and drives. It is deterministic: the same boot files, drives and inputs
 * give the same state at every position. `run` executes steps up to a position; between two calls, the machine is
 * always between two steps. Harts are scheduled round-robin (hartScheduler.ts). A hart's steps count as machine steps.
 *
 * At a boundary between two steps, `run` checks, in this order, for outside events, a reset, timed devices, interrupts
 * and idle time. Handling any of these is one step. Additional boundaries do not change the execution.
 */
export class Machine {
  /** The core, loaded with the hart that executes the next step. */
  readonly hart: Hart;
  readonly harts: HartContexts;
  readonly ram: GuestRam;
  readonly board: Board;
  readonly drives: readonly Drive[];
  /** The version of the saved state's layout, which depends on the devices. */
  readonly stateVersion: number;
  /** The source of outside events; replaced when a session switches from recording to replaying history. */
  inputs: Inputs;
  private currentPosition: Position = 0;
  /** Virtual time minus position, in nanoseconds: the sum of idle advances and clock jumps. */
  private clockOffsetNanoseconds = 0;
  private isRunning = false;
  /** The result of `nextPosition` at the last boundary. */
  private nextInputPosition: Position = 0;
  private powerOnState: PowerOnState;
  private status: InputStatus;
  private watcher: Watchpoints;
  private stopPoints: StopPoints = NO_STOP_POINTS;
  /** The breakpoint at which the last run stopped. */
  private lastBreakpoint: bigint | undefined;
  /** The position at which the last run began. A breakpoint at this position does not stop the run. */
  private runStart: Position = 0;
  /** The position at which the last run paused; -1 if it did not pause or cannot be continued. */
  private pausePosition: Position = -1;
  private interrupts: HartInterrupts;
  private deadlines: Deadlines;
  private scheduler: HartScheduler;

  constructor(options: MachineOptions) {
    this.drives = options.drives;
    this.inputs = options.inputs;
    this.stateVersion = options.devices === 'before5' ? STATE_VERSION_BEFORE5 : MACHINE_STATE_VERSION;
    const { memoryBytes, decodePoolPages, translationThreshold } = options;
    const instructions = instructionSet(options.isa ?? ISA);
    const mmu = options.mmu ?? MMU;
    this.hart = new Hart({ memoryBytes, instructions, mmu, bus: this, decodePoolPages, translationThreshold });
    this.harts = new HartContexts(this.hart, options.harts ?? 1);
    this.ram = new GuestRam(this.hart);
    this.watcher = this.ram.createWatchpoints();
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
      driveSlots: options.driveSlots ?? assignSlots(options.drives.map(() => ({}))),
      rng: options.rng ?? false,
      noReboot: options.noReboot ?? false,
      semihosting: options.semihosting ? createSemihosting(this, clock, options) : undefined,
      host: {
        hostTime: () => this.inputs.hostTime(this.positionInStep()),
        entropy: (lengthBytes) => this.inputs.entropy(this.positionInStep(), lengthBytes),
      },
      transmit: (byte) => options.onConsoleByte(byte, this.positionInStep(), 0),
      generation: options.devices,
    });
    this.interrupts = new HartInterrupts(this.harts, this.board);
    this.deadlines = new Deadlines(this.board, this.interrupts);
    this.scheduler = new HartScheduler(this.harts, this.interrupts);
    this.powerOnState = new PowerOnState(this);
    this.status = {
      position: 0,
      nanoseconds: 0,
      consoleReadyNanoseconds: Infinity,
      idle: false,
      wakeNanoseconds: Infinity,
    };
  }

  /** During a run, includes the steps executed so far, so that a breakpoint condition sees the exact position. */
  get position(): Position {
    return this.positionInStep();
  }

  /** Virtual time since power-on, in nanoseconds. */
  get nanoseconds(): number {
    return this.currentPosition + this.clockOffsetNanoseconds;
  }

  /** The number of instructions retired by all harts since power-on. */
  get instructions(): number {
    return this.harts.retired(this.currentPosition);
  }

  /** The number of instructions retired by one hart since power-on. */
  instructionsOf(hart: number): number {
    return this.harts.retiredBy(hart, this.currentPosition);
  }

  /** The start and the latest end of the current hart's quantum. With a single hart, the quantum is unlimited. */
  get quantum(): { start: Position; end: Position } {
    return this.scheduler.current;
  }

  /** The number of the hart that executes the next step. */
  get currentHart(): number {
    return this.harts.current;
  }

  /** Loads the boot files. Called once, before the first step. */
  powerOn(plan: BootPlan): void {
    this.powerOnState.boot(plan);
    this.board.semihosting?.powerOn(plan);
  }

  /** Replaces the stop points for all later runs. */
  setStopPoints(points: StopPoints): void {
    if (points === this.stopPoints) return;
    this.stopPoints = points;
    this.pausePosition = -1;
    this.hart.setBreakOffsets(pageOffsets(points.breakpoints));
    this.watcher.set(points.watchpoints);
    this.hart.setReadsWatched(points.watchpoints.some(({ access }) => access !== 'write'));
    this.hart.flushAll();
  }

  /**
   * Runs until position `until` is reached, the guest ends, a stop point is hit, or `wantsPause` returns true at a
   * boundary. Unless `stopsAtStart` is set, a breakpoint at the start of a run does not stop it, so that a run can
   * continue from a breakpoint.
   */
  run(until: Position, wantsPause: () => boolean = never, options: RunOptions = {}): MachineStop {
    if (options.stopsAtStart) this.runStart = -1;
    // After a pause, the same run continues. If the run paused at a breakpoint, that breakpoint still stops the run.
    else if (this.pausePosition !== this.currentPosition) this.runStart = this.currentPosition;
    this.pausePosition = -1;
    this.lastBreakpoint = undefined;
    while (this.currentPosition < until) {
      const hits = this.watcher.takeHits();
      if (hits.length > 0) return { kind: 'watchpoint', hits };
      if (wantsPause()) {
        this.pausePosition = this.currentPosition;
        return { kind: 'paused' };
      }
      const finish = this.board.testDevice.result;
      if (finish) return { kind: 'finished', finish };
      this.updateInterruptLines();
      // If any hart can run, the scheduler has already selected such a hart.
      const idle = this.hart.isWaiting && this.hart.enabledPending === 0;
      if (this.deliverEvent(idle) || this.reset() || this.actTimedDevice() || this.takeInterrupt()) continue;
      if (idle) {
        if (!this.skipIdleTime()) return { kind: 'haltedForever' };
        continue;
      }
      const wakePosition = this.hart.isWaiting ? this.currentPosition : undefined;
      this.hart.wake();
      this.runHart(until);
      if (this.lastBreakpoint !== undefined) {
        // Waking a hart is not a step, so in a replay that stops at this position the hart is still waiting.
        if (wakePosition === this.currentPosition) this.hart.setSlot('WAITING', 1n);
        return { kind: 'breakpoint', pc: this.lastBreakpoint };
      }
    }
    const hits = this.watcher.takeHits();
    if (hits.length > 0) return { kind: 'watchpoint', hits };
    const finish = this.board.testDevice.result;
    return finish ? { kind: 'finished', finish } : { kind: 'reached' };
  }

  /** Delivers an event from the debugger as the next step. For live machines only; the caller records the event. */
  inject(event: OutsideEvent): void {
    this.deliver(event);
  }

  // --- boundaries ----------------------------------------------------------------------------------------------------

  private deliverEvent(idle: boolean): boolean {
    const status = this.updateStatus(idle);
    this.nextInputPosition = this.inputs.nextPosition(status);
    if (!idle && this.nextInputPosition > this.currentPosition) return false;
    const event = this.inputs.takeEvent(status);
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

  /** Performs a reset that the guest has requested. */
  private reset(): boolean {
    if (!this.board.testDevice.wantsReset) return false;
    this.powerOnState.reset(this.currentPosition);
    this.scheduler.switchTo(0, this.currentPosition);
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
    this.settleSchedule();
    return true;
  }

  /** Advances the clock to the event that ends the wait; returns false if no event can end it. */
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
    this.settleSchedule();
  }

  /** The number of steps until something other than an instruction is due. */
  private budget(until: Position): number {
    const due = this.deadlines.next(this.currentHart, this.nanoseconds) - this.clockOffsetNanoseconds;
    const next = Math.min(until, this.scheduler.end, this.nextInputPosition, due);
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

  /** Counts a step that no hart executes. */
  private countStep(): void {
    this.currentPosition++;
    this.hart.countUnretiredStep();
    this.settleSchedule();
  }

  /** Called after every step, because the quantum may have ended. */
  private settleSchedule(): void {
    this.scheduler.schedule(this.currentPosition, this.nanoseconds);
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
    const { breakpoints, condition } = this.stopPoints;
    if (this.positionInStep() === this.runStart || !breakpoints.has(pc)) return false;
    if (condition && !condition(pc)) return false;
    this.lastBreakpoint = pc;
    return true;
  }

  watched(access: 'read' | 'write', offset: number, lengthBytes: number): void {
    if (this.watcher.recordAccess(access, offset, lengthBytes, this.positionInStep())) this.hart.requestAttention();
  }

  // --- state ---------------------------------------------------------------------------------------------------------

  /** The state, except for the contents of RAM and drives. */
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
      // A single hart needs no scheduler state.
      ...(this.harts.count > 1 ? { turn: this.scheduler.saveState() } : {}),
      ...harts,
      devices,
      drives,
    };
  }

  /** Restores the result of `saveState`. The caller restores RAM and drives. */
  loadState(state: State): void {
    this.currentPosition = state.position as number;
    this.pausePosition = -1;
    this.clockOffsetNanoseconds = state.clockOffsetNanoseconds as number;
    const turn = (state.turn ?? { hart: 0, endsAt: 0 }) as State;
    const harts = Array.from({ length: this.harts.count }, (_, i) => state[hartName(i)] as State);
    this.harts.loadStates(harts, { current: turn.hart as number, position: this.currentPosition });
    this.scheduler.loadState(turn);
    const devices = state.devices as State;
    for (const device of this.board.devices) device.loadState(devices[device.name] as State);
    const drives = state.drives as State;
    for (const drive of this.drives) drive.loadState(drives[drive.id] as State);
  }

  /** The digests of the whole state, by part. Only state that has changed since the last call is hashed again. */
  digestParts(): DigestPart[] {
    return machineDigest(this);
  }
}

const never = (): boolean => false;

/**
 * The offsets of the addresses within their pages. Odd addresses are omitted: instructions are at even addresses, so a
 * breakpoint at an odd address is never reached.
 */
function pageOffsets(addresses: Iterable<bigint>): Set<number> {
  const offsets = new Set<number>();
  for (const address of addresses) if ((address & 1n) === 0n) offsets.add(Number(address & 0xfffn));
  return offsets;
}

/** The name of the part of saved state and digests that belongs to a hart. */
export const hartName = (hart: number): string => `hart${hart}`;

/** 0.5 to a few milliseconds of host time: limits the time between calls to `wantsPause` if the guest uses no timer. */
const MAX_BUDGET = 1 << 20;
