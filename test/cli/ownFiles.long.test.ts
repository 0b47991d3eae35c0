/** Only files made by blkreplay are replaced, packed or listed as its own. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { suite, test } from 'node:test';
import type { Outcome, Sandbox } from '../support/cli.ts';
import { requireTool, runTool } from '../support/tools.ts';
import { DEMO, fresh, TIMER, withDrive } from './freshScene.ts';
import { recorded } from './recordedScene.ts';
import { MIB, overwrite, type Refusal, testRefusals } from './refusal.ts';

const cli =
  (words: string) =>
  (sandbox: Sandbox): Promise<Outcome> =>
    sandbox.cli([...words.split(' '), '--json']);

const precious = (name: string) => (sandbox: Sandbox) => void sandbox.write(name, 'precious');
const qcow2 = (name: string) => (sandbox: Sandbox) =>
  void runTool('qemu-img', ['create', '-q', '-f', 'qcow2', '-o', 'cluster_size=4096', sandbox.path(name), '4M']);
const brokenLink = (name: string) => (sandbox: Sandbox) => fs.symlinkSync('nowhere', sandbox.path(name));
const linkToForeign = (name: string) => (sandbox: Sandbox) => fs.symlinkSync('demo.c', sandbox.path(name));

const FOREIGN = /^\S+ would be overwritten, but it is not \S.*\. Delete it yourself .*, or choose another name\.$/;
const targets: [what: string, command: Refusal['command'], path: string][] = [
  ['a recording', overwrite(DEMO), 'a.rr'],
  ['an overlay', overwrite(DEMO), 'hd0.qcow2'],
  ['a state-only image', overwrite(TIMER), 'a.rr.qcow2'],
  ['a new overlay', cli('overlay create o.qcow2 --base disk.img --format raw --overwrite'), 'o.qcow2'],
];
const foreign: [what: string, make: (name: string) => (sandbox: Sandbox) => void, code: string, says: RegExp][] = [
  ['text', precious, 'file-foreign', FOREIGN],
  ["a user's qcow2", qcow2, 'file-foreign', FOREIGN],
  ['a link to a file', linkToForeign, 'file-foreign', FOREIGN],
  ['a broken link', brokenLink, 'file-broken-link', /^\S+ is a link to a file that does not exist\. Delete the link/],
];

testRefusals(
  'with --overwrite',
  fresh,
  targets.flatMap(([target, command, path]) =>
    foreign.map(([what, make, code, says]): Refusal => {
      return { what: `${target} does not replace ${what}`, trouble: make(path), command, code, says };
    }),
  ),
);

testRefusals('with --overwrite', recorded, [
  {
    what: 'a recording does not replace an overlay made by blkreplay',
    command: overwrite({ ...TIMER, rrfile: 'hd0.qcow2' }),
    code: 'file-foreign',
    says: FOREIGN,
  },
  {
    what: 'an overlay does not replace a recording',
    command: overwrite({ ...withDrive({ overlay: 'timer.rr' }), rrfile: 'b.rr' }),
    code: 'file-foreign',
    says: FOREIGN,
  },
  {
    what: 'a pack does not replace an image',
    command: cli('pack timer.rr --into disk.img --overwrite'),
    code: 'file-foreign',
    says: FOREIGN,
  },
  {
    what: 'a pack does not replace a text file',
    command: cli('pack a.rr --into demo.c --overwrite'),
    code: 'file-foreign',
    says: FOREIGN,
  },
  {
    what: 'a pack does not follow a broken link',
    trouble: brokenLink('a.pack'),
    command: cli('pack a.rr --into a.pack --overwrite'),
    code: 'file-broken-link',
    says: /^a\.pack is a link/,
  },
  {
    what: 'a recording does not follow a broken link, with or without --overwrite',
    trouble: brokenLink('b.rr'),
    command: (sandbox) => sandbox.record({ ...withDrive({ overlay: 'o.qcow2' }), rrfile: 'b.rr' }),
    code: 'file-broken-link',
    says: /^b\.rr is a link/,
  },
]);

test('empty files and links to our own files are replaced', async (t) => {
  const sandbox = recorded.copy(t);
  for (const name of ['b.rr', 'o.qcow2']) sandbox.write(name, '');
  (
    await sandbox.record({ ...withDrive({ overlay: 'o.qcow2' }), rrfile: 'b.rr' }, '--overwrite', '--stop-at', '1000')
  ).ended(0, 'stopAt');
  fs.renameSync(sandbox.path('b.rr'), sandbox.path('folder/b.rr'));
  fs.symlinkSync('folder/b.rr', sandbox.path('b.rr'));
  const session = { ...withDrive({ overlay: 'o.qcow2' }), rrfile: 'b.rr' };
  (await sandbox.record(session, '--overwrite', '--stop-at', '2000')).ended(0, 'stopAt');
  assert.ok(fs.lstatSync(sandbox.path('b.rr')).isSymbolicLink());
  assert.equal((await sandbox.replay(session)).ended(0, 'endOfRecording').position, 2000);
});

test("our overlay is recognized after qemu-img has changed it, and a user’s image that holds a recording's snapshots is not mistaken for ours", async (t) => {
  if (!requireTool('qemu-img', t)) return;
  const sandbox = recorded.copy(t);
  runTool('qemu-img', ['snapshot', '-c', 'theirs', sandbox.path('hd0.qcow2')]);
  runTool('qemu-img', ['rebase', '-u', '-b', 'disk.img', '-F', 'raw', sandbox.path('hd0.qcow2')]);
  (await sandbox.record(DEMO, '--overwrite', '--stop-at', '1000')).ended(0, 'stopAt');
  qcow2('mine.qcow2')(sandbox);
  const inPlace = { ...DEMO, drives: [{ image: 'mine.qcow2', format: 'qcow2' as const }], rrfile: 'mine.rr' };
  (await sandbox.record({ ...inPlace, options: ['--rrsnapshot', 'one'] }, '--stop-at', '1000')).ended(0, 'stopAt');
  const before = sandbox.fingerprint(['mine.qcow2']);
  assert.equal(
    (await sandbox.record(withDrive({ overlay: 'mine.qcow2' }), '--overwrite')).refused(2).code,
    'file-foreign',
  );
  assert.deepEqual(sandbox.fingerprint(['mine.qcow2']), before);
  assert.deepEqual(await filesIn(sandbox, 'mine.rr'), [
    { path: 'mine.rr', kind: 'recording', isOwn: true },
    { path: 'mine.qcow2', kind: 'image', isOwn: false },
  ]);
});

test('info lists the files of a recording and marks those that the recording created', async (t) => {
  const sandbox = recorded.copy(t);
  const own = { path: 'a.rr', kind: 'recording', isOwn: true };
  const image = { path: 'disk.img', kind: 'image', isOwn: false };
  const overlay = { path: 'hd0.qcow2', kind: 'overlay', isOwn: true };
  assert.deepEqual(await filesIn(sandbox, 'a.rr'), [own, overlay, image]);
  assert.deepEqual(await filesIn(sandbox, 'timer.rr'), [
    { ...own, path: 'timer.rr' },
    { path: 'timer.rr.qcow2', kind: 'state', isOwn: true },
  ]);
  assert.deepEqual(await filesIn(sandbox, 'temporary.rr'), [{ ...own, path: 'temporary.rr' }, image]);
  const notOwn = [own, { ...overlay, isOwn: false }, image];
  fs.rmSync(sandbox.path('hd0.qcow2'));
  assert.deepEqual(await filesIn(sandbox, 'a.rr'), notOwn, 'missing');
  sandbox.write('hd0.qcow2', 'precious');
  assert.deepEqual(await filesIn(sandbox, 'a.rr'), notOwn, 'text');
  fs.rmSync(sandbox.path('hd0.qcow2'));
  sandbox.disk('other.img');
  await sandbox.cli(['overlay', 'create', 'hd0.qcow2', '--base', 'other.img', '--format', 'raw']);
  assert.deepEqual(await filesIn(sandbox, 'a.rr'), notOwn, 'on another base');
});

suite('pack includes only files that belong to the recording', { concurrency: 2 }, () => {
  const others: [what: string, file: string, make: (sandbox: Sandbox) => unknown, code: string][] = [
    ['text', 'hd0.qcow2', precious('hd0.qcow2'), 'image-not-qcow2'],
    ["a user's qcow2", 'hd0.qcow2', qcow2('hd0.qcow2'), 'overlay-other-recording'],
    [
      'an empty overlay',
      'hd0.qcow2',
      cli('overlay create hd0.qcow2 --base disk.img --format raw'),
      'overlay-other-recording',
    ],
    [
      'an overlay on another base',
      'hd0.qcow2',
      async (sandbox) => {
        sandbox.disk('other.img', 4 * MIB, 'other');
        (await sandbox.record({ ...withDrive({ image: 'other.img' }), rrfile: 'b.rr' }, '--stop-at', '1000')).ended(
          0,
          'stopAt',
        );
      },
      'overlay-other-recording',
    ],
    [
      'an overlay whose first snapshot has a different name',
      'hd0.qcow2',
      (sandbox) => sandbox.record({ ...DEMO, rrfile: 'b.rr' }, '--rrsnapshot', 'other', '--stop-at', '1000'),
      'overlay-other-recording',
    ],
    ['text in place of the state-only image', 'timer.rr.qcow2', precious('timer.rr.qcow2'), 'image-not-qcow2'],
    [
      'an overlay in place of the state-only image',
      'timer.rr.qcow2',
      cli('overlay create timer.rr.qcow2 --base disk.img --format raw'),
      'overlay-other-recording',
    ],
  ];
  for (const [what, file, make, code] of others) {
    test(`pack does not include ${what}`, async (t) => {
      const sandbox = recorded.copy(t);
      fs.rmSync(sandbox.path(file));
      await make(sandbox);
      const before = sandbox.fingerprint();
      const rrfile = file === 'hd0.qcow2' ? 'a.rr' : 'timer.rr';
      for (const bases of ['--with-bases', '--without-bases']) {
        const args = ['pack', rrfile, '--into', 'deep/a.pack', '--json', ...(bases === '--with-bases' ? [] : [bases])];
        const refused = (await sandbox.cli(args)).refused(2);
        assert.equal(refused.code, code, refused.message);
        assert.match(refused.message, new RegExp(`^${file} `));
      }
      assert.deepEqual(sandbox.fingerprint(), before);
    });
  }
});

test('unpack replaces only files that an earlier unpack created', async (t) => {
  const sandbox = recorded.copy(t);
  for (const words of [
    'pack a.rr --into a.pack',
    'unpack a.pack --into there',
    'unpack a.pack --into there --overwrite',
  ]) {
    assert.equal((await cli(words)(sandbox)).status, 0, words);
  }
  const again = cli('unpack a.pack --into there --overwrite');
  for (const name of fs.readdirSync(sandbox.path('there'))) {
    const whole = sandbox.read(`there/${name}`);
    sandbox.write(`there/${name}`, 'precious');
    const before = sandbox.fingerprint();
    const { message, code } = (await again(sandbox)).refused(2);
    assert.equal(code, 'file-foreign');
    assert.match(message, new RegExp(`${name} would be overwritten, but it is `));
    assert.deepEqual(sandbox.fingerprint(), before);
    sandbox.write(`there/${name}`, whole);
  }
  // A pack whose last byte is wrong is rejected before anything is created.
  sandbox.flipByte('a.pack', -1);
  const before = sandbox.fingerprint();
  for (const words of ['unpack a.pack --into there --overwrite', 'unpack a.pack --into deep/er']) {
    assert.equal((await cli(words)(sandbox)).refused(2).code, 'pack-damaged');
    assert.deepEqual(sandbox.fingerprint(), before);
  }
});

test(
  'new files are accessible only to their owner, regardless of the umask',
  { skip: process.platform === 'win32' },
  async (t) => {
    const sandbox = fresh.copy(t);
    fs.chmodSync(sandbox.path('disk.img'), 0o666);
    const through = ['sh', '-c', 'umask 0; exec "$@"', 'sh'];
    const commands = [
      'record --kernel demo.elf --rrfile a.rr --drive id=hd0,image=disk.img,format=raw,overlay=hd0.qcow2 --stop-at 1000',
      'record --kernel timer.elf --rrfile t.rr --stop-at 100',
      'overlay create o.qcow2 --base disk.img --format raw',
      'pack a.rr --into a.pack',
      'unpack a.pack --into there',
    ];
    const made = [
      'a.rr',
      'hd0.qcow2',
      't.rr',
      't.rr.qcow2',
      'o.qcow2',
      'a.pack',
      'there/recording.rr',
      'there/hd0.overlay.qcow2',
    ];
    for (const more of [[], ['--overwrite']]) {
      for (const words of commands) {
        const outcome = await sandbox.cli([...words.split(' '), ...more], { through });
        assert.equal(outcome.status, 0, `${words}: ${outcome.stderr}`);
      }
      for (const name of made) {
        assert.equal(fs.statSync(sandbox.path(name)).mode & 0o777, 0o600, name);
        fs.chmodSync(sandbox.path(name), 0o666);
      }
    }
  },
);

async function filesIn(sandbox: Sandbox, rrfile: string): Promise<unknown> {
  const outcome = await sandbox.cli(['info', rrfile, '--json']);
  assert.equal(outcome.status, 0, outcome.stderr);
  return (JSON.parse(outcome.console) as { files: unknown }).files;
}
