/** A user's own qcow2 image receives the snapshots when --rrsnapshot is given and there is no overlay. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test, type TestContext } from 'node:test';
import { type Session, Sandbox } from '../support/cli.ts';
import { guest } from '../support/guests.ts';
import { requireTool, runTool } from '../support/tools.ts';

const MIB = 1 << 20;
const DEMO: Session = { kernel: guest('demo/demo'), drives: [{ image: 'mine.qcow2', format: 'qcow2' }] };
const named = (rrsnapshot: string, session = DEMO): Session => ({
  ...session,
  rrfile: `${rrsnapshot}.rr`,
  options: ['--rrsnapshot', rrsnapshot],
});

test('one image holds the snapshots of several recordings, each recording replays, and qemu-img finds no errors', async (t) => {
  if (!requireTool('qemu-img', t) || !requireTool('qemu-io', t)) return;
  const sandbox = withImage(t);
  qemuImg(sandbox, 'snapshot', '-c', 'precious', 'mine.qcow2');
  const before = contents(sandbox);
  const first = (await sandbox.record(named('one'))).summary;
  const afterFirst = contents(sandbox);
  assert.ok(!afterFirst.equals(before), 'the guest wrote to the image');
  // The second recording starts with the disk contents that the first one left behind. The third starts with the same
  // contents as the first.
  const second = (await sandbox.record(named('two'))).summary;
  assert.notEqual(second.digest, first.digest);
  const applied = await sandbox.cli(['snapshot', 'apply', 'mine.qcow2', 'one', '--yes']);
  assert.equal(applied.status, 0, applied.stderr);
  assert.ok(contents(sandbox).equals(before));
  const third = (await sandbox.record(named('three'))).summary;
  assert.deepEqual([third.position, third.digest], [first.position, first.digest], 'the same run again');
  qemuImg(sandbox, 'check', 'mine.qcow2');
  const names = snapshotNames(sandbox);
  for (const name of ['precious', 'one', 'two', 'three']) assert.equal(names.filter((each) => each === name).length, 1);
  assert.equal(new Set(names).size, names.length, 'one entry per name');

  const untouched = sandbox.fingerprint();
  for (const [rrsnapshot, recorded] of Object.entries({ one: first, two: second, three: third })) {
    for (const session of [named(rrsnapshot), { ...named(rrsnapshot), options: [] }]) {
      const { position, digest, snapshots } = (await sandbox.replay(session)).summary;
      assert.deepEqual([position, digest], [recorded.position, recorded.digest], rrsnapshot);
      assert.ok(
        snapshots.every(({ name }) => name === rrsnapshot || /^auto-/.test(name)),
        'only its own snapshots',
      );
    }
  }
  assert.deepEqual(sandbox.fingerprint(), untouched);
  assert.ok(contents(sandbox, 'precious').equals(before));
  assert.ok(contents(sandbox).equals(afterFirst));
});

test('without --rrsnapshot, or with an overlay, the image is not changed', async (t) => {
  if (!requireTool('qemu-img', t) || !requireTool('qemu-io', t)) return;
  const sandbox = withImage(t);
  const before = sandbox.fingerprint(['mine.qcow2', 'base.img']);
  await sandbox.record(DEMO);
  assert.deepEqual(sandbox.fingerprint(['mine.qcow2', 'base.img']), before);
  await sandbox.record(named('one', { ...DEMO, drives: [{ ...DEMO.drives![0], overlay: 'o.qcow2' }] }));
  await sandbox.run(named('two'));
  assert.deepEqual(sandbox.fingerprint(['mine.qcow2', 'base.img']), before);
});

test('a snapshot name that already exists in the image is rejected, or replaced with --overwrite', async (t) => {
  if (!requireTool('qemu-img', t) || !requireTool('qemu-io', t)) return;
  const sandbox = withImage(t);
  // QEMU permits two snapshots with the same name; blkreplay requires unique names.
  for (let i = 0; i < 2; i++) qemuImg(sandbox, 'snapshot', '-c', 'one', 'mine.qcow2');
  const before = sandbox.fingerprint(['mine.qcow2']);
  assert.equal((await sandbox.record(named('one'))).refused(2).code, 'snapshot-exists');
  assert.ok(!sandbox.exists('one.rr'), 'nothing is created');
  assert.deepEqual(sandbox.fingerprint(['mine.qcow2']), before);
  const { digest } = (await sandbox.record(named('one'), '--overwrite')).summary;
  assert.equal((await sandbox.replay(named('one'))).summary.digest, digest);
  assert.equal(snapshotNames(sandbox).filter((name) => name === 'one').length, 1);
  qemuImg(sandbox, 'check', 'mine.qcow2');
});

test('a snapshot of two drives is stored in the user’s image for one drive and in an overlay for the other', async (t) => {
  if (!requireTool('qemu-img', t) || !requireTool('qemu-io', t)) return;
  const sandbox = withImage(t);
  sandbox.disk('second.img', MIB);
  const [mine, other] = [
    { image: 'mine.qcow2', format: 'qcow2' as const },
    { image: 'second.img', overlay: 'b.qcow2' },
  ];
  for (const [rrsnapshot, drives] of Object.entries({ ab: [mine, other], ba: [other, mine] })) {
    const session = named(rrsnapshot, { kernel: guest('small/twodisk'), drives });
    qemuImg(sandbox, 'snapshot', '-c', `precious ${rrsnapshot}`, 'mine.qcow2');
    const recorded = (await sandbox.record(session, '--overwrite')).summary;
    assert.equal((await sandbox.replay(session)).summary.digest, recorded.digest, rrsnapshot);
    assert.ok(snapshotNames(sandbox).includes(`precious ${rrsnapshot}`));
    for (const file of ['mine.qcow2', 'b.qcow2']) qemuImg(sandbox, 'check', file);
  }
});

test('--rrsnapshot is rejected for two drives on one image, and for an image with 1-bit refcounts', async (t) => {
  if (!requireTool('qemu-img', t) || !requireTool('qemu-io', t)) return;
  const sandbox = withImage(t);
  const before = sandbox.fingerprint();
  const twice = [DEMO.drives![0], { ...DEMO.drives![0], id: 'hd1' }];
  assert.equal((await sandbox.record(named('one', { ...DEMO, drives: twice }))).refused(2).code, 'overlay-is-image');
  qemuImg(sandbox, 'create', '-q', '-f', 'qcow2', '-o', 'refcount_bits=1', 'narrow.qcow2', '4M');
  const narrow = named('one', { ...DEMO, drives: [{ image: 'narrow.qcow2', format: 'qcow2' }] });
  assert.equal((await sandbox.record(narrow)).refused(2).code, 'refcounts-too-narrow');
  assert.deepEqual(sandbox.fingerprint(Object.keys(before)), before);
});

test('a machine state saved by QEMU is listed as foreign, kept, and never loaded', async (t) => {
  if (!requireTool('qemu-img', t) || !requireTool('qemu-io', t) || !requireTool('qemu-system-riscv64', t)) return;
  const sandbox = withImage(t);
  const machine = ['-M', 'virt', '-m', '16M', '-display', 'none', '-S', '-bios', 'none', '-serial', 'none'];
  const drive = ['-drive', `if=none,id=d,format=qcow2,file=${sandbox.path('mine.qcow2')}`];
  const device = ['-device', 'virtio-blk-device,drive=d', '-monitor', 'stdio'];
  execFileSync('qemu-system-riscv64', [...machine, ...drive, ...device], {
    input: 'savevm theirs\nquit\n',
    stdio: 'pipe',
  });
  const list = async () =>
    JSON.parse((await sandbox.cli(['snapshot', 'list', 'mine.qcow2', '--json'])).console) as Record<string, unknown>[];
  assert.deepEqual(
    (await list()).map(({ name, state }) => [name, state]),
    [['theirs', 'foreign']],
  );
  const { digest } = (await sandbox.record(named('one'))).summary;
  assert.equal((await sandbox.replay(named('one'))).summary.digest, digest);
  assert.equal(
    (await sandbox.replay({ ...named('one'), options: ['--rrsnapshot', 'theirs'] })).refused(2).code,
    'snapshot-foreign',
  );
  assert.ok((await list()).some(({ name, state }) => name === 'theirs' && state === 'foreign'));
  qemuImg(sandbox, 'check', 'mine.qcow2');
});

test('the image is packed with its backing files, and the recording replays elsewhere', async (t) => {
  if (!requireTool('qemu-img', t) || !requireTool('qemu-io', t)) return;
  const source = withImage(t);
  const { digest } = (await source.record(named('one'))).summary;
  assert.equal((await source.cli(['pack', 'one.rr', '--into', 'all.pack'])).status, 0);
  const sandbox = new Sandbox(t);
  sandbox.write('all.pack', source.read('all.pack'));
  const { console } = await sandbox.cli(['unpack', 'all.pack', '--into', 'there', '--json']);
  const { rrfile, drives } = JSON.parse(console) as { rrfile: string; drives: { image: string; format: 'qcow2' }[] };
  const replayed = await sandbox.replay({ ...DEMO, rrfile, drives: [{ image: drives[0].image, format: 'qcow2' }] });
  assert.equal(replayed.summary.digest, digest);
});

/**
 * Creates an image as a user might with qemu-img: 64 KiB clusters, a backing file, some data, and a discarded range.
 */
