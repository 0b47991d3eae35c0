import type { Position } from '../base/quantities.ts';
import type { State } from '../base/state.ts';
import type { Drive } from '../block/drive.ts';
import { ArmedStopPoints } from './armedStopPoints.ts';
import { Board, type MachineControl, assignSlots } from './board.ts';
import type { BootPlan } from './boot/bootPlan.ts';
import { instructionSet, ISA } from './cpu/extensions.ts';
import { Hart } from './cpu/hart.ts';
import { HartContexts } from './cpu/hartContexts.ts';
import { MMU } from './cpu/satp.ts';
import { Deadlines } from './deadlines.ts';
import type { TestDeviceRequest } from './devices/testDevice.ts';
import { GuestRam } from './guestRam.ts';
import { HartInterrupts } from './hartInterrupts.ts';
import { HartScheduler } from './hartScheduler.ts';
import type { Inputs, OutsideEvent } from './inputs.ts';
import { MachineBus } from './machineBus.ts';
// Cycle: an inspector reads a machine's state.
import { MachineInspector } from './machineInspector.ts';
import { MachineClock } from './machineClock.ts';
import { type DigestPart, machineDigest } from './machineDigest.ts';
import type { MachineOptions } from './machineOptions.ts';
import { MACHINE_STATE_VERSION, MachineState, STATE_VERSION_BEFORE5 } from './machineState.ts';
import { OutsideEvents } from './outsideEvents.ts';
import { DevicePorts } from './ports/devicePorts.ts';
import { PowerOnState } from './powerOn.ts';
import { createSemihosting } from './semihosting/createSemihosting.ts';
import type { StepHit, StopPoints, Trap } from '../target/stopPoints.ts';
import type { RunOptions } from '../target/target.ts';

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
  /** The last step hit stop points other than breakpoints and traps. */
  | { kind: 'hit'; hits: StepHit[] }
  /** The next step is a trap. */
  | { kind: 'trap'; trap: Trap; ids: number[] };

/**
 * The whole machine: harts, the virt board, RAM and drives. It is deterministic: the same boot files, drives and inputs
 * give the same state at every position. `run` executes steps up to a position; between two calls, the machine is
 * always between two steps. Harts are scheduled round-robin (hartScheduler.ts). A hart's steps count as machine steps.
 *
 * At a boundary between two steps, `run` checks, in this order, for outside events, a reset, timed devices, interrupts
 * and idle time. Handling any of these is one step. The number of boundaries does not affect execution.
 */
export class Machine {
  /** The core, loaded with the hart that executes the next step. */
  readonly hart: Hart;
  readonly harts: HartContexts;
  readonly ram: GuestRam;
  readonly board: Board;
  readonly drives: readonly Drive[];
  readonly interrupts: HartInterrupts;
  /** The version of the saved state's layout, which depends on the devices. */
  readonly stateVersion: number;
  /** The source of outside events; replaced when a session switches from recording to replaying history. */
  inputs: Inputs;
  private clock: MachineClock;
  private powerOnState: PowerOnState;
  private stopPoints: ArmedStopPoints;
  private deadlines: Deadlines;
  private scheduler: HartScheduler;
  private events: OutsideEvents;
  private state: MachineState;

