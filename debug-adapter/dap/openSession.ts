import type { Debuggee } from './debuggee.ts';
import type { GdbServerHost } from './gdbServerHost.ts';
import type { GuestConsole } from './guestConsole.ts';
import { PositionReporter } from './positionEvent.ts';
import { hex } from './variableViews.ts';
import { Runner, type RunnerEnvironment } from './runner.ts';

/** The front end that is currently running the machine. */
export type RunOwner = 'nobody' | 'editor' | 'gdb';

// If the process is killed, at most one second of the recording may be lost. Writing every half second leaves a margin
// for a slow slice.
const WRITE_BACK_MILLISECONDS = 500;

/** An open session: runs its machine for one front end at a time and keeps the client informed. */
export class OpenSession {
  readonly debuggee: Debuggee;
  readonly runner: Runner;
  readonly gdbHost: GdbServerHost | undefined;
  runOwner: RunOwner = 'nobody';
  /** False until the client has finished its configuration. */
  hasStarted = false;
  private environment: RunnerEnvironment;
  private console: GuestConsole;
  private event: (event: string, body?: object) => void;
  private positionReporter: PositionReporter;
  private diagnosticsShown = new Set<string>();
  private writtenBackAt: number;
  private filesCheckedAt = -Infinity;
  private stopWaiters: (() => void)[] = [];

  constructor(options: {
    debuggee: Debuggee;
    gdbHost: GdbServerHost | undefined;
    console: GuestConsole;
    environment: RunnerEnvironment;
    event: (event: string, body?: object) => void;
    deliverRequests: () => void;
  }) {
    this.debuggee = options.debuggee;
    this.gdbHost = options.gdbHost;
    this.console = options.console;
    this.environment = options.environment;
    this.event = options.event;
    this.positionReporter = new PositionReporter(options.debuggee, options.event);
    this.writtenBackAt = options.environment.milliseconds();
    this.runner = new Runner(options.environment, {
      mustStop: () => this.stopWaiters.length > 0,
      betweenSlices: () => this.betweenSlices(),
      // Also sends console output during a step, because stepping over a call may take a long time.
      sendProgress: () => this.sendProgress(),
      deliverRequests: options.deliverRequests,
    });
  }

  runStarted(runOwner: RunOwner): void {
    this.runOwner = runOwner;
    this.debuggee.isRunning = true;
    this.hasStarted = true;
    this.debuggee.invalidate();
    this.positionReporter.tell(true, this.environment.milliseconds());
  }

  /**
   * Called when the machine has stopped. Sends the pending events, then resolves the promises that `standStill`
   * returned.
   */
  runEnded(): void {
    this.runOwner = 'nobody';
    this.debuggee.isRunning = false;
    this.debuggee.invalidate();
    this.console.flush();
    this.sendUpdates();
    for (const resolve of this.stopWaiters.splice(0)) resolve();
  }

  /** Stops the machine. If the editor started the run, it ends as paused. */
  standStill(): Promise<void> {
    if (this.runOwner === 'nobody' && this.hasStarted) return Promise.resolve();
    return new Promise((resolve) => this.stopWaiters.push(resolve));
  }

  /**
   * Checks that no other program has changed the session's files. The check also runs while the machine is stopped, but
   * no more often than the recording is written back.
   */
  checkFiles(): void {
    const now = this.environment.milliseconds();
    if (now - this.filesCheckedAt < WRITE_BACK_MILLISECONDS) return;
    this.filesCheckedAt = now;
    this.debuggee.session.timeline.checkFiles();
  }

  betweenSlices(): void {
    this.sendProgress();
    const now = this.environment.milliseconds();
    if (now - this.writtenBackAt < WRITE_BACK_MILLISECONDS) return;
    this.debuggee.session.timeline.writeBack();
    this.writtenBackAt = now;
  }

  /** After a request and at a stop: reports the position and new diagnostics about debug information. */
  sendUpdates(): void {
    this.checkFiles();
    if (this.runOwner === 'nobody') this.positionReporter.sendIfChanged(this.environment.milliseconds());
    this.sendWrites();
    for (const diagnostic of this.debuggee.symbols.files.flatMap(({ diagnostics }) => diagnostics)) {
      if (!this.diagnosticsShown.has(diagnostic)) {
        this.event('output', { category: 'console', output: `${diagnostic}\n` });
      }
      this.diagnosticsShown.add(diagnostic);
    }
  }

  /** Notifies the client that the stack and variables may have changed, and which bytes of memory have changed. */
  private sendWrites(): void {
    const written = this.debuggee.takeWrites();
    if (written.length > 0) this.event('invalidated', { areas: ['all'] });
    for (const one of written) {
      if (!one) continue;
      this.event('memory', { memoryReference: hex(one.address), offset: 0, count: one.lengthBytes });
    }
  }

  private sendProgress(): void {
    this.console.flush();
    this.positionReporter.sendIfDue(this.environment.milliseconds());
  }
}
