/** The snapshot, dump, pack and unpack commands work on closed recordings and keep them replayable. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { after, before, suite, test } from 'node:test';
import { xxh64 } from '../../debug-adapter/engine/base/xxhash64.ts';
import { type DriveSpec, type Outcome, type Session, type Summary, Sandbox } from '../support/cli.ts';
import { guest } from '../support/guests.ts';
import { changeOverlay } from '../support/overlays.ts';
import { entriesOf } from '../support/recordings.ts';
import { requireTool, runTool } from '../support/tools.ts';

const MIB = 1 << 20;
const recorded = new Sandbox({ after });

const DEMO: Session = {
  kernel: guest('demo/demo'),
  drives: [{ image: 'disk.img', overlay: 'overlays/hd0.qcow2' }],
  rrfile: 'demo.rr',
};
const TWO: Session = {
  kernel: guest('small/twodisk'),
  drives: [
    { image: 'chain.qcow2', format: 'qcow2', overlay: 'a.qcow2' },
    { image: 'second.img', overlay: 'b.qcow2' },
  ],
  rrfile: 'two.rr',
};
const TIMER: Session = { kernel: guest('small/timer'), rrfile: 'timer.rr' };

const summaries = new Map<Session, Summary>();
before(async () => {
  recorded.disk('disk.img', 4 * MIB);
  recorded.disk('root.img', 4 * MIB, 'sacred');
  recorded.disk('second.img', MIB);
  await recorded.cli(['overlay', 'create', 'chain.qcow2', '--base', 'root.img', '--format', 'raw']);
  for (const session of [DEMO, TWO, TIMER]) summaries.set(session, (await recorded.record(session)).summary);
});

test('a pack of drives whose ids differ only in case can be unpacked', async (t) => {
  const sandbox = recorded.copy(t);
  const session: Session = {
    kernel: guest('small/twodisk'),
    drives: [
      { id: 'hd', image: 'root.img', overlay: 'one.qcow2' },
      { id: 'HD', image: 'second.img', overlay: 'two.qcow2' },
    ],
    rrfile: 'case.rr',
  };
  const { digest } = (await sandbox.record(session)).summary;
  const packed = await sandbox.cli(['pack', 'case.rr', '--into', 'case.pack']);
  assert.equal(packed.status, 0, packed.stderr);
  const unpacked = await sandbox.cli(['unpack', 'case.pack', '--into', 'out', '--json']);
  assert.equal(unpacked.status, 0, unpacked.stderr);
  const { rrfile, drives } = JSON.parse(unpacked.console) as { rrfile: string; drives: DriveSpec[] };
  assert.equal((await sandbox.replay({ ...session, rrfile, drives })).summary.digest, digest);
});

suite('snapshots of closed recordings', () => {
  test('--stop-at before the start snapshot is rejected', async (t) => {
    const sandbox = recorded.copy(t);
    await sandbox.cli(['snapshot', 'rename', 'demo.rr', 'auto-16777216', 'here']);
    const { code, message } = (await sandbox.replay(DEMO, '--rrsnapshot', 'here', '--stop-at', '16777215')).refused(2);
    assert.equal(code, 'stop-before-start', message);
    assert.match(message, /^--stop-at 16777215 is before position 16777216, where this replay starts\. Pass a later/);
    (await sandbox.replay(DEMO, '--rrsnapshot', 'here', '--stop-at', '16777216')).ended(0, 'stopAt');
  });

  test('a snapshot past the end of its recording is listed as such and can be deleted', async (t) => {
    const sandbox = recorded.copy(t);
    changeOverlay(sandbox, 'a.qcow2', (image) => {
      const [first] = image.snapshots.list;
      image.snapshots.createFrom(first.name, { ...first, id: undefined, name: 'late', icount: 10 ** 9 }, () => {});
    });
    const { console: listed } = await sandbox.cli(['snapshot', 'list', 'two.rr']);
    assert.match(
      listed,
      /^"late", position 1000000000, .*, past the end of the recording, so no replay can start from it$/m,
    );
    const before = JSON.parse((await sandbox.cli(['info', 'two.rr', '--json'])).console) as Summary;
    assert.ok(before.snapshots.every(({ name }) => name !== 'late'));
    assert.equal((await sandbox.cli(['snapshot', 'delete', 'two.rr', 'late'])).status, 0);
    assert.doesNotMatch((await sandbox.cli(['snapshot', 'list', 'two.rr'])).console, /late/);
  });

  test('snapshot list shows the same snapshots as qemu-img, for a recording and for a single overlay', async (t) => {
    if (!requireTool('qemu-img', t)) return;
    const files = [
      ['demo.rr', 'overlays/hd0.qcow2'],
      ['overlays/hd0.qcow2', 'overlays/hd0.qcow2'],
      ['two.rr', 'a.qcow2'],
      ['timer.rr', 'timer.rr.qcow2'],
    ];
    for (const [file, overlay] of files) {
      const ours = await list(recorded, file);
      const theirs = infoOf(recorded, overlay).snapshots;
      assert.deepEqual(
        ours.map(({ name, position, stateBytes }) => [name, position, stateBytes]),
        theirs.map((one) => [one.name, one.icount, one['vm-state-size']]),
      );
      for (const { state } of ours) assert.equal(state, 'ours');
    }
    assert.match(
      (await does(recorded, 'snapshot list demo.rr')).console,
      /^"replay_init", position 0, .* machine state$/m,
    );
  });

  test('snapshot rename and delete change the overlays of all drives, and replays continue to work', async (t) => {
    const sandbox = recorded.copy(t);
    const [first, second, third] = (await list(sandbox, 'demo.rr')).map(({ name }) => name);
    await does(sandbox, `snapshot rename demo.rr ${second} mine`);
    await does(sandbox, `snapshot delete demo.rr ${third}`);
    const names = (await list(sandbox, 'demo.rr')).map(({ name }) => name);
    assert.deepEqual(names.slice(0, 2), [first, 'mine']);
    assert.ok(!names.includes(third));
    replayed(await sandbox.replay(DEMO), DEMO);
    replayed(await sandbox.replay({ ...DEMO, options: ['--rrsnapshot', 'mine'] }), DEMO);
    assert.match((await does(sandbox, 'overlay check overlays/hd0.qcow2')).console, /has no errors\.$/m);
  });

  test('snapshot delete asks for confirmation if it would prevent replay or lose data; with --yes it affects every drive', async (t) => {
    const sandbox = recorded.copy(t);
    const before = sandbox.fingerprint();
    const asks: [string, RegExp][] = [
      [
        'snapshot delete two.rr replay_init',
        /Replays of two\.rr start from the snapshot "replay_init" .* once it is deleted\. Pass --yes/,
      ],
      ['snapshot rename two.rr replay_init other', /once it is renamed\. Pass --yes/],
      ['snapshot apply two.rr replay_init', /replaces the current disk content of a\.qcow2 and b\.qcow2/],
      ['snapshot delete a.qcow2 replay_init', /Replays of a\.qcow2 start from/],
      [
        'overlay commit a.qcow2',
        /^a\.qcow2 contains the snapshots that replays of a recording start from\. Committing the overlay .* can no longer be replayed/,
      ],
      ['overlay discard a.qcow2', /can no longer be replayed\. Pass --yes/],
    ];
    for (const [words, says] of asks) {
      const { message, code } = (await sandbox.cli([...words.split(' '), '--json'])).refused(2);
      assert.equal(code, 'confirmation-needed', words);
      assert.match(message, says);
    }
    assert.deepEqual(sandbox.fingerprint(), before);
    await does(sandbox, 'snapshot delete two.rr replay_init --yes');
    for (const overlay of ['a.qcow2', 'b.qcow2']) {
      assert.ok(!(await list(sandbox, overlay)).some(({ name }) => name === 'replay_init'), overlay);
    }
    assert.equal((await sandbox.replay(TWO)).refused(2).code, 'snapshot-not-in-overlay');
  });

  test('snapshot apply restores every drive to the snapshot, and the recording still replays', async (t) => {
    if (!requireTool('qemu-img', t)) return;
    const sandbox = recorded.copy(t);
    await does(sandbox, 'snapshot apply two.rr replay_init --yes');
    for (const [overlay, base, format] of [
      ['a.qcow2', 'chain.qcow2', 'qcow2'],
      ['b.qcow2', 'second.img', 'raw'],
    ]) {
      runTool('qemu-img', ['check', sandbox.path(overlay)]);
      runTool('qemu-img', ['compare', '-F', format, sandbox.path(overlay), sandbox.path(base)]);
    }
    replayed(await sandbox.replay(TWO), TWO);
  });

  test('unknown names, names already in use and missing files are rejected', async (t) => {
    const sandbox = recorded.copy(t);
    const refused = async (words: string, code: string) =>
      assert.equal((await sandbox.cli([...words.split(' '), '--json'])).refused(2).code, code, words);
    await refused('snapshot delete demo.rr nothing', 'snapshot-unknown');
    await refused('snapshot apply demo.rr nothing --yes', 'snapshot-unknown');
    await refused('snapshot rename demo.rr auto-16777216 replay_init', 'snapshot-name-taken');
    await refused('snapshot rename demo.rr auto-16777216 auto-7', 'cli-option-bad-value');
    await refused('snapshot list gone.rr', 'file-missing');
    await refused('snapshot list disk.img', 'image-not-qcow2');
    await refused('snapshot rename demo.rr one', 'cli-argument-missing');
    await refused('snapshot', 'cli-command-unknown');
    fs.rmSync(sandbox.path('b.qcow2'));
    await refused('snapshot delete two.rr replay_init --yes', 'file-missing');
  });
});

suite('dump', () => {
  test('dump prints a line for each entry, starting with its position', async () => {
    const entries = entriesOf(recorded, 'two.rr');
    const lines = (await does(recorded, 'dump two.rr')).console.trimEnd().split('\n');
    const shown = lines.filter((line) => !/^\d+ {2}reached/.test(line));
    assert.equal(shown.length, entries.length);
    shown.forEach((line, i) => assert.equal(Number(/^(\d+) {2}\S/.exec(line)![1]), entries[i].position, line));
    assert.match(lines.join('\n'), /^\d+ {2}drive hd1 request \d+: write of \d+ bytes at sector \d+$/m);
    assert.match(lines.join('\n'), /^\d+ {2}drive hd0 request 0 done: ok, data [0-9a-f]{16}$/m);
    assert.match(lines.join('\n'), /^0 {2}snapshot "replay_init"$/m);
    assert.match(lines.at(-1)!, /^\d+ {2}end: powerOff, guest exit 0$/);
  });

  test('dump filters by position, kind and drive, and prints the same entries as JSON', async () => {
    const { position } = summaries.get(TWO)!;
    const half = Math.floor(position / 2);
    const { console } = await does(
      recorded,
      `dump two.rr --from ${half} --kind blockRequest,end --drive-id hd1 --json`,
    );
    const lines = console
      .trimEnd()
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as { position: number });
    const wanted = entriesOf(recorded, 'two.rr').filter(
      (entry) => entry.position >= half && entry.kind === 'blockRequest' && entry.drive === 'hd1',
    );
    assert.deepEqual(lines, wanted);
    const upTo = (await does(recorded, `dump two.rr --to ${half} --kind blockCompletion`)).console
      .trimEnd()
      .split('\n');
    for (const line of upTo.filter(Boolean)) assert.ok(Number.parseInt(line, 10) <= half && / done: /.test(line), line);
    const bad = await recorded.cli(['dump', 'two.rr', '--kind', 'interrupt', '--json']);
    assert.match(
      bad.refused(2).message,
      /Invalid value "interrupt" for --kind: expected a comma-separated list of consoleInput,/,
    );
  });

  test('a failed guest request is logged with its result, and fails again in the replay', async (t) => {
    const sandbox = new Sandbox(t);
    sandbox.disk('disk.img', 4 * MIB);
    const session: Session = { kernel: guest('small/blkerr'), drives: [{ image: 'disk.img', overlay: 'o.qcow2' }] };
    const { digest } = (await sandbox.record(session)).summary;
    const { console } = await does(sandbox, 'dump a.rr --kind blockCompletion');
    assert.match(console, /^\d+ {2}drive hd0 request \d+ done: ioError$/m);
    assert.equal((await sandbox.replay(session)).summary.digest, digest);
  });

  test('dump ends without a message when its output pipe closes early', async () => {
    const { status, stderr } = await recorded.cli(['dump', 'demo.rr'], {
      through: ['sh', '-c', '"$@" | head -1', 'sh'],
    });
    assert.deepEqual([status, stderr], [0, '']);
  });
});

suite('pack and unpack', () => {
  for (const [what, session] of [
    ['a drive', DEMO],
    ['two drives on a chain of images', TWO],
    ['no drive', TIMER],
  ] as const) {
    test(`a recording with ${what} replays from another folder with equal digests`, async (t) => {
      const source = recorded.copy(t);
      await does(source, `pack ${session.rrfile!} --into out/all.pack`);
      const sandbox = new Sandbox(t);
      sandbox.write('got.pack', source.read('out/all.pack'));
      fs.rmSync(source.folder, { recursive: true });
      const unpacked = JSON.parse(
        (await does(sandbox, 'unpack got.pack --into some/where --json')).console,
      ) as Unpacked;
      replayed(await sandbox.replay(sessionOf(session, unpacked)), session);
      if (!requireTool('qemu-img', t)) return;
      for (const drive of unpacked.drives) runTool('qemu-img', ['check', sandbox.path(drive.overlay!)]);
    });
  }

  test('unpack reports omitted base images with their digests, and accepts only images that match', async (t) => {
    const source = recorded.copy(t);
    await does(source, 'pack two.rr --into all.pack --without-bases');
    assert.ok(source.read('all.pack').length < MIB);
    const sandbox = new Sandbox(t);
    for (const name of ['all.pack', 'chain.qcow2', 'root.img', 'second.img', 'disk.img'])
      sandbox.write(name, source.read(name));
    const unpack = (...bases: string[]) =>
      sandbox.cli(['unpack', 'all.pack', '--into', 'here', '--json', ...bases.flatMap((base) => ['--base', base])]);
    const before = sandbox.fingerprint();
    const { message, code } = (await unpack('hd0=chain.qcow2')).refused(2);
    assert.equal(code, 'pack-base-needed');
    assert.match(
      message,
      /without the base image of drive hd1 \(second\.img, content digest [0-9a-f]{16}\)\. .*--base hd1=FILE/,
    );
    assert.equal((await unpack('hd0=chain.qcow2', 'hd1=disk.img')).refused(2).code, 'pack-base-other');
    assert.equal(
      (await unpack('hd0=chain.qcow2', 'hd1=second.img', 'hd7=disk.img')).refused(2).code,
      'pack-base-unknown',
    );
    assert.deepEqual(sandbox.fingerprint(), before);
    const unpacked = JSON.parse((await unpack('hd0=chain.qcow2', 'hd1=second.img')).console) as Unpacked;
    replayed(await sandbox.replay(sessionOf(TWO, unpacked)), TWO);
  });

  test('existing files are not overwritten, and a damaged pack is reported as such', async (t) => {
    const sandbox = recorded.copy(t);
    await does(sandbox, 'pack timer.rr --into all.pack');
    const refused = async (words: string, code: string) =>
      assert.equal((await sandbox.cli([...words.split(' '), '--json'])).refused(2).code, code, words);
    await refused('pack timer.rr --into all.pack', 'pack-target-exists');
    await refused('pack timer.rr --into timer.rr --overwrite', 'pack-target-exists');
    await does(sandbox, 'pack timer.rr --into all.pack --overwrite');
    await does(sandbox, 'unpack all.pack --into there');
    await refused('unpack all.pack --into there', 'pack-target-exists');
    await refused('unpack timer.rr --into other', 'pack-not-one');
    const { length } = sandbox.read('all.pack');
    for (const at of [30, 200, Math.floor(length / 2), length - 1]) {
      const whole = sandbox.read('all.pack');
      sandbox.write('bad.pack', whole);
      sandbox.flipByte('bad.pack', at);
      await refused('unpack bad.pack --into bad --overwrite', 'pack-damaged');
      sandbox.write('bad.pack', whole.subarray(0, at));
      await refused('unpack bad.pack --into bad --overwrite', 'pack-damaged');
    }
    for (const [version, code] of [
      [1, 'pack-past-version'],
      [9, 'pack-future-version'],
    ] as const) {
      const other = sandbox.read('all.pack');
      other.writeUInt32BE(version, 8);
      sandbox.write('other.pack', other);
      await refused('unpack other.pack --into other --overwrite', code);
    }
  });

  test('a pack whose file names point outside the folder is not unpacked', async (t) => {
    const sandbox = new Sandbox(t);
    const header = (name: string) => ({
      blkreplayVersion: '1',
      files: [{ name, lengthBytes: 0 }],
      rrfile: name,
      drives: [],
    });
    for (const name of ['../out.rr', '/tmp/out.rr', 'a/b.rr', '.hidden', '', 'con\u0000.rr']) {
      sandbox.write('evil.pack', packStart(header(name)));
      const before = sandbox.fingerprint();
      assert.equal(
        (await sandbox.cli(['unpack', 'evil.pack', '--into', 'in', '--json'])).refused(2).code,
        'pack-damaged',
      );
      assert.deepEqual(sandbox.fingerprint(), before);
    }
  });
});

/** Checks that the replay reaches the same end in the same state. */
function replayed({ summary }: Outcome, session: Session): void {
  const { position, reason, digest, guestExit } = summaries.get(session)!;
  assert.deepEqual([summary.position, summary.reason, summary.guestExit], [position, reason, guestExit]);
  assert.equal(summary.digest, digest);
}

