import type { Board } from './board.ts';
import type { HartBanks } from './cpu/hartBanks.ts';
import { IRQ } from './cpu/mstatus.ts';

/**
 * What the board drives into each hart: the lines of mip, as levels at a moment of virtual time, and when the hart's
 * own timers ring. All of it follows from the state of devices and harts; nothing is kept but a cache.
 */
export class HartInterrupts {
  private harts: HartBanks;
  private board: Board;
  /** For each hart: when stimecmp rings, computed anew only when it or mtime was written. */
  private supervisorTimers: { compare: bigint; tickDelta: bigint; deadline: number }[];

  constructor(harts: HartBanks, board: Board) {
    this.harts = harts;
    this.board = board;
    this.supervisorTimers = Array.from({ length: harts.count }, () => {
      return { compare: -1n, tickDelta: 0n, deadline: Infinity };
    });
  }

  /** The bits of mip that devices and timers drive, at `now` (nanoseconds). */
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

  /** False while it waits and nothing that it enabled is pending. */
  isRunnable(hart: number, now: number): boolean {
    const { harts } = this;
    if (!harts.waits(hart)) return true;
    return ((this.lines(hart, now) | harts.softwarePending(hart)) & harts.enabled(hart)) !== 0;
  }

  /** When an enabled timer of some hart rings next: what could end a wait of all of them. */
  wakeNanoseconds(): number {
    let wake = Infinity;
    for (let hart = 0; hart < this.harts.count; hart++) {
      const enabled = this.harts.enabled(hart);
      if (enabled & (1 << IRQ.MTI)) wake = Math.min(wake, this.board.clint.timerDeadlineNanoseconds(hart));
      if (enabled & (1 << IRQ.STI)) wake = Math.min(wake, this.supervisorDeadline(hart));
    }
    return wake;
  }

  /** When stimecmp rings. */
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
