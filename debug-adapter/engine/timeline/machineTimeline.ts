import { noHistory } from '../../messages/session.ts';
import type { GuestAddress, Position } from '../base/quantities.ts';
import { complete, PauseSignal, type Sliced } from '../base/sliced.ts';
import { MachineInspector } from '../machine/machineInspector.ts';
import type { OutsideEvent } from '../machine/inputs.ts';
import { combinedDigest } from '../machine/machineDigest.ts';
import type { Machine } from '../machine/machine.ts';
import { NO_STOP_POINTS, type StopPoints } from '../target/stopPoints.ts';
import type { Inspector } from '../target/inspector.ts';
import type { End, HistoryRange, RunOptions, TargetDisk, TargetHarts, TargetStop } from '../target/target.ts';
import type { DriveStack } from './driveStack.ts';
import type { Timeline } from './timeline.ts';
import type { TimelineFiles } from './timelineFiles.ts';
import type { Snapshots } from './timelineSnapshots.ts';
import type { TimeTravel } from './timeTravel.ts';

/**
 * The parts of a timeline that are the same for a live machine and a replay: access to the machine's state, and
 * movement between positions.
 */
export abstract class MachineTimeline implements Timeline {
  readonly machine: Machine;
  /** Movement through the history; undefined for a machine that is not recorded. */
  readonly travel: TimeTravel | undefined;
  readonly pause: PauseSignal;
  abstract readonly snapshots: Snapshots;
  readonly harts: TargetHarts;
  readonly disks: readonly TargetDisk[];
  protected points: StopPoints = NO_STOP_POINTS;

  constructor(options: { machine: Machine; travel: TimeTravel | undefined; drives: readonly DriveStack[] }) {
    this.machine = options.machine;
    this.travel = options.travel;
    this.pause = options.travel?.pause ?? new PauseSignal();
    this.harts = new MachineHarts(options.machine);
    this.disks = options.drives.map(({ filter }) => ({
      id: filter.id,
      lengthBytes: filter.lengthBytes,
      read: (offset, into) => filter.device.read(offset, into),
    }));
  }

  get position(): Position {
    return this.machine.position;
  }

  get history(): HistoryRange | undefined {
    const { travel } = this;
    return travel && { start: travel.start, end: travel.end, isBeforeLiveEnd: travel.isInHistory };
  }

  inspect(hart?: number): Inspector {
    return new MachineInspector(this.machine, hart);
  }

  arm(points: StopPoints): void {
    this.points = points;
    this.travel?.arm(points);
  }

  abstract forward(until: Position, options?: RunOptions): Sliced<TargetStop>;

  advance(until: Position, wantsPause?: () => boolean): End | undefined {
    this.arm(NO_STOP_POINTS);
    const run = this.forward(until);
    // After a pause, a new run continues from the same state, so the paused run need not be kept.
    const next = wantsPause ? this.pause.resume(run, wantsPause) : { done: true as const, value: complete(run) };
    return next.done && next.value.kind === 'ended' ? next.value.end : undefined;
  }

  backward(): Sliced<TargetStop> {
    return this.recorded().backward();
  }

  goTo(position: Position): Sliced<void> {
    return this.recorded().seekTo(position);
  }

  trace(until: Position, visit: () => void): Sliced<void> {
    return this.recorded().trace(until, visit);
  }

  writeMemory(address: GuestAddress, bytes: Uint8Array): void {
    this.inject({ kind: 'memoryWrite', address, bytes });
  }

  writeRegister(register: number, value: bigint): void {
    this.inject({ kind: 'registerWrite', register, value });
  }

  digest(): bigint {
    return combinedDigest(this.machine.digestParts());
  }

  abstract inject(event: OutsideEvent): void;
  abstract writeBack(): void;
  abstract checkFiles(): void;
  abstract files(): TimelineFiles;
  abstract close(end: End): void;
  abstract abandon(): void;

  private recorded(): TimeTravel {
    if (!this.travel) throw noHistory();
    return this.travel;
  }
}

class MachineHarts implements TargetHarts {
  private machine: Machine;

  constructor(machine: Machine) {
    this.machine = machine;
  }

  get count(): number {
    return this.machine.harts.count;
  }

  get current(): number {
    return this.machine.currentHart;
  }

  get quantum(): { start: Position; end: Position } {
    return this.machine.quantum;
  }

  isWaiting(hart: number): boolean {
    return this.machine.harts.isWaiting(hart);
  }

  instructionsOf(hart: number): number {
    return this.machine.instructionsOf(hart);
  }
}
