/** `run`, `record` and `replay` of a session print the same output and end in the same state.
 *
 * A replay can reach any position, and changes no file.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, suite, test, type TestContext } from 'node:test';
import { driveText, type Outcome, type Session, type Summary, Sandbox } from '../support/cli.ts';
import { guest, SESSION } from '../support/guests.ts';
import { SeededRandom } from '../support/seededRandom.ts';
import { longTest, some } from '../support/extent.ts';

interface SessionCase {
  name: string;
  /** Creates the session's files. */
  prepare: (sandbox: Sandbox) => Session | Promise<Session>;
  /** Files that must not change while recording. */
  bases: string[];
  /** Files that the session creates in addition to the recording file. */
  leaves: string[];
}

const MIB = 1 << 20;

const SESSIONS: SessionCase[] = [
  {
    name: 'two drives with an overlay each',
    prepare: (sandbox) => ({
      kernel: guest('small/twodisk'),
      drives: [
        { image: sandbox.disk('a.img', 4 * MIB), overlay: 'overlays/a.qcow2' },
        { image: sandbox.disk('b.img', MIB), overlay: 'overlays/b.qcow2' },
      ],
    }),
    bases: ['a.img', 'b.img'],
    leaves: ['overlays', 'overlays/a.qcow2', 'overlays/b.qcow2'],
  },
  {
    name: 'the demo on an overlay',
    prepare: (sandbox) => ({
      kernel: guest('demo/demo'),
      drives: [{ image: sandbox.disk('disk.img'), overlay: 'hd0.qcow2' }],
    }),
    bases: ['disk.img'],
    leaves: ['hd0.qcow2'],
  },
  {
    name: 'the demo on a temporary overlay',
    prepare: (sandbox) => ({ kernel: guest('demo/demo'), drives: [{ image: sandbox.disk('disk.img') }] }),
    bases: ['disk.img'],
    leaves: [],
  },
  {
    name: 'the demo on a qcow2 base that itself has a base',
    prepare: async (sandbox) => {
      const drive = { image: sandbox.disk('disk.img'), overlay: 'base.qcow2' };
      await sandbox.record({ kernel: guest('demo/demo'), drives: [drive], rrfile: 'base.rr' });
      return {
        kernel: guest('demo/demo'),
        drives: [{ image: 'base.qcow2', format: 'qcow2', overlay: 'hd0.qcow2' }],
      };
    },
    bases: ['disk.img', 'base.qcow2', 'base.rr'],
    leaves: ['hd0.qcow2'],
  },
  {
    name: 'a kernel with processes and a session typed on its console',
    prepare: (sandbox) => ({
      kernel: guest('kernel/oslet'),
      drives: [{ image: sandbox.disk('disk.img'), overlay: 'hd0.qcow2' }],
      stdin: SESSION,
      options: ['--memory', '64M', '--append', 'quiet', '--rrsnapshot', 'before boot'],
    }),
    bases: ['disk.img'],
    leaves: ['hd0.qcow2'],
  },
  {
    name: 'a kernel on a read-only drive',
    prepare: (sandbox) => ({
      kernel: guest('kernel/oslet'),
      drives: [{ image: sandbox.disk('disk.img', 4 * MIB, 'sacred'), readOnly: true }],
      stdin: sandbox.write('typed', 'readblk 0\nwriteblk 0 spoilt\nreadblk 0\nsum 64\npoweroff\n'),
    }),
    bases: ['disk.img'],
    leaves: ['a.rr.qcow2'],
  },
  {
    name: 'two drives, the second on a temporary overlay',
    prepare: (sandbox) => ({
      kernel: guest('small/twodisk'),
      drives: [{ image: sandbox.disk('a.img', 4 * MIB), overlay: 'a.qcow2' }, { image: sandbox.disk('b.img', MIB) }],
    }),
    bases: ['a.img', 'b.img'],
    leaves: ['a.qcow2'],
  },
  {
    name: 'two drives, the first on a temporary overlay',
    prepare: (sandbox) => ({
      kernel: guest('small/twodisk'),
      drives: [{ image: sandbox.disk('a.img', 4 * MIB) }, { image: sandbox.disk('b.img', MIB), overlay: 'b.qcow2' }],
    }),
    bases: ['a.img', 'b.img'],
    leaves: ['b.qcow2'],
  },
  {
    name: 'two drives with swapped slots',
    prepare: (sandbox) => ({
      kernel: guest('small/twodisk'),
      drives: [
        { image: sandbox.disk('b.img', MIB), overlay: 'b.qcow2', slot: 1 },
        { image: sandbox.disk('a.img', 4 * MIB), overlay: 'a.qcow2', slot: 0 },
      ],
    }),
    bases: ['a.img', 'b.img'],
    leaves: ['a.qcow2', 'b.qcow2'],
  },
  {
    name: 'a guest that resets its machine',
    prepare: (sandbox) => ({
      kernel: guest('small/reset'),
      drives: [{ image: sandbox.disk('disk.img', 4 * MIB), overlay: 'hd0.qcow2' }],
    }),
    bases: ['disk.img'],
    leaves: ['hd0.qcow2'],
  },
  {
    name: 'timers and no drive',
    prepare: () => ({ kernel: guest('small/timer') }),
    bases: [],
    leaves: ['a.rr.qcow2'],
  },
  {
    name: 'a guest that is halted forever',
    prepare: () => ({ kernel: guest('small/stuck') }),
    bases: [],
    leaves: ['a.rr.qcow2'],
  },
];

