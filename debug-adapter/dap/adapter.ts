// Import `lib/messages.js`, which has no dependencies, because the main module of this package requires Node.js.
import { Event, Response } from '@vscode/debugadapter/lib/messages.js';
import type { DebugProtocol } from '@vscode/debugprotocol';
import {
  machineIsRunning,
  requestTooEarly,
  requestTwice,
  requestUnknown,
  sessionHasEnded,
  setWhenStopped,
  messageUnreadable,
} from '../messages/dap.ts';
import { isRecord } from './arguments.ts';
import { CAPABILITIES } from './capabilities.ts';
import { type EngineLink, RequestFailure } from './engineLink.ts';
import { type CommandRules, ENGINE_COMMANDS } from './messages.ts';
import { failureOf } from './failure.ts';
import { type ClientEvents, type ClientStreams, ProtocolStream } from './protocolStream.ts';
import { StepQueue } from './stepQueue.ts';
import { THREAD_ID, threadOf } from './stopEvents.ts';
import { checkAnnounced } from './unannounced.ts';

type Phase = 'new' | 'initialized' | 'launching' | 'configuring' | 'stopped' | 'running' | 'ended';

const PROGRESS_EVENTS = ['progressStart', 'progressUpdate', 'progressEnd'];

/**
 * The maximum number of unanswered requests to the engine; further requests wait. An editor sends about ten at a time.
 */
const UNANSWERED_MAX = 256;

/**
 * The part of the adapter that handles the Debug Adapter Protocol. It answers some requests itself and forwards the
 * others to the engine thread. It tracks the engine's state and rejects requests that the engine cannot answer at the
 * moment, so no request has to wait for a running machine.
 */
export class Adapter {
  private stream: ProtocolStream | undefined;
  private engine: EngineLink;
  private onDisconnected: () => void;
  private phase: Phase = 'new';
  /** Whether the current run is divided into slices or executed as a whole. */
  private runs: CommandRules['runs'];
  private isGdbRunning = false;
  private steps = new StepQueue();
  /** Which of DAP's optional events the client supports. */
  private clientSupports: Record<string, boolean> = {};
  /** The number of harts, from the engine's response to `launch`. */
  private harts = 1;
  private nextBreakpointId = 1;
  /** The ID in the progress events for the current run. */
  private progressId: unknown;

  constructor(engine: EngineLink, onDisconnected: () => void) {
    this.engine = engine;
    this.onDisconnected = onDisconnected;
    engine.onEvent = (event, body) => this.onEngineEvent(event, body);
    engine.isClientBehind = () => this.stream?.isBehind ?? false;
  }

  /** Starts answering requests. The caller reports the events of the client's streams to the returned object. */
  start(client: ClientStreams): ClientEvents {
    this.stream = new ProtocolStream(client, {
      request: (request) => void this.answer(request),
      isUrgent: ({ command }) => this.isUrgent(command),
      isBusy: () => this.engine.unansweredCount >= UNANSWERED_MAX,
      // The sequence number of a message that cannot be parsed is unknown, so the message cannot be answered.
      onMalformed: (text) => this.printError(messageUnreadable(text)),
      onFatal: (why) => this.onStreamLost(why),
      drained: () => this.engine.onStreamDrained(),
    });
    return this.stream;
  }

  /**
   * Ends the session when the client disconnects or its connection breaks: stops the current run, and completes the
   * recording and overlays.
   */
  async close(): Promise<void> {
    if (this.phase === 'launching') this.engine.interrupt();
    this.phase = 'ended';
    this.steps.drop();
    await this.engine.close();
  }

  /** Answers a request, with an error response if the request fails. */
  private async answer(request: DebugProtocol.Request): Promise<void> {
    const response: DebugProtocol.Response = new Response(request);
    try {
      response.body = await this.bodyFor(request.command, request.arguments);
      this.sendResponse(response);
    } catch (error) {
      this.sendResponse(failed(response, error));
    }
    if (request.command === 'terminate' && response.success) this.sendEvent(new Event('terminated', {}));
    if (request.command === 'disconnect') this.onDisconnected();
    this.stream?.handleWaiting();
  }

  /**
   * Whether a request must be handled before earlier requests that are still waiting. This is true for requests that
   * end the session or a run. While the request that starts a run is still queued, a request to pause or cancel that
   * run is not urgent.
   */
  private isUrgent(command: string): boolean {
    if (command === 'disconnect' || command === 'terminate') return true;
    return (command === 'pause' || command === 'cancel') && this.phase === 'running';
  }

  private onStreamLost(why: string): void {
    this.printError(why);
    this.onDisconnected();
  }

