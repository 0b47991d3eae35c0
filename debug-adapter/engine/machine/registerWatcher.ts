import type { Position } from '../base/quantities.ts';
import { csrNumber } from '../isa/csrs.ts';
import type { RegisterHit, RegisterPoint } from '../target/stopPoints.ts';
import type { HartContexts } from './cpu/hartContexts.ts';
import { WATCHED_REGISTERS_MAX } from './cpu/layout.ts';
import { fileIndex, WatchedRegisters } from './cpu/watchedRegisters.ts';
import type { HartInterrupts } from './hartInterrupts.ts';
import type { MachineClock } from './machineClock.ts';

/** A register of one hart that a point watches. */
interface WatchedRegister {
  id: number;
  hart: number;
  what: RegisterPoint['what'];
}

/**
 * Finds changes to registers and CSRs by reading them before and after each run of a hart, and before and after each
 * step outside such a run. The machine makes sure that a run of a hart ends with the first step that may have changed
 * one of them:
 *
 * - Only a few kinds of instructions change CSRs. After such an instruction, the hart ends its run (CSRS_WATCHED).
 * - The bits of mip and sip that devices and timers drive also change with time and through the actions of devices and
 *   other harts (`lineHarts`).
 * - Most instructions change an integer or floating-point register, so the hart compares up to WATCHED_REGISTERS_MAX of
 *   them after each step (watchedRegisters.ts). If more are watched, the hart executes single steps
 *   (`needsSingleSteps`).
 */
export class RegisterWatcher {
  private readonly harts: HartContexts;
  private readonly clock: MachineClock;
  private readonly interrupts: HartInterrupts;
  private readonly compared: WatchedRegisters;
  private registers: WatchedRegister[] = [];
  /** The indexes of each hart's watched integer and floating-point registers. */
  private comparedOn: number[][] = [];
  /** The values before the step in progress, and that step's position; undefined between steps. */
  private before: { values: bigint[]; position: Position } | undefined;
  private pending: RegisterHit[] = [];
  /** The harts whose interrupt lines are watched. */
  lineHarts: readonly number[] = [];
  needsSingleSteps = false;

  constructor(parts: { harts: HartContexts; clock: MachineClock; interrupts: HartInterrupts }) {
    this.harts = parts.harts;
    this.clock = parts.clock;
    this.interrupts = parts.interrupts;
    this.compared = new WatchedRegisters(parts.harts.hart.memory);
  }

  set(points: readonly RegisterPoint[]): void {
    const { harts } = this;
    const all = Array.from({ length: harts.count }, (_, hart) => hart);
    this.registers = points.flatMap(({ id, what, hart }) =>
      all.filter((number) => hart === undefined || hart === number).map((number) => ({ id, what, hart: number })),
    );
    this.lineHarts = all.filter((hart) =>
      this.registers.some((register) => register.hart === hart && hasLines(register)),
    );
    this.comparedOn = all.map((hart) => [
      ...new Set(
        this.registers.flatMap(({ hart: of, what }) =>
          of === hart && what.kind !== 'csr' ? [fileIndex(what.kind, what.register)] : [],
        ),
      ),
    ]);
    this.needsSingleSteps = this.comparedOn.some(({ length }) => length > WATCHED_REGISTERS_MAX);
    this.compared.set([]);
    harts.hart.setSlot('CSRS_WATCHED', this.registers.some(({ what }) => what.kind === 'csr') ? 1n : 0n);
    this.forgetHits();
  }

  /** Called before a step, or before the current hart runs. */
  begin(): void {
    if (this.registers.length === 0) return;
    this.compared.set(this.needsSingleSteps ? [] : this.comparedOn[this.harts.current]);
    this.before = { values: this.registers.map((register) => this.valueOf(register)), position: this.clock.position };
  }

  /** Called after a step or a run: collects the changes, all of which were made by the last step. */
  end(): void {
    const { before, registers, clock } = this;
    this.before = undefined;
    if (!before || before.position === clock.position) return;
    registers.forEach((register, i) => {
      const [oldValue, newValue] = [before.values[i], this.valueOf(register)];
      if (oldValue === newValue) return;
      const { id, hart } = register;
      this.pending.push({ kind: 'register', id, hart, oldValue, newValue, position: clock.position - 1 });
    });
  }

  /** Returns and clears the changes made by the last step. */
  takeHits(): RegisterHit[] {
    this.end();
    return this.pending.splice(0);
  }

  forgetHits(): void {
    this.before = undefined;
    this.pending = [];
  }

  private valueOf({ hart, what }: WatchedRegister): bigint {
    const { harts, interrupts, clock } = this;
    if (what.kind !== 'csr') {
      return what.kind === 'float' ? harts.float(hart, what.register) : harts.register(hart, what.register);
    }
    const view = harts.view(hart, clock.position);
    if (what.number === MIP || what.number === SIP) {
      // The hart's own copy of the interrupt lines is updated only before the hart runs.
      const bits = BigInt(interrupts.pending(hart, clock.nanoseconds));
      return what.number === MIP ? bits : bits & view.slot('MIDELEG');
    }
    return view.readCsr(what.number, clock.position) ?? 0n;
  }
}

const hasLines = ({ what }: WatchedRegister): boolean => what.kind === 'csr' && LINE_CSRS.has(what.number);

const MIP = csrNumber('mip');
const SIP = csrNumber('sip');
const LINE_CSRS: ReadonlySet<number> = new Set([MIP, SIP]);
