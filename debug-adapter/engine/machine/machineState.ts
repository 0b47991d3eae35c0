import type { State } from '../base/state.ts';
import {
  bytes,
  checkedState,
  integer,
  number,
  optional,
  record,
  type RecordCodec,
  type StateCodec,
} from '../base/stateCodec.ts';
import type { Drive } from '../block/drive.ts';
import type { Board } from './board.ts';
import type { ConsoleWatcher } from './consoleWatcher.ts';
import type { HartContexts } from './cpu/hartContexts.ts';
import { type HartScheduler, SCHEDULER_AT_POWER_ON } from './hartScheduler.ts';
import type { MachineClock } from './machineClock.ts';

/**
 * The saved state's layout version. A commit that changes the layout must also change this version (see
 * CONTRIBUTING.md).
 */
export const MACHINE_STATE_VERSION = 3;
/** The layout version for the devices that replay recordings in formats 2 to 4. */
export const STATE_VERSION_BEFORE5 = 2;

/** The name of a hart's part of saved state and digests. */
export const hartName = (hart: number): string => `hart${hart}`;

/** The name of the part of saved state that contains the last console output. */
export const RECENT_OUTPUT = 'recentOutput';

/** The parts of a machine that have state. */
interface StatefulParts {
  clock: MachineClock;
  harts: HartContexts;
  scheduler: HartScheduler;
  board: Board;
  drives: readonly Drive[];
  console: ConsoleWatcher;
}

/** Saves and loads the state of a whole machine, except for the contents of RAM and drives. */
export class MachineState {
  private readonly version: number;
  private readonly parts: StatefulParts;
  private readonly machineCodec: ReturnType<typeof machineCodecOf>;
  private readonly hartsCodec: RecordCodec<Record<string, State>>;

  constructor(version: number, parts: StatefulParts) {
    this.version = version;
    this.parts = parts;
    this.machineCodec = machineCodecOf(parts);
    this.hartsCodec = namedParts(this.hartNames().map((name) => [name, parts.harts.hart]));
  }

  save(): State {
    const { clock, harts, scheduler, board, drives, console } = this.parts;
    const states = this.hartNames().map((name, i) => [name, harts.saveState(i, clock.position)] as const);
    return {
      ...this.machineCodec.save({
        version: this.version,
        position: clock.position,
        clockOffsetNanoseconds: clock.offsetNanoseconds,
        turn: harts.count > 1 ? scheduler.state : undefined,
        devices: Object.fromEntries(board.devices.map((device) => [device.name, device.saveState()])),
        drives: Object.fromEntries(drives.map((drive) => [drive.id, drive.saveState()])),
        recentOutput: console.state,
      }),
      ...this.hartsCodec.save(Object.fromEntries(states)),
    };
  }

  /** Throws a StateError if the state is damaged or belongs to a different machine. */
  check(state: State): void {
    this.machineCodec.load(state);
    this.hartsCodec.load(state);
  }

  /** Restores the result of `save`. Throws a StateError, and changes nothing, if `check` would throw. */
  load(state: State): void {
    const { clock, harts, scheduler, board, drives, console } = this.parts;
    const machine = this.machineCodec.load(state);
    const hartStates = this.hartsCodec.load(state);
    const schedule = machine.turn ?? SCHEDULER_AT_POWER_ON;
    clock.position = machine.position;
    clock.offsetNanoseconds = machine.clockOffsetNanoseconds;
    harts.loadStates(
      this.hartNames().map((name) => hartStates[name]),
      { current: schedule.hart, position: clock.position },
    );
    scheduler.state = schedule;
    for (const device of board.devices) device.loadState(machine.devices[device.name]);
    for (const drive of drives) drive.loadState(machine.drives[drive.id]);
    console.state = machine.recentOutput;
  }

  private hartNames(): string[] {
    return Array.from({ length: this.parts.harts.count }, (_, hart) => hartName(hart));
  }
}

const count = integer(0, Number.MAX_SAFE_INTEGER);

/** Everything except the harts, which are in the same record under their names. */
const machineCodecOf = ({ harts, scheduler, board, drives }: StatefulParts) =>
  record({
    version: number,
    position: count,
    clockOffsetNanoseconds: count,
    /** The hart scheduler's state, which a machine with a single hart does not need. */
    turn: harts.count > 1 ? scheduler.stateCodec : optional(scheduler.stateCodec),
    devices: namedParts(board.devices.map((device) => [device.name, device])),
    drives: namedParts(drives.map((drive) => [drive.id, drive])),
    /**
     * The last console output, which only console points need. It is not part of any digest, and is missing from
     * snapshots made by older versions.
     */
    [RECENT_OUTPUT]: optional(bytes),
  });

/** A record of the states of parts that save and load themselves, indexed by name. */
const namedParts = (parts: [name: string, part: { stateCodec: StateCodec<unknown> }][]) =>
  record(Object.fromEntries(parts.map(([name, { stateCodec }]) => [name, checkedState(stateCodec)])));
