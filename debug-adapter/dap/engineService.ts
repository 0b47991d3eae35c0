import {
  type End,
  endAtLiveEnd,
  largeDebugFilesOf,
  replayablePosition,
  resolvePath,
  type Sliced,
  type StopReason,
} from '../engine/index.ts';
import { machineIsRunning, requestTwice, requestUnknown, sessionHasEnded, gdbServerOn } from '../messages/dap.ts';
import { foreignConnection } from '../messages/gdb.ts';
import { userErrorOf } from '../messages/outOfMemory.ts';
import { sessionFailed } from '../messages/session.ts';
import { Arguments } from './arguments.ts';
import type { Debuggee } from './debuggee.ts';
import { GdbServerHost, type Listen } from './gdbServerHost.ts';
import { failureOf } from './failure.ts';
import { GuestConsole } from './guestConsole.ts';
import { type LaunchConfiguration, parseLaunch } from './launchConfiguration.ts';
import { ENGINE_COMMANDS, type EngineEvent, SIGNALS, sizeOf, type EngineRequest } from './messages.ts';
import { openDebuggee, type DebuggeeEnvironment } from './openDebuggee.ts';
import { OpenSession, type RunEnvironment } from './openSession.ts';
import { Preparation } from './preparation.ts';
import { ANSWERS, PREPARATIONS, RUNS } from './requests/index.ts';
import { longRun } from './requests/longRun.ts';
import { conditionProblem, endText, stoppedBody, threadOf } from './stopEvents.ts';
import { textFor } from '../messages/userError.ts';

/** What the service needs from its environment, such as the message port, the network and the user's decisions. */
export interface ServiceEnvironment extends DebuggeeEnvironment, RunEnvironment {
  post(message: EngineEvent): void;
  /** Takes the next pending message, if any, without waiting for the event loop. */
  nextMessage(): EngineRequest | undefined;
  /** Listens on a TCP port on the loopback interface. */
  listen: Listen;
  /**
   * Creates the indexes of large symbol files and of the kernel in a recording (`Host.symbolIndexes`), or gets them
   * from the user's cache.
   */
  prepareSymbols?(files: readonly string[], options: { usesCache: boolean; rrfile?: string }): Promise<void>;
  /** True if the user has agreed to overwrite files. The session then behaves as with `"overwrite": "always"`. */
  overwrites?: boolean;
}

type Request = Extract<EngineRequest, { kind: 'request' }>;

/**
 * The part of the adapter that runs in the engine thread. It owns the session and answers the requests that need the
 * session, one at a time. Every error in a request becomes an error response, and the session continues.
 */
export class EngineService {
  private environment: ServiceEnvironment;
  private console: GuestConsole;
  private preparation: Preparation;
  private open: OpenSession | undefined;
  private wasLaunched = false;
  private isClosed = false;
  /** Messages that arrived during a `whole` run and can wait until it ends. */
  private waiting: EngineRequest[] = [];

  constructor(environment: ServiceEnvironment) {
    this.environment = environment;
    this.console = new GuestConsole((event, body) => this.event(event, body));
    this.preparation = new Preparation(environment);
  }

  received(message: EngineRequest): void {
    switch (message.kind) {
      case 'request':
        if (this.preparation.delays(() => this.received(message))) return;
        if (message.command === 'launch') return void this.launch(message);
        return this.prepareRequest(message);
      case 'close':
        this.isClosed = true;
        this.close();
        this.post({ kind: 'closed' });
    }
  }

  /** Called every few seconds, because a stopped machine does not check its files itself. */
  checkFiles(): void {
    this.open?.checkFiles();
  }

  // --- requests --------------------------------------------------------------------------------------------------------

  private prepareRequest(request: Request): void {
    const { open } = this;
    const prepare = PREPARATIONS[request.command];
    if (!open || !prepare) return this.handleRequest(request);
    const work = prepare(open.debuggee, new Arguments(request.command, request.arguments));
    this.preparation.run(work, () => this.handleRequest(request));
  }

  /** Answers a request, with an error response if the request fails. */
  private handleRequest(request: Request): void {
    const { id } = request;
    try {
      const { body, run } = this.answer(request);
      this.post({ kind: 'reply', id, body });
      this.open?.sendUpdates();
      run?.();
    } catch (error) {
      this.post({ kind: 'failed', id, failure: failureOf(error) });
    }
  }

