/** The command line and the debug adapter enforce the same rules for overlays and snapshots.
 *
 * Both reject the same sessions with the same sentence, except for the suggested remedy, and touch no file.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { after, before, suite, test, type TestContext } from 'node:test';
import { type DriveSpec, RNG_SEED, type Session, Sandbox } from '../support/cli.ts';
import { DapClient } from '../support/dapClient.ts';
import { guest } from '../support/guests.ts';
import { changeOverlay, makeOverlay } from '../support/overlays.ts';

interface Rule {
  what: string;
  /** Sets up the state in which both front ends reject the session. */
  trouble?: (sandbox: Sandbox) => void;
  rr: 'record' | 'replay';
  session: Session;
  /** The snapshot name, which is used in both the launch configuration and the command line. */
  rrsnapshot?: string;
  memory?: string;
  overwrite?: boolean;
  says: RegExp;
}

const MIB = 1 << 20;
const DRIVE: DriveSpec = { image: 'disk.img', overlay: 'hd0.qcow2' };
const DEMO: Session = { kernel: 'demo.elf', drives: [DRIVE] };
const withDrive = (drive: Partial<DriveSpec>): Session => ({ ...DEMO, drives: [{ ...DRIVE, ...drive }] });
const STOP_AT = ['--stop-at', '3_000_000'];

const RECORDING: Omit<Rule, 'rr'>[] = [
  {
    what: 'an existing overlay',
    trouble: (sandbox) => sandbox.write('hd0.qcow2', 'precious'),
    session: DEMO,
    says: /^hd0\.qcow2 already exists .*Specify another/,
  },
  {
    what: 'an existing recording',
    trouble: (sandbox) => sandbox.write('a.rr', 'precious'),
    session: DEMO,
    says: /^a\.rr already exists .*Specify another/,
  },
  {
    what: 'an existing state-only image',
    trouble: (sandbox) => sandbox.write('a.rr.qcow2', 'precious'),
    session: { ...DEMO, drives: [] },
    says: /^a\.rr\.qcow2 already exists /,
  },
  {
    what: 'an overlay that is the image',
    session: withDrive({ overlay: 'disk.img' }),
    overwrite: true,
    says: /disk\.img.* (are the same file|both as an overlay and)/,
  },
  {
    what: 'an overlay that is a link to the image',
    trouble: (sandbox) => fs.symlinkSync('disk.img', sandbox.path('link.qcow2')),
    session: withDrive({ overlay: 'link.qcow2' }),
    overwrite: true,
    says: /link\.qcow2.* (are the same file|both as an overlay and)/,
  },
  {
    what: 'an overlay that is the base of a qcow2 image',
    trouble: (sandbox) => makeOverlay(sandbox, 'on-disk.qcow2', 'disk.img'),
    session: withDrive({ image: 'on-disk.qcow2', format: 'qcow2', overlay: 'disk.img' }),
    overwrite: true,
    says: /^disk\.img /,
  },
  {
    what: 'an overlay that is the recording',
    session: withDrive({ overlay: 'a.rr' }),
    overwrite: true,
    says: /^a\.rr /,
  },
  {
    what: 'a recording that is the image',
    session: { ...DEMO, rrfile: 'disk.img' },
    overwrite: true,
    says: /^disk\.img .*Give the recording another name/,
  },
  {
    what: 'one overlay for two drives',
    trouble: (sandbox) => sandbox.disk('other.img', MIB),
    session: { ...DEMO, drives: [DRIVE, { image: 'other.img', overlay: 'hd0.qcow2' }] },
    says: /(the same overlay|both use the file "hd0\.qcow2")\. Give each drive its own/,
  },
  {
    what: 'an image that is not there',
    session: withDrive({ image: 'absent.img' }),
    says: /absent\.img does not exist/,
  },
  {
    what: 'a raw image given as qcow2',
    session: withDrive({ format: 'qcow2' }),
    says: /^disk\.img is not a qcow2 image/,
  },
  { what: 'a first snapshot named like an automatic one', session: DEMO, rrsnapshot: 'auto-1', says: /auto-/ },
  {
    what: 'a snapshot name that the user’s image already has',
    trouble: (sandbox) => makeOverlay(sandbox, 'mine.qcow2', 'disk.img', { snapshot: 'here' }),
    session: withDrive({ image: 'mine.qcow2', format: 'qcow2', overlay: undefined }),
    rrsnapshot: 'here',
    says: /mine\.qcow2 .*"here"/,
  },
];

