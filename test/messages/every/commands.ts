import { type ChildProcessByStdio, spawn } from 'node:child_process';
import path from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { Outcome } from '../../support/cli.ts';

/** A command line, and the conditions on the host under which it runs. */
export interface CommandRequest {
  folder: string;
  args: readonly string[];
  fault?: Fault;
  /** Whether the user has already pressed Ctrl-C. */
  isInterrupted?: boolean;
}

/**
 * A call that fails or returns a different result: a function of `node:fs`, if it is called for a file whose path
 * matches `file`, or `WebAssembly.Memory`, which allocates the machine's memory.
 */
export interface Fault {
  call: string;
  /** A regular expression. */
  file: string;
  /** The code of the error, such as `ENOENT`. */
  code?: string;
  /** The size that `fstatSync` returns. */
  sizeBytes?: number;
  /** What `readFileSync` returns. */
  text?: string;
}

/** Runs command lines in a separate process, which is started for the first command. */
export class Commands {
  private child: ChildProcessByStdio<Writable, Readable, Readable> | undefined;
  private stderr = '';
  private stdout = '';
  private onEnd: () => void = () => {};

  constructor(owner: { after(cleanup: () => void): void }) {
    owner.after(() => this.child?.kill('SIGKILL'));
  }

  async run(request: CommandRequest): Promise<Outcome> {
    this.child ??= this.start();
    this.child.stdin.write(JSON.stringify(request) + '\n');
    const [, stderr, status] = await this.untilEnd();
    const console = this.stdout;
    this.stderr = this.stdout = '';
    return new Outcome({ status: Number(status), signal: null, console, stderr });
  }

  private start() {
    const child = spawn(process.execPath, [path.join(import.meta.dirname, 'commandServer.ts')], {
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    child.stdout.setEncoding('latin1').on('data', (text: string) => (this.stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
      this.onEnd();
    });
    child.on('exit', () => this.onEnd());
    return child;
  }

  private async untilEnd(): Promise<RegExpExecArray> {
    for (;;) {
      const found = /^(.*)\0(\d+)\n$/s.exec(this.stderr);
      if (found) return found;
      if (typeof this.child?.exitCode === 'number') throw new Error(`the commands' process has ended: ${this.stderr}`);
      await new Promise<void>((resolve) => (this.onEnd = resolve));
    }
  }
}