  private answer({ command, arguments: given, breakpointIds }: Request): { body: unknown; run?: () => void } {
    const { open } = this;
    if (!open) throw sessionHasEnded();
    if (open.control.isRunning && ENGINE_COMMANDS[command]?.needs === 'stopped') throw machineIsRunning();
    const { debuggee } = open;
    const args = new Arguments(command, given);
    const answer = ANSWERS[command];
    if (answer) return { body: answer(debuggee, args, breakpointIds) };
    const start = RUNS[command];
    if (!start) throw requestUnknown(command);
    const run = start(debuggee, args);
    return {
      body: command === 'continue' ? { allThreadsContinued: true } : {},
      run: () => void this.run(command, given, run ?? noRun()),
    };
  }

  /**
   * Handles `launch` and turns its errors into error responses. It is asynchronous because it may first open a port for
   * gdb and index symbol files.
   */
  private async launch({ id, arguments: given }: Request): Promise<void> {
    let gdbHost: GdbServerHost | undefined;
    try {
      if (this.wasLaunched) throw requestTwice('launch');
      const configuration = this.configurationOf(given);
      if (configuration.gdbServer !== null) {
        gdbHost = await GdbServerHost.listen(this.environment.listen, configuration.gdbServer);
        if (this.isClosed) throw sessionHasEnded();
      }
      await this.prepareSymbols(configuration);
      this.openSession(configuration, gdbHost);
      this.event('initialized', undefined);
      const harts = this.open?.debuggee.hartCount;
      this.post({ kind: 'reply', id, body: { harts } });
    } catch (error) {
      gdbHost?.close();
      this.post({ kind: 'failed', id, failure: failureOf(error) });
    }
  }

  /** Indexes large symbol files in other threads, so that no request has to wait for an index later. */
  private async prepareSymbols(configuration: LaunchConfiguration): Promise<void> {
    const { noDebug, kernel, symbols, symbolCache, rr, rrfile, cwd, symbolPaths } = configuration;
    const { prepareSymbols, host } = this.environment;
    if (noDebug || !prepareSymbols) return;
    const files = [...symbols.map(({ file }) => file), ...(kernel === null ? [] : [kernel])];
    const separate = largeDebugFilesOf(host, files, { workspace: cwd, symbolPaths });
    const recording = rr === 'replay' ? rrfile : undefined;
    await prepareSymbols([...files, ...separate], { usesCache: symbolCache, rrfile: recording });
    if (this.isClosed) throw sessionHasEnded();
    if (this.wasLaunched) throw requestTwice('launch');
  }

  private configurationOf(given: unknown): LaunchConfiguration {
    const { files } = this.environment.host;
    const configuration = parseLaunch(given, (folder, file) => resolvePath(files, folder, file));
    return this.environment.overwrites ? { ...configuration, overwrite: 'always' } : configuration;
  }

  private openSession(configuration: LaunchConfiguration, gdbHost: GdbServerHost | undefined): void {
    const debuggee = openDebuggee(this.environment, configuration, this.console, (notice) =>
      this.output('important', textFor(notice, 'editor')),
    );
    this.wasLaunched = true;
    this.open = new OpenSession({
      ...{ debuggee, gdbHost, console: this.console, environment: this.environment },
      event: (event, body) => this.event(event, body),
      deliverRequests: () => this.deliverRequests(),
      onStopped: (reason) => this.stopped(debuggee, reason),
    });
    if (!debuggee.session.hasHistory) this.event('capabilities', { capabilities: { supportsStepBack: false } });
    if (!gdbHost) return;
    this.shareWithGdb(this.open, gdbHost);
    this.output('console', gdbServerOn(gdbHost.name));
  }

  // --- running ---------------------------------------------------------------------------------------------------------

  /** Runs the machine and always sends `stopped` or `terminated` at the end. */
  private async run(command: string, args: unknown, run: Sliced<StopReason>): Promise<void> {
    const open = this.open!;
    open.reportProgressOf(longRun(command, args, open.debuggee));
    try {
      await open.runner.run(run, { owner: 'editor', mode: ENGINE_COMMANDS[command].runs! });
    } catch (error) {
      this.runFailed(open, error);
    }
    for (const message of this.waiting.splice(0)) this.received(message);
  }

