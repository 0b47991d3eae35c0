import { IRQ } from '../isa/traps.ts';
import type { Board } from './board.ts';
import type { HartContexts } from './cpu/hartContexts.ts';

/**
 * The interrupt lines to each hart: the bits of mip that devices and timers drive at a given virtual time, and the
 * times at which the hart's timers expire. All of this is derived from the state of devices and harts; this class
 * itself stores only a cache.
 */
export class HartInterrupts {
  private harts: HartContexts;
  private board: Board;
  /** The time at which each hart's stimecmp expires. Recomputed only after a write to stimecmp or mtime. */
  private supervisorTimers: { compare: bigint; tickDelta: bigint; deadline: number }[];

  constructor(harts: HartContexts, board: Board) {
    this.harts = harts;
    this.board = board;
    this.supervisorTimers = Array.from({ length: harts.count }, () => {
      return { compare: -1n, tickDelta: 0n, deadline: Infinity };
    });
  }

  /** The bits of mip that devices and timers drive at the virtual time `now`, in nanoseconds. */
  lines(hart: number, now: number): number {
    const { clint, plic } = this.board;
    const line = (level: boolean, irq: number): number => (level ? 1 << irq : 0);
    return (
      line(clint.softwareInterrupt(hart), IRQ.MSI) |
      line(clint.timerDeadlineNanoseconds(hart) <= now, IRQ.MTI) |
      line(plic.externalInterrupt(2 * hart), IRQ.MEI) |
      line(plic.externalInterrupt(2 * hart + 1), IRQ.SEI) |
      line(this.supervisorDeadline(hart) <= now, IRQ.STI)
    );
  }

  /**
   * The bits of mip at the virtual time `now`: those that devices and timers drive, and those that software has set.
   */
  pending(hart: number, now: number): number {
    return this.lines(hart, now) | this.harts.softwarePending(hart);
  }

  /** Whether the hart can execute: false while it is waiting in WFI and no interrupt that it has enabled is pending. */
  isRunnable(hart: number, now: number): boolean {
    const { harts } = this;
    if (!harts.isWaiting(hart)) return true;
    return (this.pending(hart, now) & harts.enabled(hart)) !== 0;
  }

  /** The earliest expiry of an enabled timer on any hart. If all harts are waiting, this expiry can end the wait. */
  wakeNanoseconds(): number {
    let wake = Infinity;
    for (let hart = 0; hart < this.harts.count; hart++) {
      const enabled = this.harts.enabled(hart);
      if (enabled & (1 << IRQ.MTI)) wake = Math.min(wake, this.board.clint.timerDeadlineNanoseconds(hart));
      if (enabled & (1 << IRQ.STI)) wake = Math.min(wake, this.supervisorDeadline(hart));
    }
    return wake;
  }

  /** The virtual time in nanoseconds at which the hart's stimecmp expires. */
  supervisorDeadline(hart: number): number {
    const compare = this.harts.supervisorTimeCompare(hart);
    if (compare === undefined) return Infinity;
    const { clint } = this.board;
    const timer = this.supervisorTimers[hart];
    if (timer.compare !== compare || timer.tickDelta !== clint.tickDelta) {
      timer.deadline = clint.nanosecondsAtTime(compare);
      timer.compare = compare;
      timer.tickDelta = clint.tickDelta;
    }
    return timer.deadline;
  }
}
