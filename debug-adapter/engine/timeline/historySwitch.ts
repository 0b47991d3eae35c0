import { assert } from '../base/assert.ts';
import { encodeCbor } from '../base/cbor.ts';
import { equalBytes } from '../base/equalBytes.ts';
import type { Position } from '../base/quantities.ts';
import type { State } from '../base/state.ts';
import type { RequestLog } from '../block/blockRequest.ts';
import type { Inputs } from '../machine/inputs.ts';
import { NO_STOP_POINTS } from '../target/stopPoints.ts';
import type { History, HistoryPlayer, OpenPlayer } from './history.ts';
import type { RamSnapshot, RamSnapshots } from './ramSnapshots.ts';
import type { RequestLogSwitch } from './requestLogSwitch.ts';
import type { TravelDisk } from './travelDisk.ts';
import type { TravelMachine } from './travelMachine.ts';

/**
 * Switches a machine between its live end and its history. At the live end, it takes input from outside and writes to
 * its disks. In the history, it gets the recorded input from a player, and its disks are scratch copies. A replay is
 * always in its history.
 */
export class HistorySwitch {
  /** True for a live machine, which has a live end beyond its history; false for a replay, which has only history. */
  readonly isLive: boolean;
  private machine: TravelMachine;
  private ram: RamSnapshots;
  private disks: readonly TravelDisk[];
  private log: RequestLogSwitch;
  private history: History;
  private onRamSwitched: () => void;
  private opened: OpenPlayer | undefined;
  private liveEnd: LiveEnd | undefined;

  constructor(options: {
    machine: TravelMachine;
    ram: RamSnapshots;
    disks: readonly TravelDisk[];
    log: RequestLogSwitch;
    history: History;
    isLive: boolean;
    /** Called after the RAM contents of the live end have been saved in memory or released. */
    onRamSwitched: () => void;
  }) {
    this.machine = options.machine;
    this.ram = options.ram;
    this.disks = options.disks;
    this.log = options.log;
    this.history = options.history;
    this.isLive = options.isLive;
    this.onRamSwitched = options.onRamSwitched;
  }

  get isAtLiveEnd(): boolean {
    return this.isLive && this.liveEnd === undefined;
  }

  /** The position of the live end while a live machine is in its history. */
  get savedLiveEnd(): Position | undefined {
    return this.liveEnd?.position;
  }

  /** The RAM of the live end while a live machine is in its history. */
  get liveEndRam(): RamSnapshot | undefined {
    return this.liveEnd?.ram;
  }

  /** The last position: the live end of a live machine, otherwise the end of the recording. */
  get end(): Position {
    return this.liveEnd?.position ?? (this.isLive ? this.machine.position : this.history.end());
  }

  /** The player of the history. The machine must be in its history. */
  get player(): HistoryPlayer {
    assert(this.opened, 'the machine is in its history');
    return this.opened.player;
  }

  /** If the machine is at its live end, saves its state. Then opens a player for everything recorded so far. */
  enterHistory(): void {
    if (this.isAtLiveEnd) this.saveLiveEnd();
    if (this.opened) return;
    this.opened = this.history.openPlayer();
    this.machine.inputs = this.opened.player;
    this.log.target = this.opened.player;
  }

  /**
   * Returns to the live end. If the machine has reached that position by replaying, its state must equal the saved
   * state.
   */
  returnToLiveEnd(): void {
    const { machine, liveEnd } = this;
    assert(liveEnd, 'there is a live end to return to');
    if (machine.position === liveEnd.position) {
      assert(isSameState(machine.saveState(), liveEnd.state), 'the replay came back to a different live end');
    }
    machine.setStopPoints(NO_STOP_POINTS);
    this.ram.restore(liveEnd.ram);
    machine.loadState(liveEnd.state);
    for (const disk of this.disks) disk.returnToLiveEnd();
    machine.inputs = liveEnd.inputs;
    this.log.target = liveEnd.log;
    this.liveEnd = undefined;
    this.closeHistory();
    this.onRamSwitched();
  }

  /** Releases the history even if the machine is in it. The machine must not run again. */
  closeHistory(): void {
    this.opened?.close();
    this.opened = undefined;
  }

  private saveLiveEnd(): void {
    const { machine } = this;
    const ram = this.ram.capture();
    this.liveEnd = {
      position: machine.position,
      state: machine.saveState(),
      ram,
      inputs: machine.inputs,
      log: this.log.target,
    };
    this.onRamSwitched();
    for (const disk of this.disks) disk.leaveLiveEnd();
  }
}

interface LiveEnd {
  position: Position;
  state: State;
  ram: RamSnapshot;
  inputs: Inputs;
  log: RequestLog;
}

const isSameState = (a: State, b: State): boolean => equalBytes(encodeCbor(a), encodeCbor(b));