const REPLAYING: Omit<Rule, 'rr'>[] = [
  {
    what: 'a changed base',
    trouble: (sandbox) => sandbox.flipByte('disk.img', 2 * MIB),
    session: DEMO,
    says: /^disk\.img \(drive hd0\) has changed since a\.rr was recorded\. Restore it/,
  },
  {
    what: 'a base that has grown',
    trouble: (sandbox) => sandbox.cut('disk.img', 5 * MIB),
    session: DEMO,
    says: /drive hd0: length: recorded 4194304 bytes, given 5242880 bytes/,
  },
  {
    what: 'a missing overlay',
    trouble: (sandbox) => fs.rmSync(sandbox.path('hd0.qcow2')),
    session: DEMO,
    says: /^hd0\.qcow2, the overlay of a\.rr, does not exist\. Restore it, or record again/,
  },
  {
    what: 'an overlay that is not qcow2',
    trouble: (sandbox) => sandbox.write('hd0.qcow2', 'precious'),
    session: DEMO,
    says: /^hd0\.qcow2 is not a qcow2 image/,
  },
  {
    what: 'a truncated overlay',
    trouble: (sandbox) => sandbox.cut('hd0.qcow2', 50_000),
    session: DEMO,
    says: /^hd0\.qcow2 is damaged at byte \d+: .*record again/,
  },
  {
    what: 'no overlay although the recording had one',
    session: withDrive({ overlay: undefined }),
    says: /^Drive hd0 was recorded with overlay hd0\.qcow2, but this replay uses a temporary overlay/,
  },
  {
    what: 'a drive that is now read-only',
    session: withDrive({ overlay: undefined, readOnly: true }),
    says: /drive hd0: readonly: recorded off, given on/,
  },
  { what: 'a missing drive', session: { ...DEMO, drives: [] }, says: /^a\.rr was recorded with drive hd0/ },
  {
    what: 'another memory size',
    session: DEMO,
    memory: '64M',
    says: /^a\.rr was recorded with a different machine \(memory: recorded 128 MiB, given 64 MiB\)/,
  },
  {
    what: 'an unknown first snapshot',
    session: DEMO,
    rrsnapshot: 'init',
    says: /^hd0\.qcow2 has no snapshot "init" to start from; it has "replay_init"\./,
  },
  {
    what: 'a deleted first snapshot',
    trouble: (sandbox) => changeOverlay(sandbox, 'hd0.qcow2', (image) => image.snapshots.delete('replay_init')),
    session: DEMO,
    says: /^hd0\.qcow2 has no snapshot "replay_init" to start from; it has none\./,
  },
  {
    what: 'a first snapshot made by another program',
    trouble: (sandbox) => makeOverlay(sandbox, 'hd0.qcow2', 'disk.img', { snapshot: 'replay_init' }),
    session: DEMO,
    says: /^The snapshot "replay_init" in hd0\.qcow2 does not belong to this machine/,
  },
  {
    what: 'an overlay of a disk of a different size',
    trouble: (sandbox) =>
      makeOverlay(sandbox, 'other.qcow2', sandbox.disk('other.img', MIB), { snapshot: 'replay_init' }),
    session: withDrive({ overlay: 'other.qcow2' }),
    says: /^other\.qcow2 and its base image disk\.img have different sizes/,
  },
  {
    what: 'a recording of an older format',
    trouble: (sandbox) => {
      const bytes = sandbox.read('a.rr');
      bytes.writeUInt32LE(1, 8);
      sandbox.write('a.rr', bytes);
    },
    session: DEMO,
    says: /^a\.rr has recording format version 1; .*Replay it with the version of blkreplay that recorded it, or record again/,
  },
];