function withImage(t: TestContext): Sandbox {
  const sandbox = new Sandbox(t);
  sandbox.write('base.img', new Uint8Array(4 * MIB));
  runTool('qemu-img', ['create', '-q', '-f', 'qcow2', '-b', 'base.img', '-F', 'raw', sandbox.path('mine.qcow2')]);
  runTool('qemu-io', ['-c', 'write -P 1 3M 300k', '-c', 'discard 3100k 64k', sandbox.path('mine.qcow2')]);
  return sandbox;
}

function snapshotNames(sandbox: Sandbox): string[] {
  const info = runTool('qemu-img', ['info', '--output=json', sandbox.path('mine.qcow2')]);
  return (JSON.parse(info) as { snapshots: { name: string }[] }).snapshots.map(({ name }) => name);
}

function contents(sandbox: Sandbox, snapshot?: string): Buffer {
  const options = snapshot === undefined ? [] : ['-l', `snapshot.name=${snapshot}`];
  runTool('qemu-img', ['convert', ...options, '-O', 'raw', sandbox.path('mine.qcow2'), sandbox.path('contents.tmp')]);
  return sandbox.read('contents.tmp');
}

const qemuImg = (sandbox: Sandbox, ...args: string[]): string =>
  runTool(
    'qemu-img',
    args.map((word) => (word.endsWith('.qcow2') ? sandbox.path(word) : word)),
  );
