/** A base image outside the current folder is opened only when a command needs it and --allow permits it.
 *
 * No --allow is needed for files that are named by the user or by the recording.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { Sandbox } from '../support/cli.ts';
import { guest } from '../support/guests.ts';
import { requireTool, runTool } from '../support/tools.ts';

const MIB = 1 << 20;
const hello = guest('small/hello');

test('commands that do not need the base work regardless of its location, even if it is missing', async (t) => {
  const { sandbox, base } = await recorded(t);
  const working = async (words: string) => {
    const outcome = await sandbox.cli([...words.split(' '), '--json']);
    assert.equal(outcome.status, 0, `${words}: ${outcome.stderr}`);
    return outcome.console;
  };
  for (const gone of [false, true]) {
    if (gone) fs.rmSync(base);
    const { chain } = JSON.parse(await working('overlay info o.qcow2')) as { chain: Chain };
    assert.deepEqual([chain[0].problem, chain[1].file], [undefined, fs.realpathSync(path.dirname(base)) + '/d.img']);
    assert.equal(chain[1].problem?.code, gone ? 'backing-missing' : 'backing-outside');
    assert.match((await sandbox.cli(['overlay', 'info', 'o.qcow2'])).console, /base .*d\.img \(raw, not opened: /);
    await working('overlay check o.qcow2');
    await working('overlay check o.qcow2 --repair');
    for (const file of ['a.rr', 'o.qcow2']) {
      assert.match(await working(`snapshot list ${file}`), /replay_init/);
      await working(`snapshot rename ${file} replay_init other --yes`);
      await working(`snapshot apply ${file} other --yes`);
      await working(`snapshot rename ${file} other replay_init --yes`);
    }
  }
  await working('snapshot delete a.rr replay_init --yes');
  await working('overlay discard o.qcow2 --yes');
});

test('commands that need the base require --allow, except for files that the user names', async (t) => {
  const { sandbox, base } = await recorded(t);
  for (const words of ['overlay map o.qcow2', 'overlay commit o.qcow2 --yes']) {
    const refused = (await sandbox.cli([...words.split(' '), '--json'])).refused(2);
    assert.equal(refused.code, 'backing-outside', words);
  }
  for (const allowed of [base, path.dirname(base)]) {
    assert.equal((await sandbox.cli(['overlay', 'map', 'o.qcow2', '--allow', 'none', '--allow', allowed])).status, 0);
    const info = await sandbox.cli(['overlay', 'info', 'o.qcow2', '--allow', allowed, '--json']);
    assert.equal((JSON.parse(info.console) as { chain: Chain }).chain[1].virtualBytes, MIB);
  }
  const named = ['--base', base, '--format', 'raw'];
  assert.equal((await sandbox.cli(['overlay', 'create', 'new.qcow2', ...named])).status, 0);
  assert.equal((await sandbox.cli(['overlay', 'rebase', 'new.qcow2', ...named])).status, 0);
  assert.equal((await sandbox.cli(['overlay', 'commit', 'new.qcow2', '--allow', base])).status, 0);
  const help = (await sandbox.cli(['--help'])).console;
  for (const command of ['pack', 'unpack', 'overlay create', 'overlay info', 'overlay commit']) {
    assert.match(help, new RegExp(`blkreplay ${command}.*\\[--allow FILE\\]`), command);
  }
});

test('info and pack do not need --allow for images that the recording names', async (t) => {
  const { sandbox, base } = await recorded(t);
  const info = JSON.parse((await sandbox.cli(['info', 'a.rr', '--json'])).console) as {
    drives: { chain: Chain }[];
    files: { path: string; isOwn: boolean }[];
  };
  assert.deepEqual(
    info.drives[0].chain.map(({ virtualBytes, problem }) => [virtualBytes, problem]),
    [
      [MIB, undefined],
      [MIB, undefined],
    ],
  );
  assert.deepEqual(
    info.files.filter(({ isOwn }) => isOwn).map((file) => file.path),
    ['a.rr', 'o.qcow2'],
  );
  assert.equal((await sandbox.cli(['pack', 'a.rr', '--into', 'all.pack'])).status, 0);
  assert.equal((await sandbox.cli(['pack', 'a.rr', '--into', 'small.pack', '--without-bases'])).status, 0);
  const unpack = ['unpack', 'small.pack', '--into', 'there', '--base', `hd0=${base}`];
  assert.equal((await sandbox.cli(unpack)).status, 0);
});

test('opening the backing file of a base in another folder requires --allow, even for pack and unpack', async (t) => {
  if (!requireTool('qemu-img', t)) return;
  const { sandbox, base } = await recorded(t);
  runTool('qemu-img', ['create', '-q', '-f', 'qcow2', '-b', base, '-F', 'raw', sandbox.path('b.qcow2')]);
  const drive = ['--drive', 'id=hd0,image=b.qcow2,format=qcow2,overlay=c.qcow2'];
  const record = ['record', '--kernel', hello, '--rrfile', 'c.rr', ...drive, '--json'];
  assert.equal((await sandbox.cli(record)).refused(2).code, 'backing-outside');
  assert.equal((await sandbox.cli([...record, '--allow', base])).status, 0);
  assert.equal((await sandbox.cli(['pack', 'c.rr', '--into', 'c.pack', '--without-bases'])).status, 0);
  for (const words of [
    ['pack', 'c.rr', '--into', 'all.pack', '--json'],
    ['unpack', 'c.pack', '--into', 'there', '--base', 'hd0=b.qcow2', '--json'],
  ]) {
    assert.equal((await sandbox.cli(words)).refused(2).code, 'backing-outside', words.join(' '));
    assert.equal((await sandbox.cli([...words, '--allow', base])).status, 0, words.join(' '));
  }
});

test('every command reports a missing backing file together with the image that names it', async (t) => {
  const sandbox = new Sandbox(t);
  sandbox.disk('base.img', MIB);
  const created = ['overlay', 'create', 'o.qcow2', '--base', 'base.img', '--format', 'raw'];
  assert.equal((await sandbox.cli(created)).status, 0);
  fs.rmSync(sandbox.path('base.img'));
  const drive = (more: string) => ['--drive', `id=hd0,image=o.qcow2,format=qcow2${more}`];
  for (const words of [
    ['overlay', 'map', 'o.qcow2'],
    ['overlay', 'commit', 'o.qcow2'],
    ['overlay', 'rebase', 'o.qcow2', '--base', sandbox.disk('other.img', MIB), '--format', 'raw'],
    ['overlay', 'create', 'top.qcow2', '--base', 'o.qcow2', '--format', 'qcow2'],
    ['run', '--kernel', hello, ...drive('')],
    ['record', '--kernel', hello, '--rrfile', 'x.rr', ...drive(',overlay=x.qcow2')],
    ['record', '--kernel', hello, '--rrfile', 'x.rr', '--rrsnapshot', 'first', ...drive('')],
  ]) {
    const { code, message } = (await sandbox.cli([...words, '--json'])).refused(2);
    assert.equal(code, 'backing-missing', words.join(' '));
    assert.match(message, /^The backing file \S*base\.img of o\.qcow2 does not exist\. .*--name-only"\.$/);
  }
  assert.deepEqual(fs.readdirSync(sandbox.folder).sort(), ['o.qcow2', 'other.img']);
  const moved = ['overlay', 'rebase', 'o.qcow2', '--base', 'other.img', '--format', 'raw', '--name-only'];
  assert.equal((await sandbox.cli(moved)).status, 0);
  assert.equal((await sandbox.cli(['overlay', 'map', 'o.qcow2'])).status, 0);
});

type Chain = { file: string; virtualBytes: number; problem?: { code: string } }[];

/** Makes a recording whose disk image is in a different folder. */
async function recorded(t: TestContext): Promise<{ sandbox: Sandbox; base: string }> {
  const sandbox = new Sandbox(t);
  const images = new Sandbox(t);
  images.disk('d.img', MIB);
  const base = path.relative(sandbox.folder, images.path('d.img'));
  const drive = ['--drive', `id=hd0,image=${base},format=raw,overlay=o.qcow2`];
  assert.equal((await sandbox.cli(['record', '--kernel', hello, '--rrfile', 'a.rr', ...drive])).status, 0);
  return { sandbox, base: images.path('d.img') };
}
