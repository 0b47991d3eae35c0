import assert from 'node:assert/strict';
import { PauseSignal, type Sliced, PAUSED } from '../../../debug-adapter/engine/base/sliced.ts';
import type { RequestLog } from '../../../debug-adapter/engine/block/blockRequest.ts';
import type {} from '../../../debug-adapter/engine/machine/machine.ts';
import { NO_STOP_POINTS, type StopPoints } from '../../../debug-adapter/engine/target/stopPoints.ts';
import type { DigestPart } from '../../../debug-adapter/engine/recording/logEntry.ts';
import type { Inspector } from '../../../debug-adapter/engine/target/inspector.ts';
import type {
  HistoryRange,
  RunOptions,
  Target,
  TargetHarts,
  TargetStop,
} from '../../../debug-adapter/engine/target/target.ts';
import type { HistoryPlayer } from '../../../debug-adapter/engine/timeline/history.ts';
import { type RamSnapshot, RamSnapshots } from '../../../debug-adapter/engine/timeline/ramSnapshots.ts';
import { RequestLogSwitch } from '../../../debug-adapter/engine/timeline/requestLogSwitch.ts';
import { TimeTravel } from '../../../debug-adapter/engine/timeline/timeTravel.ts';
import { TRAVEL_BUDGET, type TravelBudget } from '../../../debug-adapter/engine/timeline/travelBudget.ts';
import type { State } from '../../../debug-adapter/engine/base/state.ts';
import { CLOCK_PORT } from '../../../debug-adapter/engine/machine/ports/clockPort.ts';
import { ToyDisk } from './toyDisk.ts';
import { CSR, ToyMachine, type ToyMachineOptions } from './toyMachine.ts';

/** A stored snapshot, like the ones that a real target stores in overlays. */
interface Stored {
  id: string;
  name: string;
  position: number;
  state: State;
  ram: RamSnapshot;
}

/** A recording of a toy machine: the times that it read from outside, and digests of its state. */
interface ToyLog {
  times: { position: number; value: number }[];
  digests: { position: number; parts: DigestPart[] }[];
  end: number;
}

/** The first time value that the toy machine reads from outside; each later one is greater. */
const FIRST_TIME = 1000;
/** The number of pieces in which a stored snapshot is loaded. */
const LOAD_PIECES = 3;
export const LIVE_LOG = {} as RequestLog;

/** A target for unit tests that combines a toy machine with the real TimeTravel. */
export class ToyTarget implements Target {
  readonly machine: ToyMachine;
  readonly travel: TimeTravel;
  readonly harts: TargetHarts;
  readonly disks = [];
  readonly disk = new ToyDisk((snapshot) => this.stored.some(({ id }) => id === snapshot));
  /** The names of the stored snapshots that were loaded. */
  readonly loads: string[] = [];
  /** The positions at which the state was compared with a recorded digest. */
  readonly compared: number[] = [];
  stored: Stored[] = [];
  /** The number of history players that are open. */
  openPlayers = 0;
  /** The log that disk requests would use: the player in the history, and LIVE_LOG at the live end. */
  readonly requestLog = new RequestLogSwitch(LIVE_LOG);
  readonly player: HistoryPlayer;
  readonly log: ToyLog;
  private ramSnapshots: RamSnapshots;
  private points: StopPoints = NO_STOP_POINTS;
  private options: ToyMachineOptions;

