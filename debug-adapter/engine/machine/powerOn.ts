import { assert } from '../base/assert.ts';
import type { Position } from '../base/quantities.ts';
import type { State } from '../base/state.ts';
import type { Board, StatefulPart } from './board.ts';
import type { BootPlan } from './boot/bootPlan.ts';
import { RESET_REGISTERS } from './boot/bootRom.ts';
import type { HartContexts } from './cpu/hartContexts.ts';
import type { GuestRam } from './guestRam.ts';

/**
 * Sets the machine's state at power-on and restores it on a reset. This state includes everything except the contents
 * of drives, the position, and the host's answers to device queries. Constructed together with the machine, before the
 * machine's first step.
 */
export class PowerOnState {
  private parts: { harts: HartContexts; ram: GuestRam; board: Board };
  private hartState: State;
  private deviceStates: Map<StatefulPart, State>;
  private plan: BootPlan | undefined;

  constructor(parts: { harts: HartContexts; ram: GuestRam; board: Board }) {
    this.parts = parts;
    this.hartState = parts.harts.hart.saveState();
    this.deviceStates = new Map(parts.board.devices.map((device) => [device, device.saveState()]));
  }

  /** Writes the plan's regions to RAM, which must be zeroed already, and sets the boot ROM and the registers. */
  boot(plan: BootPlan, position: Position = 0): void {
    const { harts, ram, board } = this.parts;
    this.plan = plan;
    board.rom.fill(plan.rom);
    for (const { address, bytes } of plan.regions) ram.write(address, bytes);
    this.forEachHart(position, (index) => {
      const { hart } = harts;
      hart.setSlot('PC', BigInt(ram.base));
      hart.setRegister(REGISTER.t0, BigInt(RESET_REGISTERS.t0));
      hart.setRegister(REGISTER.a0, BigInt(index));
      hart.setRegister(REGISTER.a1, BigInt(plan.treeAddress));
      hart.setRegister(REGISTER.a2, BigInt(RESET_REGISTERS.a2));
    });
  }

  /**
   * Resets the machine, which requires a pass over all of RAM (about a second for 2 GiB). The caller counts the reset
   * as the step that follows `position`.
   */
  reset(position: Position): void {
    assert(this.plan, 'a running machine has been powered on');
    const { ram, board } = this.parts;
    // Requests that have already been started still complete on the drives, because the log contains them.
    for (const disk of board.disks) disk.cancelRequests();
    this.forEachHart(position, () => this.resetHart(position));
    for (const [device, state] of this.deviceStates) {
      if (device.reset) device.reset();
      else device.loadState(state);
    }
    ram.clear();
    this.boot(this.plan, position);
  }

  /** Makes each hart current in turn and calls `visit` for it; hart 0 comes last. */
  private forEachHart(position: Position, visit: (index: number) => void): void {
    const { harts } = this.parts;
    for (let index = harts.count - 1; index >= 0; index--) {
      harts.select(index, position);
      visit(index);
    }
  }

  /**
   * The current hart's counters are stored as offsets from the position, which is not reset. The offsets are set so
   * that both counters read 0 after this step.
   */
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

/** The numbers of the registers that are set at power-on (RISC-V calling convention). */
const REGISTER = { t0: 5, a0: 10, a1: 11, a2: 12 } as const;
