import type { Board } from './board.ts';
import type { HartInterrupts } from './hartInterrupts.ts';

/** When something is due by itself, in virtual nanoseconds: timed devices act, timers ring. */
export class Deadlines {
  private board: Board;
  private interrupts: HartInterrupts;

  constructor(board: Board, interrupts: HartInterrupts) {
    this.board = board;
    this.interrupts = interrupts;
  }

  /** The device that acts next; undefined where none will. */
  earliestDevice() {
    let earliest = undefined;
    let deadline = Infinity;
    for (const device of this.board.timed) {
      const own = device.deadline();
      if (own < deadline) [earliest, deadline] = [device, own];
    }
    return earliest;
  }

  /** When something will happen by itself that could end the wait: a disk completes, or an enabled timer rings. */
  wake(): number {
    return Math.min(this.deviceDeadline(), this.interrupts.wakeNanoseconds());
  }

  /** What is due next while a hart executes. */
  next(hart: number, now: number): number {
    return Math.min(
      this.deviceDeadline(),
      toRing(this.board.clint.timerDeadlineNanoseconds(hart), now),
      toRing(this.interrupts.supervisorDeadline(hart), now),
    );
  }

  private deviceDeadline(): number {
    let deadline = Infinity;
    for (const device of this.board.timed) deadline = Math.min(deadline, device.deadline());
    return deadline;
  }
}

/** A timer that has rung already changes nothing any more. */
const toRing = (deadline: number, now: number): number => (deadline <= now ? Infinity : deadline);