  constructor(options: MachineOptions) {
    this.drives = options.drives;
    this.inputs = options.inputs;
    this.stateVersion = options.devices === 'before5' ? STATE_VERSION_BEFORE5 : MACHINE_STATE_VERSION;
    const { memoryBytes, decodePoolPages, translationThreshold } = options;
    const instructions = instructionSet(options.isa ?? ISA);
    const mmu = options.mmu ?? MMU;
    const bus = new MachineBus();
    this.hart = new Hart({ memoryBytes, instructions, mmu, bus, decodePoolPages, translationThreshold });
    this.clock = new MachineClock(this.hart);
    this.harts = new HartContexts(this.hart, options.harts ?? 1);
    this.ram = new GuestRam(this.hart);
    const { hart, ram, clock } = this;
    const control: MachineControl = {
      now: () => clock.nanosecondsInStep(),
      position: () => clock.positionInStep(),
      attention: () => hart.requestAttention(),
      linesFell: () => {
        this.updateInterruptLines();
        this.stopPoints.linesFell();
      },
    };
    const print: MachineOptions['onConsoleByte'] = (byte, position, index) => {
      this.stopPoints.printed(byte);
      options.onConsoleByte(byte, position, index);
    };
    this.board = new Board({
      clock: control,
      harts: this.harts.count,
      memory: ram,
      drives: options.drives,
      driveSlots: options.driveSlots ?? assignSlots(options.drives.map(() => ({}))),
      rng: options.rng ?? false,
      noReboot: options.noReboot ?? false,
      semihosting: options.semihosting ? createSemihosting(this, control, print) : undefined,
      ports: new DevicePorts(() => this.inputs, control.position),
      transmit: (byte) => print(byte, clock.positionInStep(), 0),
      onDiskRequest: (drive, command) => this.stopPoints.requested(drive, command),
      generation: options.devices,
    });
    const { board, harts, drives } = this;
    this.interrupts = new HartInterrupts(harts, board);
    const { interrupts } = this;
    this.stopPoints = new ArmedStopPoints({
      ...{ harts, interrupts, ram, clock, watcher: ram.createWatchpoints() },
      inspector: new MachineInspector(this),
    });
    bus.connect(board, this.stopPoints);
    this.deadlines = new Deadlines(board, this.interrupts);
    this.scheduler = new HartScheduler(harts, this.interrupts, clock);
    this.events = new OutsideEvents({ clock, hart, ram, board, deadlines: this.deadlines });
    this.state = new MachineState(this.stateVersion, {
      ...{ clock, harts, scheduler: this.scheduler, board, drives, console: this.stopPoints.console },
    });
    this.powerOnState = new PowerOnState(this);
  }

  /**
   * The current position. During a run, it includes the steps executed so far, so that a breakpoint condition sees the
   * exact position.
   */
  get position(): Position {
    return this.clock.positionInStep();
  }

  /** Virtual time since power-on, in nanoseconds. */
  get nanoseconds(): number {
    return this.clock.nanoseconds;
  }

  /** The number of times that a breakpoint's condition was evaluated outside generated code. */
  get evaluations(): number {
    return this.stopPoints.evaluations;
  }

  /** The number of instructions retired by all harts since power-on. */
  get instructions(): number {
    return this.harts.retired(this.clock.position);
  }

  /** The number of instructions retired by one hart since power-on. */
  instructionsOf(hart: number): number {
    return this.harts.retiredBy(hart, this.clock.position);
  }

  /**
   * The start and the latest possible end of the current hart's quantum. With a single hart, the quantum is unlimited.
   */
  get quantum(): { start: Position; end: Position } {
    return this.scheduler.current;
  }

  /** The number of the hart that executes the next step. */
  get currentHart(): number {
    return this.harts.current;
  }

  /**
   * The hart that inspectors show by default: the current hart or, while the condition for a step's hits is being
   * evaluated, the hart that executed that step.
   */
  get inspectedHart(): number {
    return this.stopPoints.decidingHart ?? this.currentHart;
  }

  /** Loads the boot files. Called once, before the first step. */
  powerOn(plan: BootPlan): void {
    this.powerOnState.boot(plan);
    this.board.semihosting?.powerOn(plan);
  }

  /** Replaces the stop points for all later runs. */
  setStopPoints(points: StopPoints): void {
    this.stopPoints.set(points);
  }

  /**
   * Runs until position `until` is reached, the guest shuts down or halts forever, a stop point is hit, or `wantsPause`
   * returns true at a boundary. Unless `stopsAtStart` is set, a breakpoint or trap at the start of a run does not stop
   * it, so that a run can continue from there.
   */
  run(until: Position, wantsPause: () => boolean = never, options: RunOptions = {}): MachineStop {
    const { clock, hart, stopPoints, board } = this;
    stopPoints.beginRun(options.stopsAtStart ?? false);
    while (clock.position < until) {
      const hits = stopPoints.takeHits();
      if (hits.length > 0) {
        this.updateInterruptLines();
        return { kind: 'hit', hits };
      }
      if (wantsPause()) {
        stopPoints.pauseRun();
        return { kind: 'paused' };
      }
      const finish = board.testDevice.result;
      if (finish) return { kind: 'finished', finish };
      this.updateInterruptLines();
      stopPoints.beginSteps();
      // If any hart can run, the scheduler has already selected such a hart.
      const idle = hart.isWaiting && hart.enabledPending === 0;
      if (this.deliverEvent(idle) || this.reset() || this.actTimedDevice() || this.takeInterrupt()) {
        if (stopPoints.stopBeforeStep) return stopPoints.stopBeforeStep;
        continue;
      }
      if (idle) {
        if (!this.skipIdleTime()) return { kind: 'haltedForever' };
        continue;
      }
      const wakePosition = hart.isWaiting ? clock.position : undefined;
      hart.wake();
      this.runHart(until);
      // If no step was executed, the hart must still be waiting, as in a replay that stops at this position: waking a
      // hart is not a step.
      if (wakePosition === clock.position) hart.setSlot('WAITING', 1n);
      const stop = stopPoints.stopBeforeStep;
      if (stop) return stop;
    }
    const hits = stopPoints.takeHits();
    // Update the interrupt lines, because a debugger may read them at the position at which the run ends.
    this.updateInterruptLines();
    if (hits.length > 0) return { kind: 'hit', hits };
    const finish = board.testDevice.result;
    return finish ? { kind: 'finished', finish } : { kind: 'reached' };
  }