interface Unpacked {
  rrfile: string;
  drives: { id: string; image: string; format: 'raw' | 'qcow2'; overlay: string | null; readOnly: boolean }[];
}

function sessionOf({ kernel }: Session, { rrfile, drives }: Unpacked): Session {
  const specs = drives.map((drive): DriveSpec => ({ ...drive, overlay: drive.overlay ?? undefined }));
  return { kernel, rrfile, drives: specs };
}

interface Listed {
  name: string;
  position: number | null;
  stateBytes: number;
  state: string;
  date: string;
}

async function list(sandbox: Sandbox, file: string): Promise<Listed[]> {
  return JSON.parse((await does(sandbox, `snapshot list ${file} --json`)).console) as Listed[];
}

async function does(sandbox: Sandbox, words: string) {
  const outcome = await sandbox.cli(words.split(' '));
  assert.equal(outcome.status, 0, outcome.stderr);
  return outcome;
}

function infoOf(sandbox: Sandbox, name: string) {
  const info = runTool('qemu-img', ['info', '--output=json', sandbox.path(name)]);
  return JSON.parse(info) as { snapshots: { name: string; icount: number; 'vm-state-size': number }[] };
}

/** The beginning of a pack: all bytes before the file data. */
function packStart(header: object): Buffer {
  const json = Buffer.from(JSON.stringify(header));
  const start = Buffer.alloc(24);
  start.write('BLKRPACK');
  start.writeUInt32BE(2, 8);
  start.writeUInt32BE(json.length, 12);
  start.writeBigUInt64BE(xxh64(json), 16);
  return Buffer.concat([start, json]);
}