/** A sandbox that is created once and copied for each test. */
const fresh = new Sandbox({ after });
fresh.write('demo.elf', fs.readFileSync(guest('demo/demo')));
fresh.disk('disk.img', 4 * MIB);
const recorded = fresh.copy({ after });
before(async () => void (await recorded.record(DEMO, ...STOP_AT)));

for (const [rr, rules] of [
  ['record', RECORDING],
  ['replay', REPLAYING],
] as const) {
  suite(`${rr} is rejected by both front ends`, { concurrency: 2 }, () => {
    for (const rule of rules) {
      test(rule.what, async (t) => {
        const sandbox = (rr === 'replay' ? recorded : fresh).copy(t);
        rule.trouble?.(sandbox);
        const untouched = sandbox.fingerprint();
        const cli = (await sandbox[rr](rule.session, ...words(rule))).refused(2).message;
        assert.match(cli, rule.says);
        const dap = new DapClient(t);
        await dap.request('initialize', { adapterID: 'blkreplay' });
        const sentence = await dap.refused('launch', launch(sandbox, { ...rule, rr }));
        assert.match(sentence.replaceAll(`${sandbox.folder}/`, ''), rule.says);
        assert.deepEqual(sandbox.fingerprint(), untouched, 'no file is created, changed or removed');
      });
    }
  });
}

suite('a recording made by either front end can be replayed by the other', () => {
  const session: Session = {
    kernel: guest('small/twodisk'),
    drives: [{ ...DRIVE }, { image: 'b.img', overlay: 'b.qcow2' }],
  };
  const through = async (t: TestContext, sandbox: Sandbox, rr: Rule['rr']) => {
    const dap = new DapClient(t);
    await dap.start({ ...launch(sandbox, { rr, session }), rngSeed: RNG_SEED, noDebug: true });
    const { exitCode } = await dap.event('exited');
    await dap.event('terminated');
    await dap.request('disconnect');
    assert.equal(await dap.exited, 0);
    return { exitCode: exitCode as number, console: dap.console };
  };

  test('recordings with two drives and overlays can be replayed by the other front end', async (t) => {
    fresh.disk('b.img', MIB);
    const [first, second] = [fresh.copy(t), fresh.copy(t)];
    const recorded = await first.record(session);
    assert.deepEqual(await through(t, first, 'replay'), {
      exitCode: recorded.summary.guestExit,
      console: recorded.console,
    });
    const { exitCode, console } = await through(t, second, 'record');
    const replayed = await second.replay(session);
    assert.deepEqual({ exitCode: replayed.summary.guestExit, console: replayed.console }, { exitCode, console });
    assert.equal(replayed.summary.digest, recorded.summary.digest);
  });
});

function words({ rrsnapshot, memory, overwrite }: Omit<Rule, 'rr'>): string[] {
  return [
    ...(rrsnapshot === undefined ? [] : ['--rrsnapshot', rrsnapshot]),
    ...(memory === undefined ? [] : ['--memory', memory]),
    ...(overwrite ? ['--overwrite'] : []),
  ];
}

function launch(sandbox: Sandbox, rule: Omit<Rule, 'what' | 'says'>): object {
  const { rr, session, rrsnapshot, memory, overwrite } = rule;
  const { kernel, rrfile = 'a.rr', drives = [] } = session;
  return {
    ...{ rr, rrfile, cwd: sandbox.folder, kernel, idle: 'warp', overwrite: overwrite ? 'always' : 'never' },
    ...(rrsnapshot === undefined ? {} : { rrsnapshot }),
    ...(memory === undefined ? {} : { memory }),
    drives: drives.map((drive, i) => ({ id: `hd${i}`, format: 'raw', ...drive })),
  };
}
