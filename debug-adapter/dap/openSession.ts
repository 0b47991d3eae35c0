import { type RunControl, Runner, type RunOwner, type StopReason } from '../engine/index.ts';
import type { Debuggee } from './debuggee.ts';
import type { GdbServerHost } from './gdbServerHost.ts';
import type { GuestConsole } from './guestConsole.ts';
import { PositionReporter } from './positionEvent.ts';
import { type LongRun, ProgressReporter } from './progress.ts';
import { RunnerSignals } from './runnerSignals.ts';
import { THREAD_ID } from './stopEvents.ts';
import { hex } from './variableViews.ts';
import { stopTexts } from '../messages/dap.ts';

/** The clock, event loop and signals of the engine thread. */
export interface RunEnvironment {
  /** The time in milliseconds since an arbitrary point in time. */
  milliseconds(): number;
  /** Resolves when pending messages have been delivered. */
  letMessagesIn(): Promise<void>;
  /** See SIGNALS. */
  signals: Int32Array<SharedArrayBuffer>;
}

const FILE_CHECK_MILLISECONDS = 500;

/** An open session. A Runner runs the machine; the session informs the client about changes. */
export class OpenSession {
  readonly debuggee: Debuggee;
  readonly runner: Runner;
  readonly gdbHost: GdbServerHost | undefined;
  private environment: RunEnvironment;
  private console: GuestConsole;
  private event: (event: string, body?: object) => void;
  private positionReporter: PositionReporter;
  private progress: ProgressReporter;
  private diagnosticsShown = new Set<string>();
  private filesCheckedAt = -Infinity;

  constructor(options: {
    debuggee: Debuggee;
    gdbHost: GdbServerHost | undefined;
    console: GuestConsole;
    environment: RunEnvironment;
    event: (event: string, body?: object) => void;
    deliverRequests: () => void;
    onStopped: (reason: StopReason) => void;
  }) {
    this.debuggee = options.debuggee;
    this.gdbHost = options.gdbHost;
    this.console = options.console;
    this.environment = options.environment;
    this.event = options.event;
    this.positionReporter = new PositionReporter(options.debuggee, options.event);
    this.progress = new ProgressReporter(options.event);
    this.listenToStopPoints();
    this.runner = this.makeRunner(options.deliverRequests, options.onStopped);
  }

  get control(): RunControl {
    return this.debuggee.control;
  }

  /**
   * Prints the messages of logpoints together with their source locations, and reports progress while hits are being
   * counted.
   */
  private listenToStopPoints(): void {
    const { breakpoints, session } = this.debuggee;
    session.listener.onLog = ({ id, text }) => {
      this.console.flush();
      const { source, line } = breakpoints.get(id)?.shown ?? {};
      this.event('output', { category: 'console', output: `${text}\n`, source, line });
    };
    session.listener.onCounting = (part) => this.progress.counted(part, this.environment.milliseconds());
  }

  /** Must be called before each run. If `run` is given and the run takes a long time, its progress is reported. */
  reportProgressOf(run: LongRun | undefined): void {
    this.progress.begin(run, this.environment.milliseconds());
  }

  /**
   * Must be called when the machine has stopped. Invalidates all frames and values that the client has received, and
   * sends pending events.
   */
  refresh(): void {
    this.debuggee.invalidate();
    this.console.showUpTo(this.debuggee.session.position);
    this.sendUpdates();
  }

  /** Checks that no other program has changed the session's files. */
  checkFiles(): void {
    const now = this.environment.milliseconds();
    if (now - this.filesCheckedAt < FILE_CHECK_MILLISECONDS) return;
    this.filesCheckedAt = now;
    this.debuggee.session.target.checkFiles();
  }

  /** Called after a request and at a stop. Reports the position and new diagnostics about debug information. */
  sendUpdates(): void {
    this.checkFiles();
    if (!this.control.isRunning) this.positionReporter.sendIfChanged(this.environment.milliseconds());
    this.sendWrites();
    this.sendHitCounts();
    for (const diagnostic of this.debuggee.symbols.files.flatMap(({ diagnostics }) => diagnostics)) {
      if (!this.diagnosticsShown.has(diagnostic)) {
        this.event('output', { category: 'important', output: `${diagnostic}\n` });
      }
      this.diagnosticsShown.add(diagnostic);
    }
  }

  /** Updates the number of hits that the client shows for each breakpoint with a hit condition. */
  private sendHitCounts(): void {
    if (this.control.isRunning) return;
    for (const { shown, hits } of this.debuggee.breakpoints.takeChangedCounts()) {
      this.event('breakpoint', { reason: 'changed', breakpoint: { ...shown, message: stopTexts.hits(hits) } });
    }
  }

  /** Tells the client that the stack and variables may have changed, and which bytes of memory have changed. */
  private sendWrites(): void {
    const written = this.debuggee.takeWrites();
    if (written.length > 0) this.event('invalidated', { areas: ['all'] });
    for (const one of written) {
      if (!one) continue;
      this.event('memory', { memoryReference: hex(one.address), offset: 0, count: one.lengthBytes });
    }
  }

  private makeRunner(deliverRequests: () => void, onStopped: (reason: StopReason) => void): Runner {
    const { environment, debuggee } = this;
    const client = new RunnerSignals(environment.signals, deliverRequests);
    return new Runner(debuggee.session.target, debuggee.control, {
      milliseconds: () => environment.milliseconds(),
      letMessagesIn: () => {
        client.clearMessage();
        return environment.letMessagesIn();
      },
      wantsPause: () => {
        this.progress.sendIfDue(environment.milliseconds());
        return client.wantsPause;
      },
      showProgress: () => {
        this.console.showUpTo(debuggee.session.position);
        this.positionReporter.sendIfDue(environment.milliseconds());
        this.progress.reached(debuggee.session.position);
      },
      onRunStarted: (owner) => {
        // For a run that the editor starts, the protocol thread has already cleared the pause signal.
        if (owner === 'gdb') client.clearPause();
        this.runStarted(owner);
      },
      afterPause: () => debuggee.session.stopPoints.returnFromCounting(),
      onRunEnded: (_owner, reason) => {
        this.progress.end();
        if (reason) debuggee.session.reason = reason;
        this.refresh();
        if (reason) onStopped(reason);
      },
      client,
    });
  }

  private runStarted(owner: RunOwner): void {
    this.debuggee.invalidate();
    this.positionReporter.tell(true, this.environment.milliseconds());
    if (owner === 'gdb') this.event('continued', { threadId: THREAD_ID, allThreadsContinued: true });
  }
}
