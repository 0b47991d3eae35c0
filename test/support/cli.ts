import assert from 'node:assert/strict';
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

/**
 * Runs the command line for tests. A `Sandbox` is a new folder in which `node dist/cli.js` runs as a user would run it.
 * Console output, summary, messages and file contents are returned as plain values. All commands run asynchronously, so
 * that two sessions can run at the same time.
 */
export class Sandbox {
  readonly folder: string;
  private readonly running = new Set<RunningCli>();

  /** The folder is removed at the end of the test (or, with `after` of node:test, of the file). */
  constructor(owner: Owner) {
    this.folder = fs.mkdtempSync(path.join(os.tmpdir(), 'blkreplay-cli-'));
    owner.after(() => {
      // A failed test may leave a process running, which would prevent the test process from exiting.
      for (const running of this.running) running.kill('SIGKILL');
      fs.rmSync(this.folder, { recursive: true, force: true });
    });
  }

  /** A new sandbox with the same files. */
  copy(owner: Owner): Sandbox {
    const sandbox = new Sandbox(owner);
    fs.cpSync(this.folder, sandbox.folder, { recursive: true });
    return sandbox;
  }

  path(name: string): string {
    return path.join(this.folder, name);
  }

  read(name: string): Buffer {
    return fs.readFileSync(this.path(name));
  }

  /** Creates or replaces a file; returns its name. */
  write(name: string, content: string | Uint8Array): string {
    fs.mkdirSync(path.dirname(this.path(name)), { recursive: true });
    fs.writeFileSync(this.path(name), content);
    return name;
  }

  /**
   * Creates a raw disk of zeroes. With `content`, the disk contains this text at many offsets, so that a test notices a
   * missing base.
   */
  disk(name: string, lengthBytes = 4 << 20, content = ''): string {
    const bytes = new Uint8Array(lengthBytes);
    if (content) for (let at = 0; at + content.length <= lengthBytes; at += 4096) Buffer.from(content).copy(bytes, at);
    return this.write(name, bytes);
  }

  flipByte(name: string, offset: number): void {
    const bytes = this.read(name);
    bytes[offset < 0 ? bytes.length + offset : offset] ^= 0x40;
    this.write(name, bytes);
  }

  cut(name: string, lengthBytes: number): void {
    fs.truncateSync(this.path(name), lengthBytes);
  }

  /** Makes the folder read-only: processes may read its files but cannot create any. */
  forbidCreating(): void {
    fs.chmodSync(this.folder, 0o555);
  }

  exists(name: string): boolean {
    return fs.existsSync(this.path(name));
  }

  /**
   * Returns the names of all files with digests of their contents. If two results are equal, no file was created,
   * changed or removed in between.
   */
  fingerprint(only?: readonly string[]): Record<string, string> {
    const names = only ?? fs.readdirSync(this.folder, { recursive: true, encoding: 'utf8' }).sort();
    return Object.fromEntries(names.map((name) => [name, this.digestOf(name)]));
  }

  private digestOf(name: string): string {
    const stat = fs.statSync(this.path(name), { throwIfNoEntry: false });
    if (!stat) return `link to ${fs.readlinkSync(this.path(name))}`;
    if (stat.isDirectory()) return 'folder';
    return createHash('sha256').update(this.read(name)).digest('hex');
  }

  run(session: Session, ...more: string[]): Promise<Outcome> {
    // Without overlays, a run leaves no files behind and can be repeated.
    const drives = (session.drives ?? []).map((drive) => ({ ...drive, overlay: undefined }));
    return this.cli(['run', ...optionsOf({ ...session, drives }), ...seeded(session), ...more]);
  }

  /** Records with `--all-snapshots`, because otherwise the number of automatic snapshots depends on timing. */
  record(session: Session, ...more: string[]): Promise<Outcome> {
    return this.cli(['record', ...optionsOf(session), ...seeded(session), '--all-snapshots', ...more]);
  }

  replay(session: Session, ...more: string[]): Promise<Outcome> {
    return this.cli(['replay', ...optionsOf(session), ...more]);
  }

  /** Runs a command with any arguments to completion. */
  cli(args: readonly string[], under?: RunOptions): Promise<Outcome> {
    return this.start(args, under).end;
  }

  /** Starts a command that the test can then interact with. */
  start(args: readonly string[], { through = [], script = CLI, unprivileged = false }: RunOptions = {}): RunningCli {
    const [program, ...words] = [...through, process.execPath, script, ...args];
    const user = unprivileged && process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};
    const running = new RunningCli(spawn(program, words, { cwd: this.folder, ...user }));
    this.running.add(running);
    const forget = () => void this.running.delete(running);
    running.end.then(forget, forget);
    return running;
  }
}

/** A fixed seed in the device tree, so that two machines created from the same session are bit-identical. */
export const RNG_SEED = '5eed'.repeat(16);

const seeded = ({ options = [] }: Session): string[] =>
  options.includes('--rng-seed') ? [] : ['--rng-seed', RNG_SEED];

type Owner = { after(cleanup: () => void): void };

export interface RunOptions {
  /** A command that starts `node`, such as `sh -c ...`. It precedes `node` on the command line. */
  through?: readonly string[];
  /** The absolute path of another JavaScript program to run instead of dist/cli.js. */
  script?: string;
  /**
   * Whether the program runs as an unprivileged user, so that file permissions are enforced even if the tests run as
   * root.
   */
  unprivileged?: boolean;
}

const NOBODY = 65534;

