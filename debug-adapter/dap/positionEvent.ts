import type { SnapshotInfo } from '../engine/index.ts';
import type { PositionEvent } from './customProtocol.ts';
import type { Debuggee } from './debuggee.ts';

/** The body of a `blkreplay/place` event. */
export function positionEventOf({ session, configuration, keys }: Debuggee, isRunning: boolean): PositionEvent {
  const { position, target } = session;
  const { start, end } = target.history ?? { start: position, end: position };
  const seconds = Number(session.inspector.csr(TIME_CSR) ?? 0n) / TICKS_PER_SECOND;
  const waitingInputBytes = keys?.remainingBytes ?? 0;
  return {
    ...{ rr: configuration.rr, position, start, end, isRunning, isPast: position < end, seconds },
    ...(waitingInputBytes >= WAITING_BYTES_SHOWN && { waitingInputBytes }),
  };
}

/** The CSR `time`, which contains `mtime`. */
const TIME_CSR = 0xc01;
/** The frequency of `mtime` on the virt board, 10 MHz. */
const TICKS_PER_SECOND = 1e7;
/** Smaller amounts of waiting input are not reported: the guest reads them within a tenth of a second of guest time. */
const WAITING_BYTES_SHOWN = 1024;

// The interval between position events during a run. Four events per second are enough for a smooth display, and their
// cost is negligible.
const EVERY_MILLISECONDS = 250;

/** Sends the machine's position to the client: when a run starts, periodically during the run, and at its end. */
export class PositionReporter {
  private debuggee: Debuggee;
  private event: (event: string, body?: object) => void;
  private reportedAt = 0;
  private reported = '';
  private overview: readonly SnapshotInfo[];

  constructor(debuggee: Debuggee, event: (event: string, body?: object) => void) {
    this.debuggee = debuggee;
    this.event = event;
    this.overview = debuggee.session.target.snapshots.list();
  }

  tell(isRunning: boolean, milliseconds: number): void {
    const event = positionEventOf(this.debuggee, isRunning);
    this.reportedAt = milliseconds;
    this.reported = JSON.stringify(event);
    this.event('blkreplay/place', event);
    this.sendOverviewChanges();
  }

  /** Called while the machine runs. */
  sendIfDue(milliseconds: number): void {
    if (milliseconds - this.reportedAt >= EVERY_MILLISECONDS) this.tell(true, milliseconds);
  }

  /** Called while the machine is stopped: after a stop, or after a request that may have changed the position. */
  sendIfChanged(milliseconds: number): void {
    if (JSON.stringify(positionEventOf(this.debuggee, false)) !== this.reported) this.tell(false, milliseconds);
    else this.sendOverviewChanges();
  }

  private sendOverviewChanges(): void {
    // This function is called several times a second. It compares only the references to the lists, so its cost does
    // not depend on the lengths of the lists.
    const overview = this.debuggee.session.target.snapshots.list();
    if (overview === this.overview) return;
    this.overview = overview;
    this.event('blkreplay/overviewChanged');
  }
}
