import type { SnapshotInfo } from '../engine/index.ts';
import type { PlaceEvent } from './customProtocol.ts';
import type { Debuggee } from './debuggee.ts';

/** The body of a `blkreplay/place` event. */
export function placeOf({ session, configuration }: Debuggee, isRunning: boolean): PlaceEvent {
  const { position, timeline } = session;
  const { start, end } = timeline.travel ?? { start: position, end: position };
  return { rr: configuration.rr, position, start, end, isRunning, isPast: position < end };
}

// Four times a second: the display moves smoothly without measurable load.
const EVERY_MILLISECONDS = 250;

/** Sends the machine's position to the client: when a run starts, periodically during the run, and at its end. */
export class PlaceTeller {
  private debuggee: Debuggee;
  private event: (event: string, body?: object) => void;
  private toldAt = 0;
  private told = '';
  private overview: readonly SnapshotInfo[];

  constructor(debuggee: Debuggee, event: (event: string, body?: object) => void) {
    this.debuggee = debuggee;
    this.event = event;
    this.overview = debuggee.session.timeline.snapshots();
  }

  tell(isRunning: boolean, milliseconds: number): void {
    const place = placeOf(this.debuggee, isRunning);
    this.toldAt = milliseconds;
    this.told = JSON.stringify(place);
    this.event('blkreplay/place', place);
    this.tellChanges();
  }

  /** Called while the machine runs. */
  whenDue(milliseconds: number): void {
    if (milliseconds - this.toldAt >= EVERY_MILLISECONDS) this.tell(true, milliseconds);
  }

  /** Called while the machine is stopped: after a stop, or after a request that may have changed the position. */
  whenNew(milliseconds: number): void {
    if (JSON.stringify(placeOf(this.debuggee, false)) !== this.told) this.tell(false, milliseconds);
    else this.tellChanges();
  }

  private tellChanges(): void {
    // Called after each request and ten times a second. Comparing references is cheap, whatever the length of the
    // lists.
    const overview = this.debuggee.session.timeline.snapshots();
    if (overview === this.overview) return;
    this.overview = overview;
    this.event('blkreplay/overviewChanged');
  }
}
