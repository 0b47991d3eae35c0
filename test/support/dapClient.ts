import assert from 'node:assert/strict';
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import path from 'node:path';
import type { DebugProtocol } from '@vscode/debugprotocol';
import type { Sandbox } from './cli.ts';
import { guest } from './guests.ts';

/**
 * A debug adapter under test, started as an editor would start it, and its client. `request` resolves with the body of
 * the response; `refused` is for requests that must fail. Every wait has a time limit.
 */
type Body = Record<string, any>; // eslint-disable-line @typescript-eslint/no-explicit-any

const ADAPTER = path.resolve(import.meta.dirname, '../../dist/debug-adapter.js');
const WAIT_MS = 60_000;
const EVENTS_KEPT = 20;

export class DapClient {
  readonly exited: Promise<number | null>;
  /** All events so far, in order. */
  readonly events: DebugProtocol.Event[] = [];
  /** The adapter's output on stderr, which must stay empty. */
  stderr = '';
  private readonly child: ChildProcessWithoutNullStreams;
  private readonly answers = new Map<
    number,
    { resolve(response: DebugProtocol.Response): void; reject(error: Error): void }
  >();
  private readonly watchers = new Set<() => void>();
  private seen = 0;
  private seq = 1;
  private input: Buffer = Buffer.alloc(0);

  /**
   * Starts the adapter's process, which is stopped when the test ends. `under` contains further options and environment
   * variables for Node; `args` are the adapter's arguments.
   */
  constructor(
    owner: { after(what: () => Promise<unknown>): void },
    under: { options?: readonly string[]; env?: NodeJS.ProcessEnv; args?: readonly string[] } = {},
  ) {
    owner.after(() => this.leave());
    const { options = [], env = process.env, args = [] } = under;
    const load = ['-e', `require(${JSON.stringify(ADAPTER)})`, '--'];
    this.child = spawn(process.execPath, [...options, ...load, ...args], { env });
    this.exited = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.stdout.on('data', (bytes: Buffer) => this.receive(bytes));
    this.child.stderr.setEncoding('utf8').on('data', (text: string) => (this.stderr += text));
    this.child.stdin.on('error', () => {});
    // After 'close', unlike after 'exit', all of the adapter's output has been read.
    this.child.once('close', () => this.answers.forEach(({ reject }) => reject(new Error('the adapter has exited'))));
  }

  /** The adapter's process id. */
  get pid(): number {
    return this.child.pid!;
  }

  /** The guest's console output so far. */
  get console(): string {
    const outputs = this.events.filter(({ event, body }) => event === 'output' && body.category === 'stdout');
    return outputs.map(({ body }) => body.output as string).join('');
  }

  /** The guest's console output so far, if it goes to a terminal. */
  get terminal(): string {
    const pieces = this.events.filter(({ event }) => event === 'blkreplay/console');
    return Buffer.concat(pieces.map(({ body }) => Buffer.from(body.base64 as string, 'base64'))).toString('latin1');
  }

  /** The body of the last event that reported the position. */
  get place(): Body {
    return this.events.findLast(({ event }) => event === 'blkreplay/place')!.body as Body;
  }

  async request(command: string, args?: object): Promise<Body> {
    const response = await this.send(command, args);
    assert.ok(response.success, `${command}: ${JSON.stringify(response.body)}`);
    return (response.body ?? {}) as Body;
  }

  /** Sends a request that must fail. Returns the error message that the user sees. */
  async refused(command: string, args?: unknown, alter?: (text: string) => string): Promise<string> {
    const response = await this.send(command, args, alter);
    assert.equal(response.success, false, `${command} is refused`);
    return (response.body as DebugProtocol.ErrorResponse['body']).error!.format;
  }

  /** Sends a request and returns the response. `alter` changes the message's text before it is sent. */
  send(command: unknown, args?: unknown, alter = (text: string) => text): Promise<DebugProtocol.Response> {
    const seq = this.seq++;
    const answered = new Promise<DebugProtocol.Response>((resolve, reject) =>
      this.answers.set(seq, { resolve, reject }),
    );
    this.write(alter(JSON.stringify({ seq, type: 'request', command, arguments: args })));
    return inTime(answered, () => `an answer to ${String(command)}; stderr: ${this.stderr}`);
  }

  /** Sends any text as a message with a correct header. */
  write(text: string): void {
    this.writeRaw(`Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`);
  }

  /** Sends any bytes. */
  writeRaw(text: string): void {
    this.child.stdin.write(text);
  }