/** The options of a session, which are the same for run, record and replay. */
export interface Session {
  kernel: string;
  drives?: readonly DriveSpec[];
  stdin?: string;
  rrfile?: string;
  /** Further options, such as `--memory`. */
  options?: string[];
}

export interface DriveSpec {
  id?: string;
  image: string;
  format?: 'raw' | 'qcow2';
  overlay?: string;
  readOnly?: boolean;
  slot?: number;
  virtio?: 'modern' | 'legacy';
}

export function optionsOf({ kernel, drives = [], stdin, rrfile = 'a.rr', options = [] }: Session): string[] {
  return [
    ...['--kernel', kernel, '--rrfile', rrfile],
    ...drives.flatMap((drive, slot) => ['--drive', driveText(drive, slot)]),
    ...(stdin === undefined ? [] : ['--stdin', stdin]),
    ...options,
    '--json',
  ];
}

export function driveText(drive: DriveSpec, index = 0): string {
  const { id, image, format = 'raw', overlay, readOnly, slot, virtio } = drive;
  return [
    `id=${id ?? `hd${index}`},image=${image},format=${format}`,
    ...(overlay === undefined ? [] : [`overlay=${overlay}`]),
    ...(readOnly ? ['readonly'] : []),
    ...(slot === undefined ? [] : [`slot=${slot}`]),
    ...(virtio === undefined ? [] : [`virtio=${virtio}`]),
  ].join();
}

/** The JSON that `--json` prints at the end. */
export interface Summary {
  position: number;
  instructions: number;
  seconds: number;
  mips: number;
  reason: string;
  digest: string;
  snapshots: { name: string; position: number }[];
  guestExit: number | null;
}

export class Outcome {
  /** Null when a signal ended the process. */
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The guest's console output. */
  readonly console: string;
  readonly stderr: string;

  constructor(ended: Pick<Outcome, 'status' | 'signal' | 'console' | 'stderr'>) {
    this.status = ended.status;
    this.signal = ended.signal;
    this.console = ended.console;
    this.stderr = ended.stderr;
  }

  /** The last line on stderr. */
  get summary(): Summary {
    const line = this.stderr.trimEnd().split('\n').at(-1) ?? '';
    try {
      return JSON.parse(line) as Summary;
    } catch {
      assert.fail(`the last line on stderr is not JSON: ${this.description()}`);
    }
  }

  /** Returns the summary; fails unless the session ended with this status and reason. */
  ended(status: number, reason: string): Summary {
    assert.equal(this.status, status, this.description());
    assert.equal(this.summary.reason, reason, this.description());
    return this.summary;
  }

  /** The one-sentence error message, without the program's name before it. */
  refused(status: number): { message: string; code: string } {
    assert.equal(this.status, status, this.description());
    const lines = this.stderr.trimEnd().split('\n');
    assert.equal(lines.length, 2, `one sentence and the JSON line: ${this.description()}`);
    const message = lines[0].replace(/^blkreplay: /, '');
    assert.notEqual(message, lines[0], 'a message starts with the name of the program');
    const last = JSON.parse(lines[1]) as { reason: string; error: { code: string; message: string } };
    assert.deepEqual({ reason: last.reason, message: last.error.message }, { reason: 'error', message });
    assert.match(message, /^\S.*\S$/, 'the message is a sentence');
    return { message, code: last.error.code };
  }

  private description(): string {
    return `exit status ${this.status}${this.signal ?? ''}, stderr: ${this.stderr}`;
  }
}

/** A running command. */
export class RunningCli {
  readonly end: Promise<Outcome>;
  /** The output on stdout so far. */
  console = '';
  private readonly child: ChildProcessWithoutNullStreams;
  /** The times at which console output arrived, each with the total length of the output by then. */
  private readonly arrivals: { atMs: number; length: number }[] = [];
  private stderr = '';

  constructor(child: ChildProcessWithoutNullStreams) {
    this.child = child;
    child.stdin.end();
    child.stdout.setEncoding('latin1').on('data', (text: string) => {
      this.console += text;
      this.arrivals.push({ atMs: performance.now(), length: this.console.length });
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => (this.stderr += text));
    this.end = new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (status, signal) =>
        resolve(new Outcome({ status, signal, console: this.console, stderr: this.stderr })),
      );
    });
  }

  get pid(): number {
    return this.child.pid!;
  }

  /** Waits until stderr matches the pattern and returns the match; fails if the session ends without a match. */
  async untilSaid(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const found = pattern.exec(this.stderr);
      if (found) return found;
      const next = new Promise((resolve) => this.child.stderr.once('data', resolve));
      const over = await Promise.race([next.then(() => false), this.end.then(() => true)]);
      if (over && !pattern.test(this.stderr)) assert.fail(`ended before it said ${pattern}: ${this.stderr}`);
    }
  }

  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** Closes the read end of the console pipe, as `| head` does. */
  closeConsole(): void {
    this.child.stdout.destroy();
  }

  /** The length of the console output that had arrived by the given time, as measured by `performance.now`. */
  consoleLengthAt(atMs: number): number {
    return this.arrivals.findLast((arrival) => arrival.atMs <= atMs)?.length ?? 0;
  }

  /** Resolves when the guest has printed the text; fails if the session ends first. */
  async untilPrinted(text: string): Promise<void> {
    while (!this.console.includes(text)) {
      const next = new Promise((resolve) => this.child.stdout.once('data', resolve));
      const over = await Promise.race([next.then(() => false), this.end.then(() => true)]);
      if (over && !this.console.includes(text)) assert.fail(`ended before it printed ${text}: ${this.stderr}`);
    }
  }
}

const CLI = path.resolve(import.meta.dirname, '../../dist/cli.js');
