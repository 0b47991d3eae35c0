import type { SnapshotInfo } from '../engine/index.ts';
import type { PlaceEvent } from './customProtocol.ts';
import type { Debuggee } from './debuggee.ts';

/** Where the machine stands, in the words of `blkreplay/place`. Costs nothing. */
export function placeOf({ session, configuration }: Debuggee, isRunning: boolean): PlaceEvent {
  const { position, timeline } = session;
  const { start, end } = timeline.travel ?? { start: position, end: position };
  return { rr: configuration.rr, position, start, end, isRunning, isPast: position < end };
}

// Four times a second: a counter that moves, and no load.
const EVERY_MILLISECONDS = 250;

/** Tells the client where the machine is: when it sets off, now and then on the way, and where it stands. */
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

  /** While it runs. */
  whenDue(milliseconds: number): void {
    if (milliseconds - this.toldAt >= EVERY_MILLISECONDS) this.tell(true, milliseconds);
  }

  /** While it stands: after a stop, or after a request that may have moved it. */
  whenNew(milliseconds: number): void {
    if (JSON.stringify(placeOf(this.debuggee, false)) !== this.told) this.tell(false, milliseconds);
    else this.tellChanges();
  }

  private tellChanges(): void {
    // Asked after each look and ten times a second: comparing the lists themselves costs nothing, however long they are.
    const overview = this.debuggee.session.timeline.snapshots();
    if (overview === this.overview) return;
    this.overview = overview;
    this.event('blkreplay/overviewChanged');
  }
}
