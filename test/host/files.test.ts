/** Host files can be read, written, truncated and locked, and every system error becomes a clear message. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { UserError } from '../../debug-adapter/messages/userError.ts';
import { nodeCompression } from '../../debug-adapter/host/compression.ts';
import { createFolderOf, fileExistsAt, openFile, removeFile } from '../../debug-adapter/host/nodeFiles.ts';
import { nodeHost } from '../../debug-adapter/host/nodeHost.ts';
import { openFailure, useFailure } from '../../debug-adapter/host/systemErrors.ts';
import { createTemporaryFile } from '../../debug-adapter/host/temporaryFiles.ts';
import { RealtimeIdleClock } from '../../debug-adapter/host/wallClock.ts';
import { readWholeFile } from '../../debug-adapter/host/wholeFile.ts';

const WINDOWS = process.platform === 'win32';
const ROOT = process.getuid?.() === 0;

function folderIn(t: test.TestContext): string {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'blkreplay-test-'));
  t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function errorOf(call: () => unknown): UserError {
  try {
    call();
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
  return assert.fail('did not throw');
}

test('a file is written, read, truncated and extended', (t) => {
  const name = path.join(folderIn(t), 'a.bin');
  const file = openFile(name, { write: true, create: 'new' });
  assert.equal(file.name, name);
  file.writeAt(4, Uint8Array.of(1, 2, 3));
  assert.equal(file.length(), 7);
  const into = new Uint8Array(10);
  assert.equal(file.readAt(3, into), 4);
  assert.deepEqual([...into], [0, 1, 2, 3, 0, 0, 0, 0, 0, 0]);
  assert.equal(file.readAt(100, into), 0);
  file.truncate(5);
  file.truncate(8);
  assert.equal(file.readAt(0, into), 8);
  assert.deepEqual([...into.subarray(0, 8)], [0, 0, 0, 0, 1, 0, 0, 0]);
  file.sync();
  file.close();
  file.close();
  assert.equal(openFile(name, { write: false, create: 'never' }).length(), 8);
  const truncated = openFile(name, { write: true, create: 'truncate' });
  assert.equal(truncated.length(), 0);
  truncated.close();
});

test('failing to open a file is a user error, and the message names the file', (t) => {
  const folder = folderIn(t);
  const there = path.join(folder, 'there');
  fs.writeFileSync(there, 'x');
  const read = { write: false, create: 'never' } as const;
  const create = { write: true, create: 'new' } as const;
  const cases: [code: string, call: () => unknown][] = [
    ['file-missing', () => openFile(path.join(folder, 'none'), read)],
    ['file-missing', () => openFile(path.join(there, 'below-a-file'), read)],
    ['file-missing', () => readWholeFile(path.join(folder, 'none'), 100)],
    ['folder-missing', () => openFile(path.join(folder, 'none', 'file'), create)],
    ['file-exists', () => openFile(there, create)],
    ['file-not-one', () => openFile(folder, read)],
    ['file-not-one', () => openFile(folder, { write: true, create: 'truncate' })],
    ['file-not-one', () => readWholeFile(folder, 100)],
    ['file-bad-name', () => openFile(path.join(folder, 'x\0y'), read)],
  ];
  for (const [code, call] of cases) {
    const error = errorOf(call);
    assert.equal(error.code, code, error.message);
    assert.equal(error.kind, 'badInput');
    assert.ok(error.message.includes(folder), error.message);
  }
  assert.equal(fs.readFileSync(there, 'utf8'), 'x', 'nothing was overwritten');
});

test('a file name that is not valid on this system is rejected by every call', { skip: WINDOWS }, (t) => {
  const folder = folderIn(t);
  const { files } = nodeHost;
  const calls: ((name: string) => unknown)[] = [
    (name) => files.open(name, { write: false, create: 'never' }),
    (name) => files.readWhole(name, 100),
    (name) => files.exists(name),
    (name) => files.isBrokenLink(name),
    (name) => files.remove(name),
    (name) => files.createFolderOf(path.join(name, 'file')),
    (name) => files.stage(name),
    (name) => files.identity(name),
    (name) => files.lock([{ path: name, use: 'writes' }], 'testing'),
  ];
  const names = ['a\0b', '\u001b[2J\0', 'x'.repeat(256), 'deep/'.repeat(1000)];
  for (const name of names) {
    for (const [i, call] of calls.entries()) {
      const error = errorOf(() => call(path.join(folder, name)));
      assert.equal(error.code, 'file-bad-name', `${i}: ${error.message}`);
      assert.match(error.message, /^The path \P{Cc}{1,300} is not valid on this system\. Use another path\.$/u);
    }
  }
  assert.deepEqual(fs.readdirSync(folder), []);
});

test('folders created for a file are removed again unless something else uses them', (t) => {
  const folder = folderIn(t);
  fs.mkdirSync(path.join(folder, 'there'));
  const undo = createFolderOf(path.join(folder, 'there', 'deep', 'er', 'a.rr'));
  undo();
  undo();
  assert.deepEqual(fs.readdirSync(folder, { recursive: true }), ['there']);
  const used = createFolderOf(path.join(folder, 'there', 'deep', 'er', 'a.rr'));
  fs.writeFileSync(path.join(folder, 'there', 'deep', 'b'), '');
  used();
  assert.deepEqual(fs.readdirSync(path.join(folder, 'there', 'deep')), ['b']);
});

const NOBODY = 65534;

test('a permission error names the file', { skip: WINDOWS }, (t) => {
  const folder = folderIn(t);
  const name = path.join(folder, 'secret');
  fs.writeFileSync(name, 'x', { mode: 0o400 });
  // Root has all permissions, so the test temporarily runs as the user nobody.
  if (ROOT) {
    fs.chmodSync(folder, 0o777);
    fs.chownSync(name, NOBODY, NOBODY);
    process.seteuid!(NOBODY);
  }
  try {
    assert.match(
      errorOf(() => openFile(name, { write: true, create: 'never' })).message,
      /opened for writing: permission/,
    );
    fs.chmodSync(name, 0);
    assert.match(
      errorOf(() => openFile(name, { write: false, create: 'never' })).message,
      /opened for reading: permission/,
    );
  } finally {
    if (ROOT) process.seteuid!(0);
  }
});

test('a pipe is rejected without waiting for its other end', { skip: WINDOWS }, (t) => {
  const name = path.join(folderIn(t), 'pipe');
  execFileSync('mkfifo', [name]);
  assert.equal(errorOf(() => openFile(name, { write: false, create: 'never' })).code, 'file-not-one');
});

test('a full disk is a host failure', { skip: !fs.existsSync('/dev/full') }, (t) => {
  // openFile rejects devices, so the test writes to the device directly and checks only how we report the error.
  const handle = fs.openSync('/dev/full', 'w');
  t.after(() => fs.closeSync(handle));
  let caught: unknown;
  try {
    fs.writeSync(handle, 'x');
  } catch (error) {
    caught = error;
  }
  const error = useFailure(caught, 'Writing', 'hd0.qcow2');
  assert.equal(error.kind, 'hostFailure');
  assert.equal(error.code, 'host-disk-full');
  assert.match(error.message, /^Writing hd0\.qcow2 failed: the disk is full/);
});

test('each system error has its own message', () => {
  const system = (code: string) => Object.assign(new Error(`${code}: some words, open 'x'`), { code });
  const opening = { name: 'x', access: 'write', creating: false } as const;
  for (const [code, expected] of [
    ['EACCES', 'file-not-permitted'],
    ['EPERM', 'file-not-permitted'],
    ['EROFS', 'file-read-only-place'],
    ['EISDIR', 'file-not-one'],
    ['ENXIO', 'file-not-one'],
    ['ENAMETOOLONG', 'file-bad-name'],
    ['ELOOP', 'file-bad-name'],
    ['EBUSY', 'file-in-use'],
    ['EMFILE', 'host-too-many-files'],
    ['ENOSPC', 'host-disk-full'],
    ['EIO', 'host-io-failed'],
    ['EWHATEVER', 'host-io-failed'],
  ]) {
    const error = openFailure(system(code), opening);
    assert.equal(error.code, expected);
    assert.equal(error.kind, expected.startsWith('host') ? 'hostFailure' : 'badInput');
    assert.match(error.message, /^[^\n]*\bx\b[^\n]*\. [^\n]*\.$/);
  }
  assert.match(useFailure(system('EIO'), 'Reading', 'x').message, /^Reading x failed: EIO: some words\. Check/);
  assert.match(useFailure(system('EDQUOT'), 'Writing', 'x').message, /quota/);
});

test('using a closed file is a host failure, not a crash', (t) => {
  const file = openFile(path.join(folderIn(t), 'a'), { write: true, create: 'new' });
  file.close();
  assert.equal(errorOf(() => file.readAt(0, new Uint8Array(1))).kind, 'hostFailure');
});

test('a whole file is read up to a limit', (t) => {
  const name = path.join(folderIn(t), 'kernel');
  fs.writeFileSync(name, 'abc');
  assert.equal(Buffer.from(readWholeFile(name, 3)).toString(), 'abc');
  const error = errorOf(() => readWholeFile(name, 2));
  assert.equal(error.code, 'file-too-large');
  assert.match(error.message, /3 bytes; the maximum is 2/);
});

test('folders are created, and files are found and removed', (t) => {
  const name = path.join(folderIn(t), '.blkreplay', 'deep', 'boot.rr');
  createFolderOf(name);
  assert.equal(fileExistsAt(name), false);
  openFile(name, { write: true, create: 'new' }).close();
  assert.equal(fileExistsAt(name), true);
  removeFile(name);
  removeFile(name);
  assert.equal(fileExistsAt(name), false);
});

test('compressed data is restored, and never inflates beyond its stated length', () => {
  const bytes = Uint8Array.from({ length: 100_000 }, (_, i) => (i >> 8) & 0xff);
  const deflated = nodeCompression.deflate(bytes);
  assert.ok(deflated.length < 5000);
  assert.deepEqual(nodeCompression.inflate(deflated, bytes.length), Buffer.from(bytes));
  assert.throws(() => nodeCompression.inflate(deflated, bytes.length - 1));
  assert.throws(() => nodeCompression.inflate(deflated, bytes.length + 1));
  assert.throws(() => nodeCompression.inflate(deflated, 0));
  assert.throws(() => nodeCompression.inflate(Uint8Array.of(7, 7, 7), 3));
  assert.equal(nodeCompression.inflate(nodeCompression.deflate(new Uint8Array(0)), 0).length, 0);
  const padded = Buffer.concat([deflated, new Uint8Array(100)]);
  assert.equal(nodeCompression.inflate(padded, bytes.length).length, bytes.length, 'qcow2 pads compressed clusters');
});

test('an unnamed temporary file leaves nothing behind', { skip: WINDOWS }, () => {
  const { file, path: name } = createTemporaryFile('hd0.qcow2');
  assert.equal(name, null);
  file.writeAt(0, Uint8Array.of(1));
  assert.equal(file.length(), 1);
  file.close();
});

test('a named temporary file is removed at close', () => {
  const { file, path: name } = createTemporaryFile('hd0.qcow2', { keepPath: true });
  assert.ok(fs.existsSync(name!));
  file.close();
  assert.ok(!fs.existsSync(path.dirname(name!)));
});

for (const ending of [
  'process.exit(3)',
  'setTimeout(() => { throw new Error("oops") })',
  'process.kill(process.pid, "SIGTERM")',
]) {
  test(`a named temporary file is removed at ${ending}`, { skip: WINDOWS }, () => {
    const module = new URL('../../debug-adapter/host/temporaryFiles.ts', import.meta.url).href;
    const source = `
      const { createTemporaryFile } = await import(${JSON.stringify(module)});
      console.log(createTemporaryFile('hd0.qcow2', { keepPath: true }).path);
      setInterval(() => {}, 1000);
      ${ending};`;
    const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', source], { encoding: 'utf8' });
    assert.match(stdout, /hd0\.qcow2/);
    assert.ok(!fs.existsSync(path.dirname(stdout.trim())));
  });
}

test('an idle machine waits in real time', () => {
  const clock = new RealtimeIdleClock();
  const start = performance.now();
  assert.equal(clock.sleepUntil(20e6), 20e6);
  assert.ok(performance.now() - start >= 19);
});

test('short waits are accumulated until their total is long enough to sleep', () => {
  const clock = new RealtimeIdleClock();
  const start = performance.now();
  let sleeps = 0;
  for (let i = 0; i < 200; i++)
    assert.equal(
      clock.sleepUntil(100e3, () => sleeps++),
      100e3,
    );
  assert.ok(sleeps > 0 && sleeps <= 20, `${sleeps} sleeps of a millisecond or more`);
  const took = performance.now() - start;
  assert.ok(took >= 17 && took < 1000, `20 ms of waits took ${took} ms`);
});

test('long waits are divided into slices, and a wake-up ends them early', () => {
  const clock = new RealtimeIdleClock();
  assert.equal(clock.sleepUntil(10e9), 50e6);
  Atomics.store(clock.cell, 0, 1);
  assert.ok(clock.sleepUntil(10e9) < 50e6);
});
