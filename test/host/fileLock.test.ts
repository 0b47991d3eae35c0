/** File locks exclude conflicting sessions, no matter which of a file's names they use.
 *
 * Sessions that only read a base image share it. Locks left by dead processes are taken over; locks held by other hosts
 * never are.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { UserError } from '../../debug-adapter/messages/userError.ts';
import { failCalls } from '../support/failingCalls.ts';
import { lockFiles } from '../../debug-adapter/host/fileLock.ts';
import { longTest } from '../support/extent.ts';

const LOCK_MODULE = new URL('../../debug-adapter/host/fileLock.ts', import.meta.url).href;

const lockOverlay = (overlay: string, registry?: string[]) =>
  lockFiles([{ path: overlay, use: 'writes' }], 'testing', registry);

function overlayIn(t: test.TestContext): string {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'blkreplay-test-'));
  t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
  return path.join(folder, 'hd0.qcow2');
}

/** Starts another session in a separate process. It prints `locked` or the refusal, and runs until the test ends it. */
async function session(
  overlay: string,
  { script = '', use = 'writes' }: { script?: string; use?: 'writes' | 'reads' | 'base' } = {},
): Promise<{ child: ChildProcess; output: string }> {
  const source = `
    const { lockFiles } = await import(${JSON.stringify(LOCK_MODULE)});
    try {
      lockFiles([{ path: ${JSON.stringify(overlay)}, use: ${JSON.stringify(use)} }], 'recording a.rr');
      console.log('locked');
    } catch (error) {
      console.log(error.code + ': ' + error.message);
    }
    ${script}
    process.stdin.resume();
    process.stdin.on('end', () => process.exit(0));`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', source], { stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdout.setEncoding('utf8');
  let output = '';
  child.stdout.on('data', (text: string) => (output += text));
  while (!output.endsWith('\n')) await once(child.stdout, 'data');
  return { child, output: output.trim() };
}

async function end(child: ChildProcess, signal?: NodeJS.Signals) {
  const exited = once(child, 'exit');
  if (signal) child.kill(signal);
  else child.stdin!.end();
  return exited;
}

const reading = (file: string, use: 'reads' | 'base' = 'reads') => lockFiles([{ path: file, use }], 'looking');

function refusal(overlay: string, registry?: string[]): UserError {
  try {
    lockOverlay(overlay, registry).release();
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
  return assert.fail('was not rejected');
}

test('a lock file next to the overlay names its holder, and is removed on release', (t) => {
  const overlay = overlayIn(t);
  const lock = lockOverlay(overlay);
  const content = JSON.parse(fs.readFileSync(`${overlay}.lock`, 'utf8')) as { pid: number; host: string };
  assert.equal(content.pid, process.pid);
  assert.equal(content.host, os.hostname());
  assert.equal(refusal(overlay).code, 'overlay-in-use', 'a second session in the same process is rejected too');
  lock.release();
  lock.release();
  assert.deepEqual(fs.readdirSync(path.dirname(overlay)), []);
  lockOverlay(overlay).release();
});

test('another process is rejected with a message that names the file, the process and the remedy', async (t) => {
  const overlay = overlayIn(t);
  const { child, output } = await session(overlay);
  assert.equal(output, 'locked');
  const error = refusal(overlay);
  assert.equal(error.kind, 'badInput');
  assert.equal(error.code, 'overlay-in-use');
  assert.equal(error.message, `${overlay} is in use by process ${child.pid} (recording a.rr). End that session first.`);
  await end(child);
  lockOverlay(overlay).release();
});

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(
    `a session ended by ${signal} dies from that signal and leaves no lock`,
    { skip: process.platform === 'win32' },
    async (t) => {
      const overlay = overlayIn(t);
      const { child } = await session(overlay);
      assert.deepEqual(await end(child, signal), [null, signal]);
      assert.deepEqual(fs.readdirSync(path.dirname(overlay)), []);
    },
  );
}

test(
  'a session that handles a signal itself keeps its lock until it exits',
  { skip: process.platform === 'win32' },
  async (t) => {
    const overlay = overlayIn(t);
    const { child } = await session(overlay, {
      script: `process.on('SIGTERM', () => console.log('still here'));`,
    });
    child.kill('SIGTERM');
    await once(child.stdout!, 'data');
    assert.ok(fs.existsSync(`${overlay}.lock`));
    await end(child);
    assert.deepEqual(fs.readdirSync(path.dirname(overlay)), []);
  },
);