  /**
   * `replayed` is the log of the recording to replay, from its start or from a stored snapshot; without it, the machine
   * runs live and is recorded.
   */
  constructor(
    options: ToyMachineOptions,
    { replayed, from, budget }: { replayed?: ToyLog; from?: Stored; budget?: TravelBudget } = {},
  ) {
    this.options = options;
    const machine = new ToyMachine(options);
    this.machine = machine;
    this.harts = {
      count: machine.harts.length,
      get current() {
        return machine.currentHart;
      },
      get quantum() {
        return machine.quantum;
      },
      isWaiting: () => false,
      instructionsOf: (hart) => machine.harts[hart].retired,
    };
    this.log = replayed ?? { times: [], digests: [], end: 0 };
    this.ramSnapshots = new RamSnapshots(this.machine.ram);
    const player = new ToyPlayer(this.log, this.compared);
    this.player = player.asPlayer;
    this.machine.inputs = replayed ? player.asPlayer : this.liveInputs();
    this.travel = new TimeTravel({
      machine: this.machine,
      ram: this.ramSnapshots,
      disks: [this.disk.asTravelDisk],
      log: this.requestLog,
      isLive: replayed === undefined,
      budget: budget ?? TRAVEL_BUDGET,
      history: {
        savedSnapshots: () => this.stored,
        readSnapshot: (id) => this.load(id),
        openPlayer: () => {
          this.openPlayers++;
          return { player: player.asPlayer, close: () => this.openPlayers-- };
        },
        end: () => this.log.end,
        ramDigestAt: (position) =>
          this.log.digests.find((digest) => digest.position === position)?.parts.find(({ name }) => name === 'RAM')
            ?.value,
      },
    });
    if (from) {
      this.stored = [from];
      this.ramSnapshots.restore(from.ram);
      machine.loadState(from.state);
      this.disk.show({ snapshot: from.id });
    }
    player.seek(machine.position);
    this.travel.addCached({ id: from?.id, state: machine.saveState(), ram: this.ramSnapshots.capture() });
  }

  /** A replay of what this target has recorded so far, from the start or from a stored snapshot. */
  replay({ budget, from }: { budget?: TravelBudget; from?: string } = {}): ToyTarget {
    const replay = new ToyTarget(this.options, {
      replayed: { ...this.log, end: this.position },
      from: this.stored.find(({ name }) => name === from),
      budget,
    });
    replay.stored = [...this.stored];
    return replay;
  }

  /** Stores the current state as a snapshot and records its digest. The target must be at the live end. */
  store(name: string): void {
    const { machine } = this;
    const parts = machine.digestParts();
    this.log.digests.push({ position: machine.position, parts });
    this.stored.push({
      id: `id of ${name}`,
      name,
      position: machine.position,
      state: machine.saveState(),
      ram: this.ramSnapshots.capture(),
    });
  }

  /**
   * Checks that moves have left nothing behind: the accounting of memory is up to date, and only cached snapshots have
   * disk states.
   */
  checkCosts(): void {
    const { cost } = this.travel;
    this.travel['memory'].updateCharges();
    assert.deepEqual(this.travel.cost, cost, 'the charges are up to date');
    assert.ok(this.disk.captured.size < cost.snapshots, 'only cached snapshots have disk states');
  }

  get pause(): PauseSignal {
    return this.travel.pause;
  }

  get position(): number {
    return this.machine.position;
  }

  get history(): HistoryRange {
    const { start, end, isInHistory } = this.travel;
    return { start, end, isBeforeLiveEnd: isInHistory };
  }

  inspect(fixed?: number): Inspector {
    const { machine } = this;
    const hart = () => machine.harts[fixed ?? machine.currentHart];
    const isRam = (address: number, lengthBytes: number) => machine.ram.contains(address, lengthBytes);
    return {
      get hart() {
        return fixed ?? machine.currentHart;
      },
      get pc() {
        return hart().pc;
      },
      get privilege() {
        return hart().privilege;
      },
      csrs: Object.entries(CSR).map(([name, number]) => ({ name, number })),
      register: (index) => hart().registers[index],
      float: () => 0n,
      csr: (number) => hart().csrs[number],
      readMemory: (address, lengthBytes) =>
        isRam(Number(address), lengthBytes) ? machine.ram.read(address, lengthBytes) : new Uint8Array(0),
      translate: (address) => Number(address),
      readPhysical: (address, lengthBytes) =>
        isRam(address, lengthBytes) ? machine.ram.read(BigInt(address), lengthBytes) : undefined,
      isRam,
    };
  }

  arm(points: StopPoints): void {
    this.points = points;
    this.travel.arm(points);
  }

