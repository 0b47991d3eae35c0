/** A pipe, device, folder or endless file is rejected immediately wherever a file name is accepted.
 *
 * blkreplay neither waits for the other end of a pipe nor reads from a device until memory is exhausted. Pipes with a
 * writer work as boot files and as console input.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import { suite, test } from 'node:test';
import { optionsOf, type Outcome, type RunningCli, type Session, type Sandbox } from '../support/cli.ts';
import { DEMO, DRIVE, TIMER } from './freshScene.ts';
import { recorded } from './recordedScene.ts';

const SKIP = process.platform === 'win32' && 'Windows has no such files';
const HANGING_MS = 60_000;

/** Each of these files either exists on every Unix system or is created in the sandbox by `make`. */
const IRREGULAR_FILES: readonly { what: string; name: string; make?: (sandbox: Sandbox) => unknown }[] = [
  { what: 'a pipe without a writer', name: 'fifo', make: (sandbox) => makeFifo(sandbox, 'fifo') },
  { what: 'endless zeroes', name: '/dev/zero' },
  { what: 'endless random bytes', name: '/dev/urandom' },
  { what: 'the null device', name: '/dev/null' },
  { what: 'a folder', name: 'folder' },
  { what: 'a socket', name: 'socket', make: (sandbox) => listen(sandbox, 'socket') },
  { what: 'a file in /proc with size 0', name: '/proc/self/status' },
];

/** Every command and option that takes a file name. */
const COMMANDS: readonly { as: string; args: (name: string) => string[]; isFine?: (name: string) => boolean }[] = [
  { as: 'kernel', args: (name) => ['run', ...optionsOf({ kernel: name })] },
  // Anything can be an initial RAM disk, so short text is accepted.
  {
    as: 'initrd',
    args: (name) => ['run', ...optionsOf({ ...TIMER, options: ['--initrd', name] })],
    isFine: (name) => ['/dev/null', '/proc/self/status'].includes(name),
  },
  {
    as: 'file to load',
    args: (name) => ['run', ...optionsOf({ ...TIMER, options: ['--load', `${name}@0x84000000`] })],
    isFine: (name) => name === '/proc/self/status',
  },
  { as: 'device tree', args: (name) => ['run', ...optionsOf({ ...TIMER, options: ['--dtb', name] })] },
  { as: 'device tree to write', args: (name) => ['run', ...optionsOf({ ...TIMER, options: ['--dumpdtb', name] })] },
  {
    as: 'firmware',
    args: (name) => ['run', ...optionsOf({ ...TIMER, options: ['--bios', name] })],
    isFine: (name) => name === '/dev/null',
  },
  {
    as: 'console input',
    args: (name) => ['run', ...optionsOf({ ...TIMER, stdin: name })],
    isFine: (name) => ['/dev/null', '/proc/self/status'].includes(name),
  },
  { as: 'image for symbols', args: (name) => ['symbols', name] },
  {
    as: 'raw image',
    args: (name) => ['run', ...optionsOf({ ...TIMER, drives: [{ image: name }] })],
    isFine: (name) => name === '/proc/self/status',
  },
  {
    as: 'qcow2 image',
    args: (name) => ['run', ...optionsOf({ ...TIMER, drives: [{ image: name, format: 'qcow2' }] })],
  },
  { as: 'overlay to replay', args: (name) => ['replay', ...optionsOf(withOverlay(name))] },
  { as: 'overlay to replace', args: (name) => ['record', ...optionsOf(withOverlay(name)), '--rrfile=new.rr'] },
  { as: 'recording to replay', args: (name) => ['replay', ...optionsOf({ ...TIMER, rrfile: name })] },
  { as: 'recording to write', args: (name) => ['record', ...optionsOf({ ...TIMER, rrfile: name }), '--overwrite'] },
  { as: 'recording for info', args: (name) => ['info', name] },
  { as: 'recording to dump', args: (name) => ['dump', name] },
  { as: 'recording to pack', args: (name) => ['pack', name, '--into', 'a.pack'] },
  { as: 'pack to write', args: (name) => ['pack', 'timer.rr', '--into', name, '--overwrite'] },
  { as: 'pack to unpack', args: (name) => ['unpack', name, '--into', 'unpacked'] },
  { as: 'file for snapshot list', args: (name) => ['snapshot', 'list', name] },
  { as: 'overlay to check', args: (name) => ['overlay', 'check', name] },
  { as: 'overlay to commit', args: (name) => ['overlay', 'commit', name, '--yes'] },
];

