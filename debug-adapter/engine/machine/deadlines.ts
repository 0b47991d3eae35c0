import type { Board } from './board.ts';
import type { HartInterrupts } from './hartInterrupts.ts';

/**
 * Finds the virtual time, in nanoseconds, at which a timed device next acts or a timer expires; Infinity if that never
 * happens.
 */
export class Deadlines {
  private board: Board;
  private interrupts: HartInterrupts;

  constructor(board: Board, interrupts: HartInterrupts) {
    this.board = board;
    this.interrupts = interrupts;
  }

  /** The device that acts next; undefined if no device will act. */
  earliestDevice() {
    let earliest = undefined;
    let deadline = Infinity;
    for (const device of this.board.timed) {
      const deviceTime = device.deadline();
      if (deviceTime < deadline) [earliest, deadline] = [device, deviceTime];
    }
    return earliest;
  }

  /**
   * The time of the next event that can end a wait: a device action, such as a disk completion, or the expiry of an
   * enabled timer.
   */
  wake(): number {
    return Math.min(this.deviceDeadline(), this.interrupts.wakeNanoseconds());
  }

  /** The time of the next device action or timer expiry while `hart` is executing. */
  next(hart: number, now: number): number {
    return Math.min(
      this.deviceDeadline(),
      toExpiry(this.board.clint.timerDeadlineNanoseconds(hart), now),
      toExpiry(this.interrupts.supervisorDeadline(hart), now),
    );
  }

  private deviceDeadline(): number {
    let deadline = Infinity;
    for (const device of this.board.timed) deadline = Math.min(deadline, device.deadline());
    return deadline;
  }
}

/** A timer that has already expired causes no further event. */
const toExpiry = (deadline: number, now: number): number => (deadline <= now ? Infinity : deadline);