test('the lock left by a killed session is taken over', async (t) => {
  const overlay = overlayIn(t);
  const { child } = await session(overlay);
  await end(child, 'SIGKILL');
  assert.ok(fs.existsSync(`${overlay}.lock`));
  const lock = lockOverlay(overlay);
  assert.equal((JSON.parse(fs.readFileSync(`${overlay}.lock`, 'utf8')) as { pid: number }).pid, process.pid);
  lock.release();
  assert.deepEqual(fs.readdirSync(path.dirname(overlay)), []);
});

test('a reused process id is not mistaken for the dead process', { skip: process.platform !== 'linux' }, (t) => {
  const overlay = overlayIn(t);
  const holder = { pid: process.ppid, host: os.hostname(), process: 'an-earlier-boot/123', token: 'x' };
  fs.writeFileSync(`${overlay}.lock`, JSON.stringify(holder));
  lockOverlay(overlay).release();
});

longTest('when several sessions find a lock left by a dead process, only one takes it over', async (t) => {
  const overlay = overlayIn(t);
  const { child } = await session(overlay);
  await end(child, 'SIGKILL');
  const sessions = await Promise.all(Array.from({ length: 6 }, () => session(overlay)));
  const winners = sessions.filter(({ output }) => output === 'locked');
  for (const { output } of sessions) assert.match(output, /^(locked|overlay-in-use: )/);
  assert.equal(winners.length, 1);
  await Promise.all(sessions.map((one) => end(one.child)));
  assert.deepEqual(fs.readdirSync(path.dirname(overlay)), []);
});

test('a lock held by another host is never taken over', (t) => {
  const overlay = overlayIn(t);
  fs.writeFileSync(`${overlay}.lock`, JSON.stringify({ pid: 1, host: 'elsewhere', process: null, token: 'x' }));
  assert.equal(
    refusal(overlay).message,
    `${overlay} is in use by process 1 on host elsewhere. End that session. If it is no longer running, delete ${overlay}.lock.`,
  );
});

test('an unreadable lock file is not taken over', (t) => {
  const overlay = overlayIn(t);
  for (const content of ['', 'what', '{}', '[]', 'null', '{"pid":-4,"host":"x","token":"y"}']) {
    fs.writeFileSync(`${overlay}.lock`, content);
    const error = refusal(overlay);
    assert.equal(error.code, 'overlay-lock-unclear', content);
    assert.ok(error.message.includes(`${overlay}.lock`));
  }
});

test('locks also work on file systems without hard links', (t) => {
  const overlay = overlayIn(t);
  failCalls(t, ['linkSync'], 'EPERM');
  const lock = lockOverlay(overlay);
  assert.equal(refusal(overlay).code, 'overlay-in-use');
  lock.release();
  assert.deepEqual(fs.readdirSync(path.dirname(overlay)), []);
});

test('a symbolic link to an overlay counts as the same overlay', { skip: process.platform === 'win32' }, (t) => {
  const overlay = overlayIn(t);
  fs.writeFileSync(overlay, 'x');
  const link = `${overlay}-link`;
  fs.symlinkSync(overlay, link);
  const lock = lockOverlay(link);
  assert.equal(refusal(overlay).code, 'overlay-in-use');
  lock.release();
});

test('two hard links to an overlay count as the same overlay', (t) => {
  const overlay = overlayIn(t);
  fs.writeFileSync(overlay, 'x');
  fs.linkSync(overlay, `${overlay}-other`);
  const lock = lockOverlay(overlay);
  assert.equal(refusal(`${overlay}-other`).code, 'overlay-in-use');
  assert.deepEqual(fs.readdirSync(path.dirname(overlay)).sort(), ['hd0.qcow2', 'hd0.qcow2-other', 'hd0.qcow2.lock']);
  lock.release();
  lockOverlay(`${overlay}-other`).release();
});

test('a file that is created after it was locked is locked under each of its names', (t) => {
  const overlay = overlayIn(t);
  const lock = lockOverlay(overlay);
  fs.writeFileSync(overlay, 'x');
  lock.refresh();
  lock.refresh();
  fs.linkSync(overlay, `${overlay}-other`);
  assert.equal(refusal(`${overlay}-other`).code, 'overlay-in-use');
  lock.release();
  lockOverlay(`${overlay}-other`).release();
});

test('if a locked file is deleted, another file that gets the same inode is not locked', (t) => {
  const overlay = overlayIn(t);
  fs.writeFileSync(overlay, 'x');
  const lock = lockOverlay(overlay);
  fs.rmSync(overlay);
  for (let i = 0; i < 20; i++) fs.writeFileSync(`${overlay}-${i}`, 'y');
  for (let i = 0; i < 20; i++) lockOverlay(`${overlay}-${i}`).release();
  lock.release();
});