suite('a path that is not a regular file', { skip: SKIP, concurrency: 2, timeout: 20 * HANGING_MS }, () => {
  for (const { as, args, isFine } of COMMANDS) {
    test(`used as: ${as}`, async (t) => {
      const sandbox = recorded.copy(t);
      for (const { what, name, make } of IRREGULAR_FILES) {
        await t.test(what, async (t) => {
          const made = await make?.(sandbox);
          if (made instanceof net.Server) t.after(() => made.close());
          const outcome = await ended(sandbox.start(args(name).filter(withoutTwice)));
          const { status, stderr } = outcome;
          assert.equal(status, isFine?.(name) ? 0 : 2, stderr);
          assert.match(stderr, /^blkreplay: \S.{10,400}\n|^\{/);
          assert.doesNotMatch(stderr, /bug in blkreplay/);
        });
      }
    });
  }
});

suite('a pipe with a writer', { skip: SKIP, timeout: 10 * HANGING_MS }, () => {
  test('a pipe with a writer works as a kernel', async (t) => {
    const sandbox = recorded.copy(t);
    makeFifo(sandbox, 'fifo');
    const running = sandbox.start(['run', ...optionsOf({ kernel: 'fifo' })]);
    fs.createReadStream(sandbox.path('timer.elf')).pipe(fs.createWriteStream(sandbox.path('fifo')));
    (await ended(running)).ended(0, 'powerOff');
  });

  test("a pipe with a writer works as console input, as in a shell's process substitution", async (t) => {
    const sandbox = recorded.copy(t);
    const through = ['bash', '-c', '"$@" --stdin <(sleep 0.2; printf typed)', 'bash'];
    (await ended(sandbox.start(['run', ...optionsOf(TIMER)], { through }))).ended(0, 'powerOff');
    const nothing = ['bash', '-c', '"$@" --stdin <(true)', 'bash'];
    (await ended(sandbox.start(['run', ...optionsOf(TIMER)], { through: nothing }))).ended(0, 'powerOff');
  });

  test('a pipe with a writer is read up to a limit', async (t) => {
    const sandbox = recorded.copy(t);
    const through = ['bash', '-c', '"$@" --initrd <(cat /dev/zero)', 'bash'];
    const { message, code } = (await ended(sandbox.start(['run', ...optionsOf(TIMER)], { through }))).refused(2);
    assert.equal(code, 'file-too-large');
    assert.match(message, /is too large: more than 268435456 bytes/);
  });
});

const withOverlay = (overlay: string): Session => ({ ...DEMO, drives: [{ ...DRIVE, overlay }] });

/** Whether a later option overrides this one: if an option is given twice, the second one takes effect. */
const isReplaced = (words: readonly string[], at: number) =>
  words[at] === '--rrfile' && words.includes('--rrfile=new.rr');

const withoutTwice = (_word: string, at: number, words: readonly string[]) =>
  !isReplaced(words, at) && !isReplaced(words, at - 1);

function makeFifo(sandbox: Sandbox, name: string): void {
  execFileSync('mkfifo', [sandbox.path(name)]);
}

function listen(sandbox: Sandbox, name: string): Promise<net.Server> {
  const server = net.createServer();
  return new Promise((resolve) => server.listen(sandbox.path(name), () => resolve(server)));
}

/** A command that hangs is killed, and the test fails. */
async function ended(running: RunningCli): Promise<Outcome> {
  const timer = setTimeout(() => running.kill('SIGKILL'), HANGING_MS);
  const outcome = await running.end;
  clearTimeout(timer);
  assert.notEqual(outcome.signal, 'SIGKILL', 'the command hung');
  return outcome;
}