suite('run, record and replay agree', { concurrency: 2 }, () => {
  for (const story of some(SESSIONS, 1)) {
    test(story.name, async (t) => {
      const sandbox = new Sandbox(t);
      const session = await story.prepare(sandbox);
      const bases = sandbox.fingerprint();

      const ran = await sandbox.run(session);
      assert.deepEqual(sandbox.fingerprint(), bases, 'run leaves nothing behind');

      const recorded = await sandbox.record(session);
      assert.deepEqual(sandbox.fingerprint(Object.keys(bases)), bases, 'the bases stay unchanged');
      const kept = sandbox.fingerprint();
      assert.deepEqual(Object.keys(kept).sort(), [...Object.keys(bases), ...story.leaves, 'a.rr'].sort());

      const replayed = await sandbox.replay(session);
      assert.deepEqual(sandbox.fingerprint(), kept, 'replay changes nothing');

      sameRun(recorded, ran);
      sameRun(replayed, recorded);
      if (keepsSnapshots(session)) assert.deepEqual(replayed.summary.snapshots, recorded.summary.snapshots);
      for (const outcome of [ran, recorded, replayed]) hasAllFields(outcome.summary);
      assert.ok(recorded.summary.instructions > 0);
    });
  }

  longTest('a replay needs only the recording and the drives', async (t) => {
    const { sandbox, session, recorded } = await aRecording(t);
    const drive = driveText(session.drives[0]);
    sameRun(await sandbox.cli(['replay', '--rrfile', 'a.rr', '--drive', drive, '--json']), recorded);
  });

  longTest('two replays give the same result', async (t) => {
    const { sandbox, session } = await aRecording(t);
    const first = await sandbox.replay(session);
    sameRun(await sandbox.replay(session), first);
  });

  longTest('the recording and its files can be moved together', async (t) => {
    const { sandbox, session, recorded } = await aRecording(t);
    const other = new Sandbox(t);
    for (const name of Object.keys(sandbox.fingerprint())) other.write(name, sandbox.read(name));
    sameRun(await other.replay(session), recorded);
  });

  longTest('a recording still replays when its kernel has been rebuilt or is missing', async (t) => {
    const sandbox = new Sandbox(t);
    sandbox.write('kernel.elf', fs.readFileSync(guest('small/timer')));
    const session = { kernel: 'kernel.elf' };
    const recorded = await sandbox.record(session);
    sandbox.write('kernel.elf', fs.readFileSync(guest('small/hello')));
    sameRun(await sandbox.replay(session), recorded);
  });
});

