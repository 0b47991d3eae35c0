import { createHash } from 'node:crypto';
import { DapClient } from '../../test/support/dapClient.ts';
import { detail, received, sent, shortPath } from './transcript.ts';

export interface Shown {
  name: string;
  value: string;
  type?: string;
  variablesReference: number;
  evaluateName?: string;
}
export interface ShownFrame {
  id: number;
  name: string;
  line: number;
  source?: { path: string };
}

/** The first MiB of RAM (of 128 MiB), which contains the guest's program, data and stack. */
const RAM = { memoryReference: '0x80000000', count: 1 << 20 };
const CONSOLE_LINES_SHOWN = 4;

/** Runs a debug adapter in a separate process, and prints a transcript of the requests to it. */
export class DebugSession {
  /** Whether to print a transcript. The second session repeats the first one, so it prints none. */
  readonly isTold: boolean;
  private client: DapClient;

  private constructor(client: DapClient, isTold: boolean) {
    this.client = client;
    this.isTold = isTold;
  }

  /** Starts a session and runs the guest until its first stop. */
  static async launch(settings: object, { isQuiet = false } = {}): Promise<DebugSession> {
    const session = new DebugSession(new DapClient({ after: () => {} }), !isQuiet);
    const { rr, kernel } = settings as Record<string, string>;
    sent(`launch ${kernel}, rr: ${rr}`);
    await session.client.start(settings);
    const { description, text } = await session.client.event('stopped');
    received(`stopped: ${description}. ${text}`);
    const lines = session.console.trimEnd().split('\n');
    if (session.isTold) for (const line of lines.slice(-CONSOLE_LINES_SHOWN)) detail(`| ${line}`);
    return session;
  }

  get console(): string {
    return this.client.console;
  }

  /** Moves the machine with a DAP request, and then prints where it has stopped, with a remark about the stop. */
  async run(command: string, remark: (description: string) => string = () => ''): Promise<string> {
    const { description = '', reason } = await this.client.until(command, { threadId: 1 });
    const [{ name, line, source }] = await this.callStack();
    if (this.isTold) {
      sent(command);
      const location = `at ${shortPath(source?.path ?? '?')}:${line}, ${name}`;
      received(`stopped: ${reason}, ${description || location}`);
      if (description) detail(location + remark(description));
    }
    return description;
  }

  async watchWrites(variable: string): Promise<void> {
    if (this.isTold) sent(`setDataBreakpoints: writes to ${variable}`);
    const { dataId, description } = await this.client.request('dataBreakpointInfo', { name: variable });
    if (dataId === null) throw new Error(description);
    const answer = await this.client.request('setDataBreakpoints', { breakpoints: [{ dataId, accessType: 'write' }] });
    const [{ verified, message }] = answer.breakpoints;
    if (!verified) throw new Error(message);
  }

  async callStack(): Promise<ShownFrame[]> {
    return (await this.client.request('stackTrace', { threadId: 1 })).stackFrames;
  }

  evaluate(expression: string): Promise<string> {
    return this.client.evaluate(expression);
  }

  /** Evaluates an expression and prints the request and its result. */
  async ask(expression: string): Promise<string> {
    const answer = await this.evaluate(expression);
    sent(`evaluate ${expression}  <- ${answer}`);
    return answer;
  }

  async globals(): Promise<Shown[]> {
    return this.scope((await this.callStack()).at(-1)!.id, 'Globals');
  }

  locals(frameId: number): Promise<Shown[]> {
    return this.scope(frameId, 'Locals');
  }

  async members({ variablesReference }: Shown): Promise<Shown[]> {
    return (await this.client.request('variables', { variablesReference })).variables;
  }

  /**
   * A hash of all registers and of the RAM that the guest uses. If two stops have the same hash, the machine is in the
   * same state at both.
   */
  async fingerprint(): Promise<string> {
    const [{ id }] = await this.callStack();
    const registers = [...(await this.scope(id, 'Registers')), ...(await this.scope(id, 'CSRs'))];
    const { data } = await this.client.request('readMemory', RAM);
    const hash = createHash('sha256').update(data);
    for (const { name, value } of registers) hash.update(`${name}=${value}\n`);
    return hash.digest('hex').slice(0, 16);
  }

  async leave(): Promise<void> {
    const status = await this.client.leave();
    if (status !== 0 || this.client.stderr) throw new Error(`The debug adapter failed: ${this.client.stderr}`);
  }

  private async scope(frameId: number, wanted: string): Promise<Shown[]> {
    const { scopes } = await this.client.request('scopes', { frameId });
    return this.members(scopes.find(({ name }: { name: string }) => name === wanted));
  }
}