  private bodyFor(command: string, args: unknown): unknown {
    switch (command) {
      case 'initialize':
        return this.initialize(args);
      case 'threads':
        return {
          threads: Array.from({ length: this.harts }, (_, hart) => ({ id: threadOf(hart), name: `hart ${hart}` })),
        };
      case 'pause':
        this.pause();
        return {};
      case 'cancel':
        this.cancel(args);
        return {};
      case 'terminate':
      case 'disconnect':
        return this.close();
      default:
        return this.askEngine(command, args);
    }
  }

  /**
   * Stops the run whose progress the client wants to cancel. All other requests are answered without delay, so there is
   * no need to cancel them.
   */
  private cancel(args: unknown): void {
    const progressId = isRecord(args) ? args.progressId : undefined;
    if (this.phase === 'running' && progressId !== undefined && progressId === this.progressId) this.pause();
  }

  /** Stops the current run and drops the queued steps. */
  private pause(): void {
    this.steps.drop();
    if (this.phase === 'running') this.engine.pause();
  }

  private initialize(args: unknown): DebugProtocol.Capabilities {
    if (this.phase !== 'new') throw requestTwice('initialize');
    this.phase = 'initialized';
    const client = isRecord(args) ? args : {};
    this.clientSupports = {
      invalidated: client.supportsInvalidatedEvent === true,
      memory: client.supportsMemoryEvent === true,
      ...Object.fromEntries(PROGRESS_EVENTS.map((event) => [event, client.supportsProgressReporting === true])),
    };
    return CAPABILITIES;
  }

  private async askEngine(command: string, args: unknown): Promise<unknown> {
    if (!Object.hasOwn(ENGINE_COMMANDS, command)) throw requestUnknown(command);
    const rules = ENGINE_COMMANDS[command];
    if (rules.runs === 'whole' && (this.isEngineBusy || !this.steps.isEmpty)) {
      return this.steps.add(() => this.askEngineNow(command, args, rules));
    }
    return this.askEngineNow(command, args, rules);
  }

  private async askEngineNow(command: string, args: unknown, rules: CommandRules): Promise<unknown> {
    if (this.phase === 'running' && Object.hasOwn(WHILE_RUNNING, command)) return WHILE_RUNNING[command];
    this.checkPhase(command, rules);
    checkAnnounced(command, args);
    if (command === 'launch') return this.launch(args);
    if (rules.runs) return this.startRun(command, args, rules.runs);
    const ids = rules.sets ? itemsSetBy(rules.sets, args).map(() => this.nextBreakpointId++) : [];
    const answered = this.engine.ask(command, args, ids);
    if (!rules.sets || !this.isEngineBusy) return answered;
    void this.sendWhenAnswered(answered);
    return { breakpoints: ids.map((id) => ({ id, verified: false, message: setWhenStopped() })) };
  }

  private checkPhase(command: string, { needs, runs, sets, isAnsweredDuringRun }: CommandRules): void {
    const { phase } = this;
    if (phase === 'ended') throw sessionHasEnded();
    if (phase === 'new') throw requestTooEarly(command, 'initialize');
    if (command === 'launch') {
      if (phase !== 'initialized') throw requestTwice('launch');
      return;
    }
    if (phase === 'initialized' || phase === 'launching') throw requestTooEarly(command, 'launch');
    if (command === 'configurationDone' && phase !== 'configuring') throw requestTwice(command);
    if (command !== 'configurationDone' && runs && phase === 'configuring') {
      throw requestTooEarly(command, 'configurationDone');
    }
    if (phase !== 'running' || sets || isAnsweredDuringRun) return;
    if (needs === 'stopped' || this.isEngineBusy) throw machineIsRunning();
  }

  private async launch(args: unknown): Promise<unknown> {
    this.phase = 'launching';
    try {
      const body = await this.engine.ask('launch', args);
      if (isRecord(body) && typeof body.harts === 'number') this.harts = body.harts;
      return {};
    } catch (error) {
      if (this.phase === 'launching') this.phase = 'initialized';
      throw error;
    }
  }

  private async startRun(command: string, args: unknown, runs: CommandRules['runs']): Promise<unknown> {
    const before = this.phase;
    this.phase = 'running';
    this.runs = runs;
    this.engine.clearPause();
    try {
      const body = await this.engine.ask(command, args);
      // DAP defines which standard requests resume the machine. For a custom request, an event must tell the client
      // that the machine has resumed.
      if (isFromExtension(command))
        this.sendEvent(new Event('continued', { threadId: THREAD_ID, allThreadsContinued: true }));
      return body;
    } catch (error) {
      if (this.phase === 'running' && !this.isGdbRunning) this.phase = before;
      throw error;
    }
  }