suite('--stop-at', { concurrency: 2 }, () => {
  for (const story of some(SESSIONS, 1)) {
    test(`${story.name}: the state at any position is the same in run, record and replay`, async (t) => {
      const random = SeededRandom.forTest(t);
      const sandbox = new Sandbox(t);
      const session = await story.prepare(sandbox);
      const { position: last } = (await sandbox.record(session)).summary;
      for (const position of some([1 + random.below(last - 1), 1 + random.below(last - 1)], 1)) {
        const stopAt = ['--stop-at', String(position)];
        const replayed = await sandbox.replay(session, ...stopAt);
        assert.equal(replayed.ended(0, 'stopAt').position, position);
        sameRun(replayed, await sandbox.run(session, ...stopAt));
      }
    });
  }

  longTest('a stopped recording replays to its end and to any position before it', async (t) => {
    const sandbox = new Sandbox(t);
    const session = { kernel: guest('demo/demo'), drives: [{ image: sandbox.disk('disk.img'), overlay: 'hd0.qcow2' }] };
    const recorded = await sandbox.record(session, '--stop-at', '40_000_000');
    const end = recorded.ended(0, 'stopAt');
    assert.equal(end.position, 40_000_000);
    assert.equal(end.guestExit, null);

    const toItsEnd = await sandbox.replay(session);
    toItsEnd.ended(0, 'endOfRecording');
    sameState(toItsEnd, recorded);
    (await sandbox.replay(session, '--stop-at', '90000000')).ended(0, 'endOfRecording');

    const there = await sandbox.replay(session, '--stop-at', '39999999');
    assert.equal(there.ended(0, 'stopAt').position, 39_999_999);
    assert.notEqual(there.summary.digest, end.digest);
  });

  longTest('--stop-at accepts power-on, the step before the end, the end, and a position past the end', async (t) => {
    const sandbox = new Sandbox(t);
    const session = { kernel: guest('small/timer') };
    const last = (await sandbox.record(session)).ended(0, 'powerOff').position;
    const cases = [
      [0, 'stopAt', 0],
      [1, 'stopAt', 1],
      [last, 'powerOff', last],
      [last + 1, 'powerOff', last],
      [last - 1, 'stopAt', last - 1],
    ] as const;
    for (const [at, reason, position] of some(cases, 2)) {
      const stopAt = ['--stop-at', String(at)];
      const ran = await sandbox.run(session, ...stopAt);
      assert.equal(ran.ended(0, reason).position, position);
      sameRun(await sandbox.replay(session, ...stopAt), ran);
      sameRun(await sandbox.record({ ...session, rrfile: `${at}.rr` }, ...stopAt), ran);
    }
  });
});