  private stopped(debuggee: Debuggee, reason: StopReason): void {
    if (reason.kind === 'ended' && endsSession(debuggee)) return this.ended(reason.end);
    const problem = conditionProblem(debuggee, reason);
    if (problem) this.output('stderr', problem);
    this.event('stopped', stoppedBody(debuggee, reason));
  }

  private ended(end: End): void {
    this.output('console', `${endText(end)}.`);
    this.close();
    this.event('exited', { exitCode: end.guestExit ?? 0 });
    this.event('terminated', {});
  }

  /**
   * Handles an error during a run. After a divergence or an internal error, the session can still be inspected. A host
   * failure, such as a full disk, ends the session.
   */
  private runFailed(open: OpenSession, error: unknown): void {
    if (open !== this.open) return;
    const failure = failureOf(error);
    const { message: text } = failure;
    open.refresh();
    open.debuggee.failure = failure;
    if (userErrorOf(error)?.kind === 'hostFailure') {
      this.open = undefined;
      open.control.end();
      open.gdbHost?.close();
      this.abandon(open, text);
      this.event('terminated', {});
    } else {
      this.output('stderr', text);
      const stop = { reason: 'exception', description: text, text };
      const threadId = threadOf(open.debuggee.currentHart);
      this.event('stopped', { ...stop, threadId, allThreadsStopped: true });
    }
  }

  /**
   * Called during a run. Answers the requests that are allowed during a run, and keeps all other messages until the run
   * ends.
   */
  private deliverRequests(): void {
    for (let message = this.environment.nextMessage(); message; message = this.environment.nextMessage()) {
      if (message.kind === 'request' && ENGINE_COMMANDS[message.command]?.isAnsweredDuringRun)
        this.handleRequest(message);
      else this.waiting.push(message);
    }
  }

  private shareWithGdb(open: OpenSession, gdbHost: GdbServerHost): void {
    gdbHost.open({
      session: open.debuggee.session,
      runner: open.runner,
      onFailed: (error) => this.runFailed(open, error),
      onForeignConnection: () => this.output('important', foreignConnection()),
    });
  }

  // --- ending the session ----------------------------------------------------------------------------------------------

  /** Completes the recording and the overlays. Further calls have no effect. */
  private close(): void {
    const { open } = this;
    if (!open) return;
    this.open = undefined;
    open.control.end();
    open.gdbHost?.close();
    const { target: timeline } = open.debuggee.session;
    try {
      timeline.close(endAtLiveEnd(timeline));
      this.console.flush();
    } catch (error) {
      this.abandon(open, failureOf(error).message);
    }
  }

  /**
   * Ends the session after a failure. Reports the failure in an `important` output event, which editors show
   * prominently, for example as a notification.
   */
  private abandon({ debuggee }: OpenSession, failure: string): void {
    const { rr, rrfile } = debuggee.configuration;
    try {
      debuggee.session.target.abandon();
    } finally {
      const { host } = this.environment;
      const kept = rr === 'record' ? { rr, rrfile, position: replayablePosition(host, rrfile) } : { rr };
      this.output('important', sessionFailed(failure, kept));
    }
  }

  private output(category: 'console' | 'important' | 'stderr', text: string): void {
    this.event('output', { category, output: `${text}\n` });
  }

  private post(message: EngineEvent): void {
    Atomics.add(this.environment.signals, SIGNALS.unsentBytes, sizeOf(message));
    this.environment.post(message);
  }

  private event(event: string, body: unknown): void {
    this.post({ kind: 'event', event, body });
  }
}

/** An empty run, for a request that leaves the machine at its current position. */
// eslint-disable-next-line require-yield -- it ends immediately
function* noRun(): Sliced<StopReason> {
  return { kind: 'entry' };
}

/**
 * Whether the session ends when the machine ends. If there is a history, the session continues, so that the user can
 * inspect the history.
 */
function endsSession({ session, configuration }: Debuggee): boolean {
  return configuration.noDebug || !session.hasHistory;
}
