import type { Debuggee } from './debuggee.ts';
import type { GdbDoor } from './gdbDoor.ts';
import type { GuestConsole } from './guestConsole.ts';
import { PlaceTeller } from './place.ts';
import { hex } from './variableViews.ts';
import { Runner, type RunnerSurroundings } from './runner.ts';

/** A session that is open: who runs its machine, and what the client is told on the way. */
export type Turn = 'nobody' | 'editor' | 'gdb';

// At most a second of recording is lost in a kill: twice as often leaves room for a slow slice.
const WRITE_BACK_MILLISECONDS = 500;

export class OpenSession {
  readonly debuggee: Debuggee;
  readonly runner: Runner;
  readonly door: GdbDoor | undefined;
  turn: Turn = 'nobody';
  /** False while the client still sets up. */
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
      // The guest's console is shown meanwhile: stepping over a call may take its time.
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

  /** The machine stands: whoever waited for it comes after what is told now. */
  ends(): void {
    this.turn = 'nobody';
    this.debuggee.isRunning = false;
    this.debuggee.forget();
    this.console.flush();
    this.tellNews();
    for (const resolve of this.whenStill.splice(0)) resolve();
  }

  /** An editor's run ends as paused. */
  standStill(): Promise<void> {
    if (this.turn === 'nobody' && this.hasStarted) return Promise.resolve();
    return new Promise((resolve) => this.whenStill.push(resolve));
  }

  /** Also while the machine stands: at most as often as it is written back. */
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

  /** After a request and at a stop: where it is, and what was found wrong with debug information. */
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

  /** What the client shows of stack and variables may be another now; memory it shows has these bytes changed. */
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
