import { assert } from '../base/assert.ts';
import type { Position } from '../base/quantities.ts';
import type { State } from '../base/state.ts';
import type { Board, StatefulPart } from './board.ts';
import type { BootPlan } from './boot/bootPlan.ts';
import { RESET_REGISTERS } from './boot/bootRom.ts';
import type { HartBanks } from './cpu/hartBanks.ts';
import type { GuestRam } from './guestRam.ts';

/**
 * What a machine is like when the power comes on, and how a reset brings it back there: all but what is on the drives,
 * the position, and what the outside has told. Made with the machine, before anything has happened in it.
 */
export class PowerOn {
  private parts: { harts: HartBanks; ram: GuestRam; board: Board };
  private hartState: State;
  private deviceStates: Map<StatefulPart, State>;
  private plan: BootPlan | undefined;

  constructor(parts: { harts: HartBanks; ram: GuestRam; board: Board }) {
    this.parts = parts;
    this.hartState = parts.harts.hart.saveState();
    this.deviceStates = new Map(parts.board.devices.map((device) => [device, device.saveState()]));
  }

  /** RAM, which is zeroes, gets what the plan puts there, and ROM and registers what they start with. */
  apply(plan: BootPlan, position: Position = 0): void {
    const { harts, ram, board } = this.parts;
    this.plan = plan;
    board.rom.fill(plan.rom);
    for (const { address, bytes } of plan.pieces) ram.write(address, bytes);
    this.forEachHart(position, (index) => {
      const { hart } = harts;
      hart.setSlot('PC', BigInt(ram.base));
      hart.setRegister(REGISTER.t0, BigInt(RESET_REGISTERS.t0));
      hart.setRegister(REGISTER.a0, BigInt(index));
      hart.setRegister(REGISTER.a1, BigInt(plan.treeAddress));
      hart.setRegister(REGISTER.a2, BigInt(RESET_REGISTERS.a2));
    });
  }

  /** Costs a look at all of RAM: a second for 2 GiB. The caller counts the step, which is the one after `position`. */
  reset(position: Position): void {
    assert(this.plan, 'a machine that runs was powered on');
    const { ram, board } = this.parts;
    // Requests that were begun complete on the drives: the log knows of them.
    for (const disk of board.disks) disk.abandon();
    this.forEachHart(position, () => this.resetHart(position));
    for (const [device, state] of this.deviceStates) {
      if (device.reset) device.reset();
      else device.loadState(state);
    }
    ram.clear();
    this.apply(this.plan, position);
  }

  /** Each in place in turn, the first one in the end. */
  private forEachHart(position: Position, visit: (index: number) => void): void {
    const { harts } = this.parts;
    for (let index = harts.count - 1; index >= 0; index--) {
      harts.select(index, position);
      visit(index);
    }
  }

  /** The counters of the one in place are offsets to the position, which goes on: both read 0 after this step. */
  private resetHart(position: Position): void {
    const { hart } = this.parts.harts;
    const notRetired = hart.slot('NOT_RETIRED');
    const retired = hart.retired(position);
    hart.loadState(this.hartState);
    hart.setSlot('NOT_RETIRED', notRetired);
    hart.setSlot('MINSTRET_OFFSET', BigInt.asUintN(64, -BigInt(retired)));
    hart.setSlot('MCYCLE_OFFSET', BigInt.asUintN(64, -BigInt(position + 1)));
  }
}

/** Numbers of the registers that are set at power-on (RISC-V calling convention). */
const REGISTER = { t0: 5, a0: 10, a1: 11, a2: 12 } as const;