test('when a locked file is replaced, a remaining hard link to the old file is no longer locked', (t) => {
  const overlay = overlayIn(t);
  fs.writeFileSync(overlay, 'old');
  fs.linkSync(overlay, `${overlay}-other`);
  const lock = lockOverlay(overlay);
  fs.writeFileSync(`${overlay}-new`, 'new');
  fs.renameSync(`${overlay}-new`, overlay);
  assert.equal(refusal(`${overlay}-other`).code, 'overlay-in-use');
  lock.refresh();
  lockOverlay(`${overlay}-other`).release();
  assert.equal(refusal(overlay).code, 'overlay-in-use');
  lock.release();
});

test('readers share a file and exclude a writer until the last one releases it', async (t) => {
  const overlay = overlayIn(t);
  fs.writeFileSync(overlay, 'x');
  const { child, output } = await session(overlay, { use: 'reads' });
  assert.equal(output, 'locked');
  const own = reading(overlay);
  assert.match(
    refusal(overlay).message,
    /is in use by process \d+ \((recording a\.rr|looking)\)\. End that session first\.$/,
  );
  await end(child);
  assert.match(refusal(overlay).message, new RegExp(`process ${process.pid} \\(looking\\)`));
  own.release();
  assert.deepEqual(fs.readdirSync(path.dirname(overlay)), ['hd0.qcow2']);
  const writer = lockOverlay(overlay);
  assert.throws(() => reading(overlay), /in use by process/);
  assert.throws(() => reading(overlay, 'base'), /in use by process/);
  writer.release();
});

longTest('killed readers do not exclude a writer', async (t) => {
  const overlay = overlayIn(t);
  fs.writeFileSync(overlay, 'x');
  for (const use of ['reads', 'reads', 'base'] as const) await end((await session(overlay, { use })).child, 'SIGKILL');
  lockOverlay(overlay).release();
  assert.deepEqual(fs.readdirSync(path.dirname(overlay)), ['hd0.qcow2']);
});

test('a base image in a read-only folder can be locked without a lock file next to it', (t) => {
  const base = overlayIn(t);
  fs.writeFileSync(base, 'x');
  fs.chmodSync(path.dirname(base), 0o555);
  const lock = reading(base, 'base');
  assert.deepEqual(fs.readdirSync(path.dirname(base)), ['hd0.qcow2']);
  reading(base, 'base').release();
  assert.match(refusal(base).message, /\(looking\)/);
  assert.deepEqual(fs.readdirSync(path.dirname(base)), ['hd0.qcow2'], 'nor after a refusal');
  lock.release();
  assert.deepEqual(fs.readdirSync(path.dirname(base)), ['hd0.qcow2']);
  fs.chmodSync(path.dirname(base), 0o755);
});

