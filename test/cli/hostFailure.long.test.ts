/** A host failure while recording is reported with exit status 4, and everything recorded until then can be replayed.
 *
 * The tests simulate a full disk in one of two ways: a limit on the size of the files that the process may write, or a
 * small file system.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { suite, test, type TestContext } from 'node:test';
import { type DriveSpec, optionsOf, type Outcome, type Session, type RunOptions, Sandbox } from '../support/cli.ts';
import { guest } from '../support/guests.ts';
import { assertSound } from '../support/overlays.ts';

const DEMO: Session = { kernel: guest('demo/demo'), drives: [overlayAt('hd0.qcow2')] };

suite('a failing host', { concurrency: 2 }, () => {
  for (const kib of [700, 800, 900, 1000]) {
    test(`a recording with an overlay capped at ${kib} KiB ends with a host failure and can be replayed`, async (t) => {
      const sandbox = new Sandbox(t);
      sandbox.disk('disk.img');
      const base = sandbox.fingerprint();
      const recorded = await recordUnder(sandbox, { through: limitedTo(kib) });
      assert.match(recorded.refused(4).message, /^Writing hd0\.qcow2 failed: .*\. Check the disk/);
      assert.deepEqual(sandbox.fingerprint(['disk.img']), base);
      await whatWasRecordedReplays(sandbox, DEMO, recorded);
    });
  }

  for (const [what, session, kib] of [
    ['recording and overlay', { ...DEMO, rrfile: 'small/a.rr', drives: [overlayAt('small/hd0.qcow2')] }, 700],
    ['the overlay', { ...DEMO, drives: [overlayAt('small/hd0.qcow2')] }, 700],
    ['the recording', { ...DEMO, rrfile: 'small/a.rr' }, 64],
  ] as const) {
    test(`a recording on a disk too small for ${what} ends with a host failure and can be replayed`, async (t) => {
      const sandbox = new Sandbox(t);
      sandbox.disk('disk.img');
      await onSmallDisk(sandbox.path('small'), kib, t, async () => {
        const recorded = await sandbox.cli(['record', ...optionsOf(session), '--all-snapshots']);
        const { message } = recorded.refused(4);
        assert.match(message, /^Writing small\/\S+ failed: the disk is full.*\. Free some space, or use another/);
        await whatWasRecordedReplays(sandbox, session, recorded);
      });
    });
  }

  test('a write error on the console ends the recording with a host failure', async (t) => {
    const sandbox = new Sandbox(t);
    sandbox.disk('disk.img');
    const recorded = await recordUnder(sandbox, { through: ['sh', '-c', 'exec "$@" >/dev/full', 'sh'] });
    const { message } = recorded.refused(4);
    assert.match(message, /^Writing the console .*failed: the disk is full/);
    assertSound(sandbox, 'hd0.qcow2');
    (await sandbox.replay(DEMO)).ended(0, 'endOfRecording');
  });

  // The amount of address space that V8 reserves varies, so only some of these limits leave too little for the guest's
  // memory. With a limit below the lowest one, Node does not start. Only Linux enforces such a limit.
  test(
    'if the system refuses to allocate memory, the command reports it in one sentence',
    { skip: process.platform !== 'linux' },
    async (t) => {
      const sandbox = new Sandbox(t);
      const session = { kernel: guest('small/hello'), options: ['--memory', '2G'] };
      let refused = 0;
      for (const kib of [3, 4, 8, 12, 14, 16, 18, 20, 24].map((million) => million * 1_000_000)) {
        const through = ['bash', '-c', `ulimit -v ${kib}; exec "$@"`, 'bash'];
        const outcome = await sandbox.cli(['run', ...optionsOf(session)], { through });
        if (outcome.status === 0) continue;
        const { message, code } = outcome.refused(4);
        assert.equal(code, 'host-out-of-memory');
        assert.match(message, /^The system does not have enough free memory.*\. Close other programs/);
        refused++;
      }
      assert.ok(refused > 0, 'some of the limits are too low');
    },
  );
});

function overlayAt(overlay: string): DriveSpec {
  return { image: 'disk.img', overlay };
}

const recordUnder = (sandbox: Sandbox, under?: RunOptions): Promise<Outcome> =>
  sandbox.cli(['record', ...optionsOf(DEMO), '--all-snapshots'], under);

/** Limits the size of the files that the process writes. */
const limitedTo = (kib: number): string[] => ['bash', '-c', `ulimit -f ${kib}; exec "$@"`, 'bash'];

/**
 * Runs `story` with a file system of the given size mounted at `folder`; does nothing if the host does not permit
 * mounting.
 */
async function onSmallDisk(folder: string, kib: number, t: TestContext, story: () => Promise<void>): Promise<void> {
  fs.mkdirSync(folder);
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${kib}k,mode=777`, 'tmpfs', folder]);
  // The test is not reported as skipped, because the tests that limit the file size cover the same failures.
  if (mounted.status !== 0) return t.diagnostic('nothing can be mounted here, so no disk can be full');
  try {
    await story();
  } finally {
    execFileSync('umount', [folder]);
  }
}

async function whatWasRecordedReplays(sandbox: Sandbox, session: Session, recorded: Outcome): Promise<void> {
  assertSound(sandbox, session.drives![0].overlay!);
  const info = await sandbox.cli(['info', session.rrfile ?? 'a.rr', '--json']);
  const { complete, lastPosition } = JSON.parse(info.console) as { complete: boolean; lastPosition: number };
  assert.equal(complete, false);
  const replayed = await sandbox.replay(session);
  assert.equal(replayed.ended(0, 'endOfRecording').position, lastPosition);
  assert.ok(recorded.console.startsWith(replayed.console) || replayed.console.startsWith(recorded.console));
}
