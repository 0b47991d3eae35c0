import type { Debuggee } from './debuggee.ts';
import type { GdbDoor } from './gdbDoor.ts';
import type { GuestConsole } from './guestConsole.ts';
import { PlaceTeller } from './place.ts';
import { hex } from './variableViews.ts';
import { Runner, type RunnerSurroundings } from './runner.ts';

/** The front end that runs the machine. */
export type Turn = 'nobody' | 'editor' | 'gdb';

// A kill loses at most one second of the recording: half of that leaves time for a slow slice.
const WRITE_BACK_MILLISECONDS = 500;

/** An open session: runs its machine for one front end at a time and keeps the client informed. */
export class OpenSession {
  readonly debuggee: Debuggee;
  readonly runner: Runner;
  readonly door: GdbDoor | undefined;
  turn: Turn = 'nobody';
  /** False until the client has finished its configuration. */
  hasStarted = false;
  private surroundings: RunnerSurroundings;
  private console: GuestConsole;
  private event: (event: string, body?: object) => void;
  private place: PlaceTeller;
  private complaintsTold = new Set<string>();
  private writtenBackAt: number;
  private lookedAt = -Infinity;
  private whenStill: (() => void)[] = [];

  constructor(options: {
    debuggee: Debuggee;
    door: GdbDoor | undefined;
    console: GuestConsole;
    surroundings: RunnerSurroundings;
    event: (event: string, body?: object) => void;
    takeMail: () => void;
  }) {
    this.debuggee = options.debuggee;
    this.door = options.door;
    this.console = options.console;
    this.surroundings = options.surroundings;
    this.event = options.event;
    this.place = new PlaceTeller(options.debuggee, options.event);
    this.writtenBackAt = options.surroundings.milliseconds();
    this.runner = new Runner(options.surroundings, {
      wantsStillness: () => this.whenStill.length > 0,
      betweenSlices: () => this.betweenSlices(),
      // Shows console output meanwhile, because stepping over a call may take a long time.
      tellProgress: () => this.tellProgress(),
      takeMail: options.takeMail,
    });
  }

  begins(turn: Turn): void {
    this.turn = turn;
    this.debuggee.isRunning = true;
    this.hasStarted = true;
    this.debuggee.forget();
    this.place.tell(true, this.surroundings.milliseconds());
  }

  /** The machine has stopped. Sends the pending events, then resolves the promises of `standStill`. */
  ends(): void {
    this.turn = 'nobody';
    this.debuggee.isRunning = false;
    this.debuggee.forget();
    this.console.flush();
    this.tellNews();
    for (const resolve of this.whenStill.splice(0)) resolve();
  }

  /** Stops the machine; a run by the editor ends as paused. */
  standStill(): Promise<void> {
    if (this.turn === 'nobody' && this.hasStarted) return Promise.resolve();
    return new Promise((resolve) => this.whenStill.push(resolve));
  }

  /**
   * Checks the session's files, also while the machine is stopped, but no more often than the recording is written
   * back.
   */
  lookAfterFiles(): void {
    const now = this.surroundings.milliseconds();
    if (now - this.lookedAt < WRITE_BACK_MILLISECONDS) return;
    this.lookedAt = now;
    this.debuggee.session.timeline.lookAfterFiles();
  }

  betweenSlices(): void {
    this.tellProgress();
    const now = this.surroundings.milliseconds();
    if (now - this.writtenBackAt < WRITE_BACK_MILLISECONDS) return;
    this.debuggee.session.timeline.writeBack();
    this.writtenBackAt = now;
  }

  /** After a request and at a stop: reports the position and new diagnostics about debug information. */
  tellNews(): void {
    this.lookAfterFiles();
    if (this.turn === 'nobody') this.place.whenNew(this.surroundings.milliseconds());
    this.tellWritten();
    for (const complaint of this.debuggee.symbols.flatMap(({ complaints }) => complaints)) {
      if (!this.complaintsTold.has(complaint)) {
        this.event('output', { category: 'console', output: `${complaint}\n` });
      }
      this.complaintsTold.add(complaint);
    }
  }

  /** Tells the client that stack and variables may have changed, and which bytes of memory did. */
  private tellWritten(): void {
    const written = this.debuggee.takeWritten();
    if (written.length > 0) this.event('invalidated', { areas: ['all'] });
    for (const one of written) {
      if (!one) continue;
      this.event('memory', { memoryReference: hex(one.address), offset: 0, count: one.lengthBytes });
    }
  }

  private tellProgress(): void {
    this.console.flush();
    this.place.whenDue(this.surroundings.milliseconds());
  }
}