  /** Waits for the next event with this name, after the events that earlier calls returned. */
  async event(name: string): Promise<Body> {
    for (;;) {
      const found = this.events.findIndex(({ event }, i) => i >= this.seen && event === name);
      if (found >= 0) {
        this.seen = found + 1;
        return (this.events[found].body ?? {}) as Body;
      }
      const next = new Promise<void>((resolve) => this.watchers.add(resolve));
      await inTime(next, () => `the event ${name}; stderr: ${this.stderr}`);
    }
  }

  /** Drops the events that earlier calls to `event` returned, except the last few, to save memory in long sessions. */
  forgetEvents(): void {
    const forgotten = Math.max(0, this.seen - EVENTS_KEPT);
    this.events.splice(0, forgotten);
    this.seen -= forgotten;
  }

  /** Types text on the guest's console. */
  async type(text: string): Promise<void> {
    await this.request('blkreplay/consoleInput', { base64: Buffer.from(text, 'latin1').toString('base64') });
  }

  /** Waits until the guest's terminal output contains the text at or after character `from`. */
  async untilTerminal(text: string, from = 0): Promise<void> {
    while (!this.terminal.includes(text, from)) await this.event('blkreplay/console');
  }

  /** Sends a run request and returns the `stopped` event that follows. */
  async until(command: string, args: object = { threadId: 1 }): Promise<Body> {
    await this.request(command, args);
    return this.event('stopped');
  }

  async start(
    launch: object,
    breakpoints: () => Promise<unknown> = () => Promise.resolve(),
    client: object = {},
  ): Promise<void> {
    await this.request('initialize', { adapterID: 'blkreplay', ...client });
    await this.request('launch', launch);
    await this.event('initialized');
    await breakpoints();
    await this.request('configurationDone');
  }

  async topFrame(): Promise<{ id: number; name: string; line: number; source?: { path: string } }> {
    const { stackFrames } = await this.request('stackTrace', { threadId: 1 });
    return stackFrames[0];
  }

  async evaluate(expression: string): Promise<string> {
    const { id: frameId } = await this.topFrame();
    const { result } = await this.request('evaluate', { expression, frameId, context: 'watch' });
    return result;
  }

  /**
   * Stops reading and closes the adapter's output pipe, as if the client had been killed. The adapter's writes then
   * fail.
   */
  stopListening(): void {
    this.child.stdout.destroy();
  }

  /** Disconnects without a request, as when an editor is closed. */
  leave(): Promise<number | null> {
    this.child.stdin.end();
    return inTime(this.exited, () => 'the end of the process');
  }

  private receive(bytes: Buffer): void {
    this.input = Buffer.concat([this.input, bytes]);
    for (;;) {
      const headerEnd = this.input.indexOf('\r\n\r\n');
      if (headerEnd < 0) return;
      const length = Number(/Content-Length: (\d+)/.exec(this.input.toString('latin1', 0, headerEnd))![1]);
      const end = headerEnd + 4 + length;
      if (this.input.length < end) return;
      this.take(JSON.parse(this.input.toString('utf8', headerEnd + 4, end)));
      this.input = this.input.subarray(end);
    }
  }

  private take(message: DebugProtocol.Response | DebugProtocol.Event): void {
    if (message.type === 'response') {
      const response = message as DebugProtocol.Response;
      this.answers.get(response.request_seq)?.resolve(response);
      this.answers.delete(response.request_seq);
      return;
    }
    this.events.push(message as DebugProtocol.Event);
    for (const watcher of this.watchers) watcher();
    this.watchers.clear();
  }
}

/** A launch configuration that records the demo on a new disk. `more` changes or adds settings. */
export function demoLaunch(sandbox: Sandbox, more: object = {}): object {
  const image = sandbox.disk('disk.img');
  return {
    ...{ rr: 'record', rrfile: 'demo.rr', cwd: sandbox.folder, kernel: guest('demo/demo'), idle: 'warp' },
    drives: [{ id: 'hd0', image, format: 'raw', overlay: 'hd0.qcow2' }],
    ...more,
  };
}

/** The path of a guest's source, as an editor sends it. */
export const source = (name: string): string => path.resolve(import.meta.dirname, '../guests', name);

function inTime<T>(promise: Promise<T>, what: () => string): Promise<T> {
  let timer: NodeJS.Timeout;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`waited too long for ${what()}`)), WAIT_MS);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