test('a base image that another host is writing to is rejected', (t) => {
  const base = overlayIn(t);
  fs.writeFileSync(`${base}.lock`, JSON.stringify({ pid: 1, host: 'elsewhere', process: null, token: 'x' }));
  assert.throws(() => reading(base, 'base'), /process 1 on host elsewhere/);
  assert.throws(() => reading(base), /process 1 on host elsewhere/);
  const reader = { pid: 2, host: 'elsewhere', process: null, token: 'y', doing: 'replaying\u001b[2J a.rr' };
  fs.writeFileSync(`${base}.lock`, JSON.stringify({ shared: [reader] }));
  reading(base, 'base').release();
  reading(base).release();
  assert.match(refusal(base).message, /process 2 on host elsewhere \(replaying\?\[2J a\.rr\)/);
  assert.deepEqual(JSON.parse(fs.readFileSync(`${base}.lock`, 'utf8')), {
    shared: [{ ...reader, doing: 'replaying?[2J a.rr' }],
  });
});

test('a reader can briefly lock the file for writing if it is the only reader', (t) => {
  const overlay = overlayIn(t);
  fs.writeFileSync(overlay, 'x');
  const lock = reading(overlay);
  const other = reading(overlay);
  assert.throws(() => lock.withExclusiveLock(() => assert.fail('not alone')), /in use by process \d+ \(looking\)/);
  other.release();
  const result = lock.withExclusiveLock(() => {
    assert.throws(() => reading(overlay), /in use/);
    return lock.withExclusiveLock(() => 'done');
  });
  assert.equal(result, 'done');
  assert.throws(() => lock.withExclusiveLock(() => assert.fail('failed')), /failed/);
  reading(overlay).release();
  assert.equal(refusal(overlay).code, 'overlay-in-use');
  lock.release();
  assert.deepEqual(fs.readdirSync(path.dirname(overlay)), ['hd0.qcow2']);
});

test('a file can be locked even if its name is too long for a lock file next to it', (t) => {
  const folder = path.dirname(overlayIn(t));
  for (const lengthBytes of [240, 250, 251, 255]) {
    const overlay = path.join(folder, 'x'.repeat(lengthBytes));
    const lock = lockOverlay(overlay);
    assert.equal(refusal(overlay).code, 'overlay-in-use');
    lock.release();
    reading(overlay).release();
    assert.deepEqual(fs.readdirSync(folder), []);
  }
});

test('either all files of a session are locked, or none of them', (t) => {
  const overlay = overlayIn(t);
  const [first, second] = [`${overlay}-1`, `${overlay}-2`];
  const lock = lockOverlay(second);
  const both = [first, second].map((file) => ({ path: file, use: 'writes' as const }));
  assert.throws(() => lockFiles(both, 'testing'), /-2 is in use/);
  lockOverlay(first).release();
  lock.release();
  // A session may use a file both for writing and as a base.
  lockFiles([...both, { path: first, use: 'base' }], 'testing').release();
  assert.deepEqual(fs.readdirSync(path.dirname(overlay)), []);
});

test('without a usable registry, the lock file next to the locked file is sufficient', (t) => {
  const overlay = overlayIn(t);
  const folder = path.dirname(overlay);
  fs.writeFileSync(path.join(folder, 'file'), '');
  fs.symlinkSync('/', path.join(folder, 'link'));
  for (const registry of [
    [],
    [path.join(folder, 'file')],
    [path.join(folder, 'link')],
    [path.join(folder, 'no/where')],
  ]) {
    const lock = lockOverlay(overlay, registry);
    assert.throws(() => lockOverlay(overlay, registry), /in use/);
    assert.throws(() => lockFiles([{ path: overlay, use: 'base' }], 'testing', registry), /in use/);
    lock.release();
    assert.deepEqual(fs.readdirSync(folder).sort(), ['file', 'link']);
  }
  assert.deepEqual(
    fs.readdirSync('/').filter((name) => /^[ip][0-9a-f]/.test(name) && name.includes('.held.')),
    [],
  );
});

test('foreign entries in the registry are harmless', { skip: process.platform === 'win32' }, (t) => {
  const overlay = overlayIn(t);
  const registry = path.join(path.dirname(overlay), 'registry');
  const lock = lockOverlay(overlay, [registry]);
  const [held] = fs.readdirSync(registry);
  for (const name of ['what', '...', 'a.b.c.d.e.f.g', held.replace(/\.\d+\./, '.0.'), held.replace('held', 'lost')]) {
    fs.writeFileSync(path.join(registry, name), '');
  }
  // This file looks like another live session's lock but is a named pipe. Reading it must not block.
  const other = held.replace(/[^.]*$/, 'other');
  lock.release();
  execFileSync('mkfifo', [path.join(registry, other)]);
  assert.equal(refusal(overlay, [registry]).message.includes('in use by process'), true);
});

test('if the lock file cannot be written or linked, no lock file remains, not even a partial one', (t) => {
  const overlay = overlayIn(t);
  fs.writeFileSync(overlay, 'x');
  for (const [call, code, refused] of [
    ['linkSync', 'EIO', 'host-io-failed'],
    ['linkSync', 'ENOSPC', 'host-disk-full'],
    ['renameSync', 'EIO', null],
    ['writeFileSync', 'ENOSPC', 'host-disk-full'],
    ['writeFileSync', 'EIO', 'host-io-failed'],
  ] as const) {
    const end = failCalls(t, [call], code);
    if (refused === null) lockOverlay(overlay, []).release();
    else assert.equal(refusal(overlay, []).code, refused, call);
    // A lock for reading does not need a lock file next to the file.
    reading(overlay).release();
    end();
    assert.deepEqual(fs.readdirSync(path.dirname(overlay)), ['hd0.qcow2'], call);
  }
});

test('failing to remove a lock file is not an error', (t) => {
  const overlay = overlayIn(t);
  for (const use of ['writes', 'reads', 'base'] as const) {
    const lock = lockFiles([{ path: `${overlay}-${use}`, use }], 'testing');
    const end = failCalls(t, ['rmSync', 'linkSync', 'writeFileSync', 'renameSync'], 'EIO');
    lock.release();
    end();
  }
});

test('a missing folder is named in the message', (t) => {
  const overlay = path.join(overlayIn(t), 'none', 'hd0.qcow2');
  assert.equal(refusal(overlay).code, 'folder-missing');
});

test('the lock module is at the path that the child process imports', () => {
  assert.ok(fs.existsSync(fileURLToPath(LOCK_MODULE)));
});
