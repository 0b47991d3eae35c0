/** A user's own qcow2 image takes snapshots when --rrsnapshot is given and there is no overlay. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test, type TestContext } from 'node:test';
import { type Session, Workplace } from '../support/cli.ts';
import { guest } from '../support/guests.ts';
import { requireTool, runTool } from '../support/tools.ts';

const MIB = 1 << 20;
const DEMO: Session = { kernel: guest('demo/demo'), drives: [{ image: 'mine.qcow2', format: 'qcow2' }] };
const named = (rrsnapshot: string, session = DEMO): Session => ({
  ...session,
  rrfile: `${rrsnapshot}.rr`,
  options: ['--rrsnapshot', rrsnapshot],
});

test('one image takes the snapshots of several recordings, each recording replays, and qemu-img agrees', async (t) => {
  if (!requireTool('qemu-img', t) || !requireTool('qemu-io', t)) return;
  const place = withImage(t);
  qemuImg(place, 'snapshot', '-c', 'precious', 'mine.qcow2');
  const before = contents(place);
  const first = (await place.record(named('one'))).summary;
  const afterFirst = contents(place);
  assert.ok(!afterFirst.equals(before), 'the guest wrote to the image');
  // The second run starts from the disk that the first one left, the third from the disk that the first one started
  // with.
  const second = (await place.record(named('two'))).summary;
  assert.notEqual(second.digest, first.digest);
  const applied = await place.cli(['snapshot', 'apply', 'mine.qcow2', 'one', '--yes']);
  assert.equal(applied.status, 0, applied.stderr);
  assert.ok(contents(place).equals(before));
  const third = (await place.record(named('three'))).summary;
  assert.deepEqual([third.position, third.digest], [first.position, first.digest], 'the same run again');
  qemuImg(place, 'check', 'mine.qcow2');
  const names = snapshotNames(place);
  for (const name of ['precious', 'one', 'two', 'three']) assert.equal(names.filter((each) => each === name).length, 1);
  assert.equal(new Set(names).size, names.length, 'one entry per name');

  const untouched = place.fingerprint();
  for (const [rrsnapshot, recorded] of Object.entries({ one: first, two: second, three: third })) {
    for (const session of [named(rrsnapshot), { ...named(rrsnapshot), options: [] }]) {
      const { position, digest, snapshots } = (await place.replay(session)).summary;
      assert.deepEqual([position, digest], [recorded.position, recorded.digest], rrsnapshot);
      assert.ok(
        snapshots.every(({ name }) => name === rrsnapshot || /^auto-/.test(name)),
        'only its own snapshots',
      );
    }
  }
  assert.deepEqual(place.fingerprint(), untouched);
  assert.ok(contents(place, 'precious').equals(before));
  assert.ok(contents(place).equals(afterFirst));
});

test('without --rrsnapshot, or with an overlay, the image is not changed', async (t) => {
  if (!requireTool('qemu-img', t) || !requireTool('qemu-io', t)) return;
  const place = withImage(t);
  const before = place.fingerprint(['mine.qcow2', 'base.img']);
  await place.record(DEMO);
  assert.deepEqual(place.fingerprint(['mine.qcow2', 'base.img']), before);
  await place.record(named('one', { ...DEMO, drives: [{ ...DEMO.drives![0], overlay: 'o.qcow2' }] }));
  await place.run(named('two'));
  assert.deepEqual(place.fingerprint(['mine.qcow2', 'base.img']), before);
});

test('an existing snapshot name in the image is refused, and replaced with --overwrite', async (t) => {
  if (!requireTool('qemu-img', t) || !requireTool('qemu-io', t)) return;
  const place = withImage(t);
  // QEMU permits two snapshots of one name; here a name is unique.
  for (let i = 0; i < 2; i++) qemuImg(place, 'snapshot', '-c', 'one', 'mine.qcow2');
  const before = place.fingerprint(['mine.qcow2']);
  assert.equal((await place.record(named('one'))).refused(2).code, 'snapshot-exists');
  assert.ok(!place.exists('one.rr'), 'nothing is created');
  assert.deepEqual(place.fingerprint(['mine.qcow2']), before);
  const { digest } = (await place.record(named('one'), '--overwrite')).summary;
  assert.equal((await place.replay(named('one'))).summary.digest, digest);
  assert.equal(snapshotNames(place).filter((name) => name === 'one').length, 1);
  qemuImg(place, 'check', 'mine.qcow2');
});

test('two drives share a snapshot: one in the user’s image and one in an overlay', async (t) => {
  if (!requireTool('qemu-img', t) || !requireTool('qemu-io', t)) return;
  const place = withImage(t);
  place.disk('second.img', MIB);
  const [mine, other] = [
    { image: 'mine.qcow2', format: 'qcow2' as const },
    { image: 'second.img', overlay: 'b.qcow2' },
  ];
  for (const [rrsnapshot, drives] of Object.entries({ ab: [mine, other], ba: [other, mine] })) {
    const session = named(rrsnapshot, { kernel: guest('small/twodisk'), drives });
    qemuImg(place, 'snapshot', '-c', `precious ${rrsnapshot}`, 'mine.qcow2');
    const recorded = (await place.record(session, '--overwrite')).summary;
    assert.equal((await place.replay(session)).summary.digest, recorded.digest, rrsnapshot);
    assert.ok(snapshotNames(place).includes(`precious ${rrsnapshot}`));
    for (const file of ['mine.qcow2', 'b.qcow2']) qemuImg(place, 'check', file);
  }
});

test('it is refused for two drives on one image, and for a read-only image', async (t) => {
  if (!requireTool('qemu-img', t) || !requireTool('qemu-io', t)) return;
  const place = withImage(t);
  const before = place.fingerprint();
  const twice = [DEMO.drives![0], { ...DEMO.drives![0], id: 'hd1' }];
  assert.equal((await place.record(named('one', { ...DEMO, drives: twice }))).refused(2).code, 'overlay-is-image');
  qemuImg(place, 'create', '-q', '-f', 'qcow2', '-o', 'refcount_bits=1', 'narrow.qcow2', '4M');
  const narrow = named('one', { ...DEMO, drives: [{ image: 'narrow.qcow2', format: 'qcow2' }] });
  assert.equal((await place.record(narrow)).refused(2).code, 'refcounts-too-narrow');
  assert.deepEqual(place.fingerprint(Object.keys(before)), before);
});

test('a machine state saved by QEMU is listed as foreign, kept, and never loaded', async (t) => {
  if (!requireTool('qemu-img', t) || !requireTool('qemu-io', t) || !requireTool('qemu-system-riscv64', t)) return;
  const place = withImage(t);
  const machine = ['-M', 'virt', '-m', '16M', '-display', 'none', '-S', '-bios', 'none', '-serial', 'none'];
  const drive = ['-drive', `if=none,id=d,format=qcow2,file=${place.path('mine.qcow2')}`];
  const device = ['-device', 'virtio-blk-device,drive=d', '-monitor', 'stdio'];
  execFileSync('qemu-system-riscv64', [...machine, ...drive, ...device], {
    input: 'savevm theirs\nquit\n',
    stdio: 'pipe',
  });
  const list = async () =>
    JSON.parse((await place.cli(['snapshot', 'list', 'mine.qcow2', '--json'])).console) as Record<string, unknown>[];
  assert.deepEqual(
    (await list()).map(({ name, state }) => [name, state]),
    [['theirs', 'foreign']],
  );
  const { digest } = (await place.record(named('one'))).summary;
  assert.equal((await place.replay(named('one'))).summary.digest, digest);
  assert.equal(
    (await place.replay({ ...named('one'), options: ['--rrsnapshot', 'theirs'] })).refused(2).code,
    'snapshot-foreign',
  );
  assert.ok((await list()).some(({ name, state }) => name === 'theirs' && state === 'foreign'));
  qemuImg(place, 'check', 'mine.qcow2');
});

test('it is packed with its backing files, and replays elsewhere', async (t) => {
  if (!requireTool('qemu-img', t) || !requireTool('qemu-io', t)) return;
  const source = withImage(t);
  const { digest } = (await source.record(named('one'))).summary;
  assert.equal((await source.cli(['pack', 'one.rr', '--into', 'all.pack'])).status, 0);
  const place = new Workplace(t);
  place.write('all.pack', source.read('all.pack'));
  const { console } = await place.cli(['unpack', 'all.pack', '--into', 'there', '--json']);
  const { rrfile, drives } = JSON.parse(console) as { rrfile: string; drives: { image: string; format: 'qcow2' }[] };
  const replayed = await place.replay({ ...DEMO, rrfile, drives: [{ image: drives[0].image, format: 'qcow2' }] });
  assert.equal(replayed.summary.digest, digest);
});

/** As made by a user with qemu-img: clusters of 64 KiB, a backing file, some data, some discarded. */
function withImage(t: TestContext): Workplace {
  const place = new Workplace(t);
  place.write('base.img', new Uint8Array(4 * MIB));
  runTool('qemu-img', ['create', '-q', '-f', 'qcow2', '-b', 'base.img', '-F', 'raw', place.path('mine.qcow2')]);
  runTool('qemu-io', ['-c', 'write -P 1 3M 300k', '-c', 'discard 3100k 64k', place.path('mine.qcow2')]);
  return place;
}

function snapshotNames(place: Workplace): string[] {
  const info = runTool('qemu-img', ['info', '--output=json', place.path('mine.qcow2')]);
  return (JSON.parse(info) as { snapshots: { name: string }[] }).snapshots.map(({ name }) => name);
}

function contents(place: Workplace, snapshot?: string): Buffer {
  const options = snapshot === undefined ? [] : ['-l', `snapshot.name=${snapshot}`];
  runTool('qemu-img', ['convert', ...options, '-O', 'raw', place.path('mine.qcow2'), place.path('contents.tmp')]);
  return place.read('contents.tmp');
}

const qemuImg = (place: Workplace, ...args: string[]): string =>
  runTool(
    'qemu-img',
    args.map((word) => (word.endsWith('.qcow2') ? place.path(word) : word)),
  );
