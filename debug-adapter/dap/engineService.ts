import { type End, type StopReason, type Timeline, UserError } from '../engine/index.ts';
import { ownMistake, requestTwice, requestUnknown, sessionHasEnded } from '../engine/errors/dap.ts';
import { Arguments } from './arguments.ts';
import type { Debuggee } from './debuggee.ts';
import { GuestConsole } from './guestConsole.ts';
import { parseLaunch } from './launchConfiguration.ts';
import { ENGINE_COMMANDS, type Failure, type FromEngine, type ToEngine } from './messages.ts';
import { openDebuggee, type Surroundings } from './openDebuggee.ts';
import { ANSWERS, RUNS } from './requests/index.ts';
import type { Slice } from './requests/running.ts';
import { Runner, type RunnerSurroundings } from './runner.ts';
import { endWords, stoppedBody, THREAD_ID } from './stopEvents.ts';

/**
 * The engine's side of the adapter: owns the session and answers the requests that need it, one after the other. Each
 * goes through one guard, so that whatever is wrong with it becomes an error response and the session lives.
 */
export interface ServiceSurroundings extends Surroundings, RunnerSurroundings {
  post(message: FromEngine): void;
}

type Request = Extract<ToEngine, { kind: 'request' }>;

export class EngineService {
  private surroundings: ServiceSurroundings;
  private console: GuestConsole;
  private open: { debuggee: Debuggee; runner: Runner } | undefined;
  private wasLaunched = false;
  private complaintsTold = new Set<string>();

  constructor(surroundings: ServiceSurroundings) {
    this.surroundings = surroundings;
    this.console = new GuestConsole((output) => this.event('output', { category: 'stdout', output }));
  }

  received(message: ToEngine): void {
    switch (message.kind) {
      case 'request':
        return this.guard(message);
      case 'close':
        this.close();
        this.surroundings.post({ kind: 'closed' });
    }
  }

  /** The one guard around each request. */
  private guard(request: Request): void {
    const { id } = request;
    try {
      const { body, run } = this.answer(request);
      this.surroundings.post({ kind: 'reply', id, body });
      this.tellComplaints();
      run?.();
    } catch (error) {
      this.surroundings.post({ kind: 'failed', id, failure: failureOf(error) });
    }
  }

  private answer(request: Request): { body: unknown; run?: () => void } {
    const { command, breakpointIds } = request;
    if (command === 'launch') return { body: this.launch(request.arguments) };
    if (!this.open) throw sessionHasEnded();
    const { debuggee } = this.open;
    const args = new Arguments(command, request.arguments);
    const answer = ANSWERS[command];
    if (answer) return { body: answer(debuggee, args, breakpointIds) };
    const start = RUNS[command];
    if (!start) throw requestUnknown(command);
    const slice = start(debuggee, args);
    return {
      body: command === 'continue' ? { allThreadsContinued: true } : {},
      run: () => void this.run(command, slice),
    };
  }

  private launch(configuration: unknown): object {
    if (this.wasLaunched) throw requestTwice('launch');
    const debuggee = openDebuggee(this.surroundings, parseLaunch(configuration), this.console);
    this.wasLaunched = true;
    const { timeline } = debuggee.session;
    const showConsole = () => this.console.flush();
    this.open = { debuggee, runner: new Runner({ surroundings: this.surroundings, timeline, showConsole }) };
    if (!debuggee.session.canGoBack) this.event('capabilities', { capabilities: { supportsStepBack: false } });
    this.event('initialized', undefined);
    return {};
  }

  /** Says `stopped` or `terminated` in the end, whatever happens. */
  private async run(command: string, slice: Slice | undefined): Promise<void> {
    const { debuggee, runner } = this.open!;
    debuggee.forget();
    try {
      const how = ENGINE_COMMANDS[command].runs!;
      const reason: StopReason = slice ? await runner.run(slice, how) : { kind: 'entry' };
      if (runner.isClosing) return;
      this.tellComplaints();
      if (reason.kind === 'ended' && endsSession(debuggee)) return this.ended(reason.end);
      this.event('stopped', stoppedBody(debuggee, reason));
    } catch (error) {
      this.runFailed(error);
    }
  }

  private ended(end: End): void {
    this.output('console', `${endWords(end)}.`);
    this.close();
    this.event('exited', { exitCode: end.guestExit ?? 0 });
    this.event('terminated', {});
  }

  /** A replay that differs, or our own mistake, can still be looked at; a host that fails ends the session. */
  private runFailed(error: unknown): void {
    this.console.flush();
    const { message: text } = failureOf(error);
    this.output('stderr', text);
    if (error instanceof UserError && error.kind === 'hostFailure') {
      this.open?.debuggee.session.timeline.abandon();
      this.open = undefined;
      this.event('terminated', {});
    } else {
      this.event('stopped', {
        reason: 'exception',
        description: text,
        text,
        threadId: THREAD_ID,
        allThreadsStopped: true,
      });
    }
  }

  /** Recording and overlays are complete after this. Harmless when called twice. */
  private close(): void {
    if (!this.open) return;
    const { debuggee, runner } = this.open;
    this.open = undefined;
    runner.isClosing = true;
    const { timeline } = debuggee.session;
    try {
      timeline.close(endOfPresent(timeline));
      this.console.flush();
    } catch (error) {
      this.output('stderr', failureOf(error).message);
      timeline.abandon();
    }
  }

  private tellComplaints(): void {
    for (const complaint of this.open?.debuggee.symbols.flatMap(({ complaints }) => complaints) ?? []) {
      if (!this.complaintsTold.has(complaint)) this.output('console', complaint);
      this.complaintsTold.add(complaint);
    }
  }

  private output(category: 'console' | 'stderr', text: string): void {
    this.event('output', { category, output: `${text}\n` });
  }

  private event(event: string, body: unknown): void {
    this.surroundings.post({ kind: 'event', event, body });
  }
}

/** With a past there is something to look at when the guest has ended. */
function endsSession({ session, configuration }: Debuggee): boolean {
  return configuration.noDebug || !session.canGoBack;
}

/** A guest that has ended by itself is not interrupted; a live one is what it is in its present. */
function endOfPresent(timeline: Timeline): End {
  const { travel } = timeline;
  if (travel?.isLookingBack) travel.seekTo(travel.end);
  return timeline.advance(timeline.position) ?? { reason: 'interrupted' };
}

function failureOf(error: unknown): Failure {
  if (error instanceof UserError) return { code: error.code, message: error.message };
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { code: 'own-mistake', message: ownMistake(text) };
}
