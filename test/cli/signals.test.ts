/** SIGINT, SIGTERM and SIGHUP end every command with status 130 and leave no unfinished files behind.
 *
 * No stack trace is printed. The tests do not measure how quickly a command ends: without the signal, it would run for
 * minutes, far longer than the tests' time limit.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { suite, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { optionsOf, type RunningCli, type Sandbox } from '../support/cli.ts';
import { some } from '../support/extent.ts';
import { DEMO, DRIVE, TIMER } from './freshScene.ts';
import { recorded } from './recordedScene.ts';

const SKIP = process.platform !== 'linux' && 'looks into /proc';
const BOUND_MS = 30_000;
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
/** The length of a sparse file that no command can process within the time limit. */
const HUGE_BYTES = 2 ** 41;

interface Long {
  what: string;
  /** The test sends the signal once the command has this file open. */
  file: string;
  args: string[];
  prepare?: (sandbox: Sandbox) => unknown;
  /** New files that the command may leave behind. No other new file may remain. */
  leaves?: string[];
}

const HUGE_DRIVE = { image: 'huge.img', overlay: 'huge.qcow2' };

const LONG: readonly Long[] = [
  {
    what: 'opening a recording, which reads a base',
    file: 'huge.img',
    args: ['record', ...optionsOf({ ...TIMER, rrfile: 'new.rr', drives: [HUGE_DRIVE] })],
  },
  {
    what: 'opening a replay, which reads a base',
    file: 'huge.img',
    args: ['replay', ...optionsOf({ ...DEMO, drives: [{ ...DRIVE, image: 'huge.img' }] })],
    prepare: (sandbox) => fs.truncateSync(sandbox.path('huge.img'), HUGE_BYTES),
  },
  {
    what: 'the digest after the guest has ended',
    file: 'huge.img',
    args: ['run', ...optionsOf({ ...TIMER, drives: [{ image: 'huge.img' }] })],
  },
  {
    what: 'pack',
    file: 'hd0.qcow2',
    args: ['pack', 'a.rr', '--into', 'a.pack'],
    prepare: lengthenOverlay,
    leaves: ['a.pack'],
  },
  {
    what: 'unpack, which reads a base',
    file: 'huge.img',
    args: ['unpack', 'small.pack', '--into', 'unpacked', '--base', 'hd0=huge.img'],
    prepare: (sandbox) => sandbox.cli(['pack', 'a.rr', '--into', 'small.pack', '--without-bases']),
    leaves: ['small.pack'],
  },
  {
    what: 'overlay rebase',
    file: 'huge.img',
    args: ['overlay', 'rebase', 'over.qcow2', '--base', 'other.img', '--format', 'raw', '--yes'],
    prepare: async (sandbox) => {
      sandbox.write('other.img', '');
      fs.truncateSync(sandbox.path('other.img'), HUGE_BYTES);
      await sandbox.cli(['overlay', 'create', 'over.qcow2', '--base', 'huge.img', '--format', 'raw']);
    },
    leaves: ['over.qcow2', 'other.img'],
  },
  {
    what: 'a silent pipe as the kernel',
    file: 'silent',
    args: ['run', ...optionsOf({ kernel: 'silent' })],
    prepare: holdOpen,
    leaves: ['silent'],
  },
  {
    what: 'a silent pipe as console input',
    file: 'silent',
    args: ['record', ...optionsOf({ ...TIMER, stdin: 'silent', rrfile: 'new.rr' })],
    prepare: holdOpen,
    leaves: ['silent'],
  },
];

suite('a command that would take minutes', { skip: SKIP, timeout: LONG.length * 4 * BOUND_MS }, () => {
  for (const [index, { what, file, args, prepare, leaves = [] }] of some([...LONG.entries()], 2)) {
    const signal = SIGNALS[index % SIGNALS.length];
    test(`${signal} ends a command that would take minutes: ${what}`, async (t) => {
      const sandbox = recorded.copy(t);
      const before = Object.keys(sandbox.fingerprint());
      sandbox.write('huge.img', '');
      fs.truncateSync(sandbox.path('huge.img'), HUGE_BYTES);
      const held = await prepare?.(sandbox);
      if (typeof held === 'number') t.after(() => fs.closeSync(held));
      const running = sandbox.start(args);
      await untilOpen(running, sandbox.path(file));
      const { status, stderr } = await endedBy(running, signal);
      assert.equal(status, 130, stderr);
      assert.doesNotMatch(stderr, /bug in blkreplay|\n {4}at /);
      const names = fs.readdirSync(sandbox.folder, { recursive: true, encoding: 'utf8' });
      const left = names.filter((name) => ![...before, ...leaves, 'huge.img'].includes(name));
      assert.deepEqual(left, [], 'no unfinished file is left');
    });
  }
});

test(
  'a second signal ends a command that hangs while opening a file',
  { skip: SKIP, timeout: 2 * BOUND_MS },
  async (t) => {
    const sandbox = recorded.copy(t);
    const held = holdOpen(sandbox);
    t.after(() => fs.closeSync(held));
    const running = sandbox.start(['run', ...optionsOf({ kernel: 'silent' })]);
    await untilOpen(running, sandbox.path('silent'));
    running.kill('SIGTERM');
    const { status } = await endedBy(running, 'SIGINT');
    assert.equal(status, 130);
  },
);

/** A sparse file, which takes as long to pack as any other file of its length. */
function lengthenOverlay(sandbox: Sandbox): void {
  fs.truncateSync(sandbox.path('hd0.qcow2'), HUGE_BYTES);
}

/** The write end of a pipe, to which nothing is written. */
function holdOpen(sandbox: Sandbox): number {
  execFileSync('mkfifo', [sandbox.path('silent')]);
  return fs.openSync(sandbox.path('silent'), fs.constants.O_RDWR | fs.constants.O_NONBLOCK);
}

async function untilOpen(running: RunningCli, file: string): Promise<void> {
  let hasEnded = false;
  void running.end.then(() => (hasEnded = true));
  while (!openFilesOf(running.pid).includes(file)) {
    if (hasEnded) assert.fail(`ended before it opened ${file}: ${(await running.end).stderr}`);
    await sleep(5);
  }
}

function openFilesOf(pid: number): string[] {
  const folder = `/proc/${pid}/fd`;
  try {
    return fs.readdirSync(folder).map((handle) => {
      try {
        return fs.readlinkSync(`${folder}/${handle}`);
      } catch {
        return '';
      }
    });
  } catch {
    return [];
  }
}

async function endedBy(running: RunningCli, signal: NodeJS.Signals) {
  running.kill(signal);
  const timer = setTimeout(() => running.kill('SIGKILL'), BOUND_MS);
  const outcome = await running.end;
  clearTimeout(timer);
  assert.notEqual(outcome.signal, 'SIGKILL', 'the command hung');
  return outcome;
}