  /** Whether a `whole` run is in progress, during which the engine thread reacts only to the pause signal. */
  private get isEngineBusy(): boolean {
    return this.phase === 'running' && this.runs === 'whole';
  }

  /**
   * If a request to set breakpoints arrives during a run, reports the state of the breakpoints to the client after the
   * engine has set them.
   */
  private async sendWhenAnswered(answered: Promise<unknown>): Promise<void> {
    try {
      for (const breakpoint of breakpointsIn(await answered)) {
        this.sendEvent(new Event('breakpoint', { reason: 'changed', breakpoint }));
      }
    } catch (error) {
      this.printError(failureOf(error).message);
    }
  }

  private onEngineEvent(event: string, body: unknown): void {
    if (this.phase === 'ended' && event !== 'output') return;
    if (event === 'initialized') this.phase = 'configuring';
    if (event === 'continued') this.gdbRuns();
    if (event === 'stopped') this.hasStopped();
    if (event === 'progressStart' && isRecord(body)) this.progressId = body.progressId;
    if (event === 'progressEnd') this.progressId = undefined;
    if (event in this.clientSupports && !this.clientSupports[event]) return;
    if (event === 'terminated') this.phase = 'ended';
    this.sendEvent(new Event(event, body));
    if (event === 'stopped' && isRecord(body) && body.reason === 'step') this.steps.startNext();
    else if (event === 'stopped' || event === 'continued' || event === 'terminated') this.steps.drop();
  }

  /** Records that gdb has started a run. Runs that gdb starts are divided into slices. */
  private gdbRuns(): void {
    this.phase = 'running';
    this.runs = 'slices';
    this.isGdbRunning = true;
  }

  private hasStopped(): void {
    this.phase = 'stopped';
    this.isGdbRunning = false;
  }

  private printError(text: string): void {
    this.sendEvent(new Event('output', { category: 'stderr', output: `${text}\n` }));
  }

  private sendEvent(event: DebugProtocol.Event): void {
    this.stream?.send('event', event);
  }

  private sendResponse(response: DebugProtocol.Response): void {
    this.stream?.send('response', response);
  }
}

const itemsSetBy = (what: CommandRules['sets'], args: unknown): unknown[] =>
  what === 'exceptions' ? [...listIn(args, 'filters'), ...listIn(args, 'filterOptions')] : breakpointsIn(args);

const breakpointsIn = (value: unknown): unknown[] => listIn(value, 'breakpoints');

function listIn(value: unknown, name: string): unknown[] {
  const list = isRecord(value) ? value[name] : undefined;
  return Array.isArray(list) ? list : [];
}

const ERROR_ID = 1;
/**
 * Requests whose errors are not shown in a dialog, because the editor already shows them at the place where the user
 * made the request. The blkreplay extension shows the errors of its own requests.
 */
const WITHOUT_DIALOG = new Set([
  ...['exceptionInfo', 'evaluate', 'scopes', 'dataBreakpointInfo', 'variables', 'readMemory'],
]);
/**
 * The responses to requests that the client sent while the machine was stopped, but that arrive when it is running
 * again. Requests that refer to frames of an earlier stop get the same responses; see `scopes`.
 */
const WHILE_RUNNING: Readonly<Record<string, object>> = { scopes: { scopes: [] }, variables: { variables: [] } };
/** In a malformed request, the command may be of any type. */
const isFromExtension = (command: unknown): boolean => String(command).startsWith('blkreplay/');

/**
 * More errors that are not shown in a dialog. These are errors for steps that were dropped for a reason that the user
 * can see, and for requests that the client sent after a stop or a key press but that arrived when the machine was
 * already running again.
 */
const CODES_WITHOUT_DIALOG = new Set(['step-dropped', 'steps-too-many']);
const WITHOUT_DIALOG_WHILE_RUNNING = new Set([
  ...['stackTrace', 'disassemble'],
  ...['next', 'stepIn', 'stepOut', 'stepBack'],
]);

function failed(response: DebugProtocol.Response, error: unknown): DebugProtocol.ErrorResponse {
  const { code, message, fields } = error instanceof RequestFailure ? error : failureOf(error);
  const isOvertaken = code === 'machine-running' && WITHOUT_DIALOG_WHILE_RUNNING.has(response.command);
  const isShownElsewhere = WITHOUT_DIALOG.has(response.command) || isFromExtension(response.command);
  const showUser = !isShownElsewhere && !CODES_WITHOUT_DIALOG.has(code) && !isOvertaken;
  const body = { error: { id: ERROR_ID, format: message, showUser }, fields };
  return { ...response, success: false, message: code, body };
}
