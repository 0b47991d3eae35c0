import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { UserError } from '../../debug-adapter/engine/errors/userError.ts';
import { lockFiles } from '../../debug-adapter/host/fileLock.ts';

const LOCK_MODULE = new URL('../../debug-adapter/host/fileLock.ts', import.meta.url).href;

const lockOverlay = (overlay: string, registry?: string[]) =>
  lockFiles([{ path: overlay, use: 'writes' }], 'testing', registry);

function overlayIn(t: test.TestContext): string {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'blkreplay-test-'));
  t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
  return path.join(folder, 'hd0.qcow2');
}

/** Another session: says `locked` or the refusal, and stays until it is told to go. */
async function session(
  overlay: string,
  { script = '', use = 'writes' }: { script?: string; use?: 'writes' | 'reads' | 'base' } = {},
): Promise<{ child: ChildProcess; said: string }> {
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
  child.stdout!.setEncoding('utf8');
  let said = '';
  child.stdout!.on('data', (text: string) => (said += text));
  while (!said.endsWith('\n')) await once(child.stdout!, 'data');
  return { child, said: said.trim() };
}

async function end(child: ChildProcess, signal?: NodeJS.Signals) {
  const exited = once(child, 'exit');
  if (signal) child.kill(signal);
  else child.stdin!.end();
  return exited;
}

function refusal(overlay: string): UserError {
  try {
    lockOverlay(overlay).release();
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
  return assert.fail('was not refused');
}

test('a lock stands beside the overlay with its holder, and goes at release', (t) => {
  const overlay = overlayIn(t);
  const lock = lockOverlay(overlay);
  const content = JSON.parse(fs.readFileSync(`${overlay}.lock`, 'utf8')) as { pid: number; host: string };
  assert.equal(content.pid, process.pid);
  assert.equal(content.host, os.hostname());
  assert.equal(refusal(overlay).code, 'overlay-in-use', 'this process itself is another session, too');
  lock.release();
  lock.release();
  assert.deepEqual(fs.readdirSync(path.dirname(overlay)), []);
  lockOverlay(overlay).release();
});

test('another process is refused, with file, process and way out', async (t) => {
  const overlay = overlayIn(t);
  const { child, said } = await session(overlay);
  assert.equal(said, 'locked');
  const error = refusal(overlay);
  assert.equal(error.kind, 'badInput');
  assert.equal(error.code, 'overlay-in-use');
  assert.equal(error.message, `${overlay} is in use by process ${child.pid} (recording a.rr); end that session first.`);
  await end(child);
  lockOverlay(overlay).release();
});

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(
    `a session ended by ${signal} dies of it and leaves no lock`,
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
  'a session with its own handler of a signal keeps its lock until it exits',
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

test('the lock of a killed session is taken over', async (t) => {
  const overlay = overlayIn(t);
  const { child } = await session(overlay);
  await end(child, 'SIGKILL');
  assert.ok(fs.existsSync(`${overlay}.lock`));
  const lock = lockOverlay(overlay);
  assert.equal((JSON.parse(fs.readFileSync(`${overlay}.lock`, 'utf8')) as { pid: number }).pid, process.pid);
  lock.release();
  assert.deepEqual(fs.readdirSync(path.dirname(overlay)), []);
});

test('a process number that came back is not the old process', { skip: process.platform !== 'linux' }, (t) => {
  const overlay = overlayIn(t);
  const holder = { pid: process.ppid, host: os.hostname(), process: 'an-earlier-boot/123', token: 'x' };
  fs.writeFileSync(`${overlay}.lock`, JSON.stringify(holder));
  lockOverlay(overlay).release();
});

test('of many sessions that find a dead lock, one wins', async (t) => {
  const overlay = overlayIn(t);
  const { child } = await session(overlay);
  await end(child, 'SIGKILL');
  const sessions = await Promise.all(Array.from({ length: 6 }, () => session(overlay)));
  const winners = sessions.filter(({ said }) => said === 'locked');
  for (const { said } of sessions) assert.match(said, /^(locked|overlay-in-use: )/);
  assert.equal(winners.length, 1);
  await Promise.all(sessions.map((one) => end(one.child)));
  assert.deepEqual(fs.readdirSync(path.dirname(overlay)), []);
});

test('a lock of another host is never taken over', (t) => {
  const overlay = overlayIn(t);
  fs.writeFileSync(`${overlay}.lock`, JSON.stringify({ pid: 1, host: 'elsewhere', process: null, token: 'x' }));
  assert.equal(
    refusal(overlay).message,
    `${overlay} is in use by process 1 on host elsewhere; end that session, or delete ${overlay}.lock if it is gone.`,
  );
});

test('a lock that says nothing is not guessed about', (t) => {
  const overlay = overlayIn(t);
  for (const content of ['', 'what', '{}', '[]', 'null', '{"pid":-4,"host":"x","token":"y"}']) {
    fs.writeFileSync(`${overlay}.lock`, content);
    const error = refusal(overlay);
    assert.equal(error.code, 'overlay-lock-unclear', content);
    assert.ok(error.message.includes(`${overlay}.lock`));
  }
});

test('where files cannot be linked, the lock works as well', (t) => {
  const overlay = overlayIn(t);
  t.mock.method(fs, 'linkSync', () => {
    throw Object.assign(new Error('EPERM: operation not permitted, link'), { code: 'EPERM' });
  });
  const lock = lockOverlay(overlay);
  assert.equal(refusal(overlay).code, 'overlay-in-use');
  lock.release();
  assert.deepEqual(fs.readdirSync(path.dirname(overlay)), []);
});

test('a link to an overlay is the same overlay', { skip: process.platform === 'win32' }, (t) => {
  const overlay = overlayIn(t);
  fs.writeFileSync(overlay, 'x');
  const link = `${overlay}-link`;
  fs.symlinkSync(overlay, link);
  const lock = lockOverlay(link);
  assert.equal(refusal(overlay).code, 'overlay-in-use');
  lock.release();
});

test('a folder that is not there is named', (t) => {
  const overlay = path.join(overlayIn(t), 'none', 'hd0.qcow2');
  assert.equal(refusal(overlay).code, 'folder-missing');
});

test('the test module is where the lock module expects it', () => {
  assert.ok(fs.existsSync(fileURLToPath(LOCK_MODULE)));
});