suite('info', () => {
  test('info prints the contents of a recording as readable text', async (t) => {
    const { sandbox, recorded } = await aRecording(t);
    const { status, console, stderr } = await sandbox.cli(['info', 'a.rr']);
    assert.equal(status, 0);
    assert.equal(stderr, '');
    assert.match(console, /^a\.rr: recorded by blkreplay \d+\.\d+\.\d+, format 6\n/);
    assert.match(console, /\n {2}machine +virt, 1 hart, 128 MiB, rv64imafdc/);
    assert.match(console, /\n {2}kernel +\S*demo\.elf \(\d+ bytes, in the recording\)\n/);
    assert.match(console, /\n {2}drive +hd0: disk\.img \(raw, 4194304 bytes\), overlay hd0\.qcow2, slot 0, modern\n/);
    assert.match(console, new RegExp(`\\n  positions +0 to ${recorded.summary.position}\\n`));
    assert.match(console, /\n {2}end +guestFailed\n/);
    assert.match(console, /\n {2}snapshots +replay_init, auto-16777216, auto-33554432/);
    assert.match(console, /\n {2}log +.*\d+ blockRequest, \d+ blockCompletion/);
  });

  test('info --json prints the same information as JSON', async (t) => {
    const { sandbox, recorded } = await aRecording(t);
    const { status, console } = await sandbox.cli(['info', 'a.rr', '--json']);
    assert.equal(status, 0);
    const info = JSON.parse(console);
    const { position, snapshots } = recorded.summary;
    assert.equal(info.formatVersion, 6);
    assert.deepEqual(info.machine.memoryBytes, 128 * MIB);
    assert.equal(info.complete, true);
    assert.equal(info.lastPosition, position);
    assert.deepEqual(info.end, { reason: 'guestFailed', guestExit: 1 });
    type Listed = { name: string; position: number; date: string; isAutomatic: boolean; stateBytes: number };
    const listed = info.snapshots as Listed[];
    assert.deepEqual(
      listed.map(({ name, position }) => ({ name, position })),
      snapshots,
    );
    assert.deepEqual(
      listed.map(({ isAutomatic }) => isAutomatic),
      snapshots.map(({ name }) => name !== 'replay_init'),
    );
    assert.ok(listed.every(({ date, stateBytes }) => !Number.isNaN(Date.parse(date)) && stateBytes > 128 * MIB));
    assert.equal(info.entries.snapshot, snapshots.length);
    assert.equal(info.entries.digest, snapshots.length + 1, 'one at each snapshot and one at the end');
    assert.equal(info.entries.blockRequest, info.entries.blockCompletion);
    const [drive] = info.drives;
    assert.match(drive.contentDigest, /^[0-9a-f]{16}$/);
    assert.equal(drive.overlay, 'hd0.qcow2');
    const lengthOf = (file: string) => fs.statSync(path.resolve(sandbox.folder, file)).size;
    assert.deepEqual(
      drive.chain.map(({ file, format, fileBytes, virtualBytes }: Record<string, unknown>) => [
        format,
        virtualBytes,
        fileBytes === lengthOf(file as string),
      ]),
      [
        ['qcow2', 4 * MIB, true],
        ['raw', 4 * MIB, true],
      ],
    );
    assert.deepEqual([info.rrfile, info.stateFile, drive.isReadOnly, drive.isTemporary], ['a.rr', null, false, false]);
  });

  test('info changes no files', async (t) => {
    const { sandbox } = await aRecording(t);
    const before = sandbox.fingerprint();
    await sandbox.cli(['info', 'a.rr']);
    assert.deepEqual(sandbox.fingerprint(), before);
  });
});

/** The demo with an overlay is recorded once, and copied for each test. */
const DEMO_SESSION = { kernel: guest('demo/demo'), drives: [{ image: 'disk.img', overlay: 'hd0.qcow2' }] };
const original = new Sandbox({ after });
original.disk('disk.img');
let recording: Promise<Outcome> | undefined;

async function aRecording(t: TestContext) {
  recording ??= original.record(DEMO_SESSION);
  const recorded = await recording;
  return { sandbox: original.copy(t), session: DEMO_SESSION, recorded };
}

/** The machine state is in the first writable drive's overlay. */
function keepsSnapshots({ drives = [] }: Session): boolean {
  const writable = drives.filter(({ readOnly }) => !readOnly);
  return writable.length === 0 || writable[0].overlay !== undefined;
}

/** Checks that both sessions printed the same output, ended in the same way and reached the same state. */
function sameRun(one: Outcome, other: Outcome): void {
  assert.equal(one.console, other.console);
  assert.equal(one.status, other.status, one.stderr);
  assert.equal(one.summary.reason, other.summary.reason);
  assert.equal(one.summary.guestExit, other.summary.guestExit);
  sameState(one, other);
}

function sameState(one: Outcome, other: Outcome): void {
  const stateOf = ({ summary: { position, instructions, digest } }: Outcome) => ({ position, instructions, digest });
  assert.deepEqual(stateOf(one), stateOf(other));
}

function hasAllFields(summary: Summary): void {
  assert.deepEqual(Object.keys(summary), [
    ...['position', 'instructions', 'seconds', 'mips', 'reason', 'digest', 'snapshots', 'guestExit'],
  ]);
  const { position, instructions, seconds, mips, reason, digest, snapshots, guestExit } = summary;
  for (const count of [position, instructions]) assert.ok(Number.isSafeInteger(count) && count >= 0);
  for (const measure of [seconds, mips]) assert.ok(Number.isFinite(measure) && measure >= 0);
  assert.equal(typeof reason, 'string');
  assert.match(digest, /^[0-9a-f]{16}$/);
  for (const snapshot of snapshots) {
    assert.equal(typeof snapshot.name, 'string');
    assert.ok(Number.isSafeInteger(snapshot.position));
  }
  assert.ok(guestExit === null || Number.isSafeInteger(guestExit));
}
