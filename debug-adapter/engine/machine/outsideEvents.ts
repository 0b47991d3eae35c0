import { assertNever } from '../base/assert.ts';
import type { Position } from '../base/quantities.ts';
import type { Board } from './board.ts';
import type { Hart } from './cpu/hart.ts';
import type { Deadlines } from './deadlines.ts';
import type { GuestRam } from './guestRam.ts';
import { PC_REGISTER } from '../target/target.ts';
import type { Inputs, InputStatus, OutsideEvent } from './inputs.ts';
import type { MachineClock } from './machineClock.ts';

/** The parts of the machine that outside events change. */
interface EventTargets {
  clock: MachineClock;
  hart: Hart;
  ram: GuestRam;
  board: Board;
  deadlines: Deadlines;
}

/** Takes outside events from the machine's inputs and applies them to the machine. */
export class OutsideEvents {
  private readonly parts: EventTargets;
  /** The status for the inputs. One object is reused, because it is needed at each boundary. */
  private readonly status: InputStatus;
  /** The result of `nextPosition` at the last boundary: while a hart executes, no event is due before this position. */
  private next: Position = 0;

  constructor(parts: EventTargets) {
    this.parts = parts;
    this.status = {
      position: 0,
      nanoseconds: 0,
      readyNanoseconds: (port) => parts.board.ports.readyNanoseconds(port),
      idle: false,
      wakeNanoseconds: Infinity,
    };
  }

  get nextPosition(): Position {
    return this.next;
  }

  /** The event to deliver as the next step; undefined for none. `idle` indicates whether all harts are waiting. */
  take(inputs: Inputs, idle: boolean): OutsideEvent | undefined {
    const status = this.updateStatus(idle);
    this.next = inputs.nextPosition(status);
    if (!idle && this.next > status.position) return undefined;
    return inputs.takeEvent(status);
  }

  /** Applies the event to the machine. The caller counts the step. */
  apply(event: OutsideEvent): void {
    const { clock, hart, ram, board } = this.parts;
    switch (event.kind) {
      case 'input':
        board.ports.deliver(event.port, event.payload);
        break;
      case 'clockJump':
        clock.offsetNanoseconds += event.nanoseconds;
        break;
      case 'memoryWrite':
        ram.write(event.address, event.bytes);
        hart.core.flushPaged();
        break;
      case 'registerWrite':
        if (event.register === PC_REGISTER) hart.setSlot('PC', event.value & ~1n);
        else hart.setRegister(event.register, event.value);
        break;
      default:
        assertNever(event);
    }
  }

  private updateStatus(idle: boolean): InputStatus {
    const { status } = this;
    const { clock, deadlines } = this.parts;
    status.position = clock.position;
    status.nanoseconds = clock.nanoseconds;
    status.idle = idle;
    status.wakeNanoseconds = idle ? deadlines.wake() : Infinity;
    return status;
  }
}