  *forward(until: number, options: RunOptions = {}): Sliced<TargetStop> {
    const { travel, machine, position } = this;
    let { stopsAtStart } = options;
    if (!travel.isAtLiveEnd) {
      const stop = yield* travel.forward(until, options);
      if (stop.kind === 'endOfRecording') return { kind: 'ended', end: { reason: 'endOfRecording' } };
      if (stop.kind === 'finished' || stop.kind === 'haltedForever')
        return { kind: 'ended', end: { reason: 'powerOff' } };
      if (stop.kind !== 'reached' || this.position >= until) return stop;
      stopsAtStart ||= this.position > position;
    }
    for (;;) {
      machine.setStopPoints(this.points);
      const stop = machine.run(until, this.pause.isWanted, { stopsAtStart });
      stopsAtStart = false;
      if (stop.kind === 'paused') yield PAUSED;
      else
        return stop.kind === 'finished' || stop.kind === 'haltedForever'
          ? { kind: 'ended', end: { reason: 'powerOff' } }
          : stop;
    }
  }

  backward(): Sliced<TargetStop> {
    return this.travel.backward();
  }

  goTo(position: number): Sliced<void> {
    return this.travel.seekTo(position);
  }

  trace(until: number, visit: () => void): Sliced<void> {
    return this.travel.trace(until, visit);
  }

  writeMemory(): void {
    throw new Error('the toy records no changes by a debugger');
  }

  writeRegister(): void {
    throw new Error('the toy records no changes by a debugger');
  }

  private liveInputs(): HistoryPlayer {
    const answer = (position: number): Uint8Array => {
      const value = FIRST_TIME + 7 * this.log.times.length;
      this.log.times.push({ position, value });
      return CLOCK_PORT.answers.encode(value);
    };
    return { answer } as unknown as HistoryPlayer;
  }

  private *load(id: string): Generator<void, { state: State; ram: RamSnapshot }> {
    const found = this.stored.find((snapshot) => snapshot.id === id);
    assert.ok(found);
    for (let piece = 1; piece < LOAD_PIECES; piece++) yield;
    this.loads.push(found.name);
    return found;
  }
}

/** Delivers the recorded times at their positions, and compares digests. */
class ToyPlayer {
  private log: ToyLog;
  private compared: number[];
  private nextDigest = 0;
  private nextTime = 0;

  constructor(log: ToyLog, compared: number[]) {
    this.log = log;
    this.compared = compared;
  }

  get asPlayer(): HistoryPlayer {
    return this as unknown as HistoryPlayer;
  }

  seek(position: number): void {
    const index = this.log.digests.findIndex((digest) => digest.position >= position);
    this.nextDigest = index < 0 ? this.log.digests.length : index;
    this.nextTime = this.log.times.filter((time) => time.position < position).length;
  }

  answer(position: number): Uint8Array {
    const recorded = this.log.times[this.nextTime++];
    assert.equal(recorded?.position, position, 'the recorded times are read in order');
    return CLOCK_PORT.answers.encode(recorded.value);
  }

  get nextDigestPosition(): number {
    return this.log.digests[this.nextDigest]?.position ?? Infinity;
  }

  skipDigests(upTo: number): void {
    while (this.nextDigestPosition <= upTo) this.nextDigest++;
  }

  checkDigest(position: number, parts: readonly DigestPart[]): boolean {
    assert.equal(position, this.nextDigestPosition);
    assert.deepEqual(parts, this.log.digests[this.nextDigest].parts, `divergence at ${position}`);
    this.nextDigest++;
    this.compared.push(position);
    return true;
  }
}

/** The digests of an uninterrupted run at the given positions. */
export function straightDigests(options: ToyMachineOptions, positions: readonly number[]): Map<number, DigestPart[]> {
  const target = new ToyTarget(options);
  const digests = new Map<number, DigestPart[]>();
  for (const position of [...positions].sort((a, b) => a - b)) {
    target.machine.run(position);
    digests.set(position, target.machine.digestParts());
  }
  return digests;
}
