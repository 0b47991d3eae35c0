/** New files get their names only when they are complete, and a start that is canceled or killed changes nothing. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { failCalls } from '../support/failingCalls.ts';
import { stageFile } from '../../debug-adapter/host/stagedFiles.ts';

const MODULE = new URL('../../debug-adapter/host/stagedFiles.ts', import.meta.url).href;

function folderIn(t: TestContext): string {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'blkreplay-test-'));
  t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function contents(folder: string): Record<string, string> {
  const names = fs.readdirSync(folder).sort();
  return Object.fromEntries(names.map((name) => [name, fs.readFileSync(path.join(folder, name), 'utf8')]));
}

const write = (staged: ReturnType<typeof stageFile>, text: string) => staged.file.writeAt(0, Buffer.from(text));

test('a new file gets its name when it is published, and keeps it after a commit', (t) => {
  const folder = folderIn(t);
  const staged = stageFile(path.join(folder, 'a.rr'));
  write(staged, 'new');
  assert.ok(!fs.existsSync(path.join(folder, 'a.rr')));
  staged.publish({ replaces: false });
  assert.deepEqual(contents(folder), { 'a.rr': 'new' });
  write(staged, 'NEW');
  staged.commit();
  staged.rollBack();
  assert.deepEqual(contents(folder), { 'a.rr': 'NEW' });
});

test('withdrawing a new file restores the file that it replaced', (t) => {
  const folder = folderIn(t);
  for (const [before, replaces] of [
    [{}, false],
    [{}, true],
    [{ 'a.rr': 'old' }, true],
  ] as const) {
    for (const [name, text] of Object.entries(before)) fs.writeFileSync(path.join(folder, name), text);
    for (const isPublished of [false, true]) {
      const staged = stageFile(path.join(folder, 'a.rr'));
      write(staged, 'new');
      if (isPublished) staged.publish({ replaces });
      staged.rollBack();
      staged.rollBack();
      assert.deepEqual(contents(folder), before);
    }
  }
});

test('after the old file is moved aside, its name stays free for the new file; withdrawing the new file restores the old one', (t) => {
  const folder = folderIn(t);
  const file = path.join(folder, 'a.rr');
  fs.writeFileSync(file, 'old');
  for (const isPublished of [false, true]) {
    const staged = stageFile(file);
    write(staged, 'new');
    staged.moveExistingAside();
    assert.ok(!fs.existsSync(file));
    if (isPublished) staged.publish({ replaces: true });
    staged.rollBack();
    staged.rollBack();
    assert.deepEqual(contents(folder), { 'a.rr': 'old' });
  }
  const staged = stageFile(file);
  staged.moveExistingAside();
  fs.writeFileSync(file, 'precious');
  staged.rollBack();
  assert.equal(contents(folder)['a.rr'], 'precious');
  const last = stageFile(file);
  write(last, 'new');
  last.moveExistingAside();
  last.publish({ replaces: true });
  last.commit();
  assert.equal(contents(folder)['a.rr'], 'new');
});

test('an existing file is replaced only if the caller permits it', (t) => {
  const folder = folderIn(t);
  const file = path.join(folder, 'a.rr');
  const staged = stageFile(file);
  // Another file with the same name appears while the new one is being written.
  fs.writeFileSync(file, 'precious');
  assert.throws(() => staged.publish({ replaces: false }), { code: 'file-exists' });
  staged.rollBack();
  assert.deepEqual(contents(folder), { 'a.rr': 'precious' });
  const other = stageFile(file);
  other.publish({ replaces: true });
  other.commit();
  assert.deepEqual(contents(folder), { 'a.rr': '' });
});

test('a link is followed to its target, and rejected if the target does not exist', (t) => {
  const folder = folderIn(t);
  const elsewhere = folderIn(t);
  const link = path.join(folder, 'link');
  fs.symlinkSync(path.join(elsewhere, 'a.rr'), link);
  assert.throws(() => stageFile(link), { code: 'file-broken-link' });
  fs.writeFileSync(path.join(elsewhere, 'a.rr'), 'old');
  const staged = stageFile(link);
  write(staged, 'new');
  staged.publish({ replaces: true });
  staged.commit();
  assert.ok(fs.lstatSync(link).isSymbolicLink());
  assert.deepEqual(contents(elsewhere), { 'a.rr': 'new' });
  assert.deepEqual(fs.readdirSync(folder), ['link']);
});

test(
  "a new file is readable only by its owner, regardless of the umask and the previous file's mode",
  { skip: process.platform === 'win32' },
  (t) => {
    const folder = folderIn(t);
    const file = path.join(folder, 'a.rr');
    const before = process.umask(0);
    t.after(() => process.umask(before));
    for (let round = 0; round < 2; round++) {
      const staged = stageFile(file);
      staged.publish({ replaces: true });
      staged.commit();
      assert.equal(fs.statSync(file).mode & 0o777, 0o600);
      fs.chmodSync(file, 0o666);
    }
  },
);

test('on file systems without hard links, new files get their names by renaming', (t) => {
  const folder = folderIn(t);
  failCalls(t, ['linkSync'], 'EPERM');
  for (const text of ['first', 'second']) {
    const staged = stageFile(path.join(folder, 'a.rr'));
    write(staged, text);
    staged.publish({ replaces: text === 'second' });
    staged.commit();
    assert.equal(contents(folder)['a.rr'].slice(0, 5), text.slice(0, 5));
  }
  const staged = stageFile(path.join(folder, 'a.rr'));
  assert.throws(() => staged.publish({ replaces: false }), { code: 'file-exists' });
  staged.rollBack();
  assert.deepEqual(Object.keys(contents(folder)), ['a.rr']);
});

test('files left behind by a killed process are removed by the next process, and no other files are removed', (t) => {
  const folder = folderIn(t);
  const script = `
    const { stageFile } = await import(${JSON.stringify(MODULE)});
    const old = stageFile(${JSON.stringify(path.join(folder, 'b.rr'))});
    old.publish({ replaces: false });
    old.commit();
    stageFile(${JSON.stringify(path.join(folder, 'a.rr'))});
    stageFile(${JSON.stringify(path.join(folder, 'b.rr'))}).publish({ replaces: true });
    process.kill(process.pid, 'SIGKILL');`;
  assert.equal(spawnSync(process.execPath, ['--input-type=module', '-e', script]).signal, 'SIGKILL');
  assert.equal(fs.readdirSync(folder).length, 3);
  const theirs = ['.blkreplay-notes', `.blkreplay-elsewhere.1.unknown.x-1`, '.blkreplay-a.b.c.d.e'];
  for (const name of theirs) fs.writeFileSync(path.join(folder, name), '');
  const living = stageFile(path.join(folder, 'a.rr'));
  stageFile(path.join(folder, 'c.rr')).rollBack();
  assert.equal(fs.readdirSync(folder).length, 2 + theirs.length);
  living.rollBack();
  assert.deepEqual(fs.readdirSync(folder).sort(), [...theirs, 'b.rr'].sort());
});