  /** Delivers an event from the debugger as the next step. For live machines only; the caller records the event. */
  inject(event: OutsideEvent): void {
    this.stopPoints.beginSteps();
    this.events.apply(event);
    this.countStep();
    this.stopPoints.endStep();
  }

  // --- boundaries ----------------------------------------------------------------------------------------------------

  private deliverEvent(idle: boolean): boolean {
    const event = this.events.take(this.inputs, idle);
    if (event) this.inject(event);
    return event !== undefined;
  }

  /** Performs a reset that the guest has requested, unless the run stops before it. */
  private reset(): boolean {
    if (!this.board.testDevice.wantsReset) return false;
    if (this.stopPoints.atReset()) return true;
    this.powerOnState.reset(this.clock.position);
    this.scheduler.switchTo(0);
    this.countStep();
    return true;
  }

  private actTimedDevice(): boolean {
    const due = this.deadlines.earliestDevice();
    if (!due || due.deadline() > this.clock.nanoseconds) return false;
    due.act();
    this.countStep();
    return true;
  }

  /** Takes the pending interrupt, unless the run stops before it. */
  private takeInterrupt(): boolean {
    const cause = this.hart.pendingInterrupt();
    if (cause < 0) return false;
    if (this.stopPoints.atInterrupt(cause)) return true;
    this.hart.takeInterrupt(cause);
    this.clock.position++;
    this.scheduler.schedule();
    return true;
  }

  /** Advances the clock to the event that ends the wait; returns false if no event can end it. */
  private skipIdleTime(): boolean {
    const wake = this.deadlines.wake();
    if (wake === Infinity) return false;
    this.clock.offsetNanoseconds += wake - this.clock.nanoseconds;
    this.countStep();
    return true;
  }

  private runHart(until: Position): void {
    this.clock.runHart(this.budget(until), this.board.clint.tickDelta);
    this.scheduler.schedule();
  }

  /** The number of steps until something other than an instruction is due. */
  private budget(until: Position): number {
    const { clock, deadlines, stopPoints } = this;
    if (stopPoints.needsSingleSteps) return 1;
    let deadline = deadlines.next(this.currentHart, clock.nanoseconds);
    for (const hart of stopPoints.lineHarts) deadline = Math.min(deadline, deadlines.next(hart, clock.nanoseconds));
    const due = deadline - clock.offsetNanoseconds;
    const next = Math.min(until, this.scheduler.end, this.events.nextPosition, due);
    return Math.min(MAX_BUDGET, Math.max(1, next - clock.position));
  }

  private updateInterruptLines(): void {
    this.hart.setInterruptLines(this.interrupts.lines(this.currentHart, this.clock.nanoseconds));
  }

  /** Counts a step that no hart executes. */
  private countStep(): void {
    this.clock.position++;
    this.hart.countUnretiredStep();
    this.scheduler.schedule();
  }

  // --- state ---------------------------------------------------------------------------------------------------------

  /** The state of the machine, except for the contents of RAM and drives. */
  saveState(): State {
    return this.state.save();
  }

  /**
   * Restores the result of `saveState`. The caller restores RAM and drives. Throws a StateError, and changes nothing,
   * if the state is damaged.
   */
  loadState(state: State): void {
    this.state.load(state);
    this.stopPoints.forgetRun();
  }

  /** Throws a StateError if `loadState` would. */
  checkState(state: State): void {
    this.state.check(state);
  }

  /** The digests of the whole state, by part. Only state that has changed since the last call is hashed again. */
  digestParts(): DigestPart[] {
    return machineDigest(this);
  }
}

const never = (): boolean => false;

/**
 * This many steps take from half a millisecond to a few milliseconds of host time. The limit bounds the time between
 * calls to `wantsPause` if the guest uses no timer.
 */
const MAX_BUDGET = 1 << 20;
