/** Every recording can be replayed: SIGKILL loses at most the last second, and other signals lose nothing.
 *
 * Data that the guest flushed survives even SIGKILL. The one-second limit is in host time.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { suite, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { optionsOf, type RunningCli, type Session, Sandbox } from '../support/cli.ts';
import { guest } from '../support/guests.ts';
import { assertSound } from '../support/overlays.ts';
import { SeededRandom } from '../support/seededRandom.ts';

const LOST_MS_MAX = 1000;
const KEPT = ['disk.img', 'hd0.qcow2', 'a.rr'];

suite('SIGKILL while recording', { concurrency: 2 }, () => {
  // This kernel never flushes its disk, so only the recorder's periodic writes make the recording durable.
  for (let round = 1; round <= 10; round++) {
    test(`SIGKILL while a busy kernel is recorded, at random moment ${round} of 10`, async (t) => {
      const random = SeededRandom.forTest(t);
      const sandbox = new Sandbox(t);
      const session = busyKernel(sandbox);
      const running = await startRecording(sandbox, session, 'round 0');
      const killedAtMs = await killAfter(running, random.below(2500));
      const { replayed } = await replaysToItsEnd(sandbox, session);
      await printedAllBut(LOST_MS_MAX, { running, killedAtMs, replayed: replayed.console });
    });
  }

  // The demo flushes its journal frequently, and each flush makes the recording durable.
  for (let round = 1; round <= 4; round++) {
    test(`SIGKILL while the demo is recorded, at random moment ${round} of 4`, async (t) => {
      const random = SeededRandom.forTest(t);
      const sandbox = new Sandbox(t);
      const session = {
        kernel: guest('demo/demo'),
        drives: [{ image: sandbox.disk('disk.img'), overlay: 'hd0.qcow2' }],
      };
      const running = await startRecording(sandbox, session, 'formatting');
      await killAfter(running, random.below(300));
      await replaysToItsEnd(sandbox, session);
    });
  }

  for (let round = 1; round <= 6; round++) {
    test(`SIGKILL while a recording starts, at random moment ${round} of 6`, async (t) => {
      const random = SeededRandom.forTest(t);
      const sandbox = new Sandbox(t);
      const session = busyKernel(sandbox);
      const base = sandbox.fingerprint(['disk.img']);
      await killAfter(sandbox.start(['record', ...optionsOf(session), '--all-snapshots']), random.below(250));
      const replayed = await sandbox.replay(session);
      if (replayed.status === 0) replayed.ended(0, 'endOfRecording');
      else replayed.refused(2); // The process was killed before there was anything to replay.
      assert.deepEqual(sandbox.fingerprint(['disk.img']), base);
      (await sandbox.record(session, '--overwrite', '--stop-at', '1000000')).ended(0, 'stopAt');
      (await sandbox.replay(session)).ended(0, 'endOfRecording');
    });
  }
});

suite('ending a recording', { concurrency: 2 }, () => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    test(`${signal} closes the recording properly`, async (t) => {
      const sandbox = new Sandbox(t);
      const session = busyKernel(sandbox);
      const running = await startRecording(sandbox, session, 'round 5');
      running.kill(signal);
      const outcome = await running.end;
      const { position, digest } = outcome.ended(130, 'interrupted');
      const { complete, end } = JSON.parse((await sandbox.cli(['info', 'a.rr', '--json'])).console);
      assert.deepEqual({ complete, end }, { complete: true, end: { reason: 'interrupted', guestExit: null } });
      const { lastPosition, replayed } = await replaysToItsEnd(sandbox, session);
      assert.deepEqual([lastPosition, replayed.summary.digest], [position, digest]);
      assert.equal(replayed.console, outcome.console);
      assert.deepEqual(Object.keys(sandbox.fingerprint()).sort(), [...KEPT, 'typed'].sort(), 'no lock file is left');
    });
  }

  test('a closed console pipe closes the recording properly', async (t) => {
    const sandbox = new Sandbox(t);
    const session = busyKernel(sandbox);
    const running = await startRecording(sandbox, session, 'round 5');
    running.closeConsole();
    const { position } = (await running.end).ended(130, 'interrupted');
    assert.equal((await replaysToItsEnd(sandbox, session)).lastPosition, position);
  });

  test('a recording whose guest ends just as the signal arrives replays to its end', async (t) => {
    const sandbox = new Sandbox(t);
    const session: Session = { kernel: guest('small/hello') };
    for (let round = 0; round < 5; round++) {
      const running = sandbox.start(['record', ...optionsOf(session), ...(round > 0 ? ['--overwrite'] : [])]);
      await running.untilPrinted('hello');
      running.kill('SIGINT');
      const { status } = await running.end;
      assert.ok(status === 0 || status === 130, `status ${status}`);
      (await sandbox.replay(session)).ended(0, status === 0 ? 'powerOff' : 'endOfRecording');
    }
  });

  test('signals also end the replay and run commands', async (t) => {
    const sandbox = new Sandbox(t);
    const session = busyKernel(sandbox);
    (await sandbox.record(session, '--stop-at', '2_000_000_000')).ended(0, 'stopAt');
    const kept = sandbox.fingerprint();
    for (const command of ['replay', 'run']) {
      const running = sandbox.start([command, ...optionsOf(session), ...(command === 'run' ? ['--overwrite'] : [])]);
      await running.untilPrinted('round 0');
      running.kill('SIGINT');
      (await running.end).ended(130, 'interrupted');
      if (command === 'replay') assert.deepEqual(sandbox.fingerprint(), kept);
    }
  });
});

/** A kernel that computes, prints its progress and writes to its disk for about a minute, and never flushes. */
function busyKernel(sandbox: Sandbox): Session {
  const rounds = Array.from({ length: 2000 }, (_, n) => `echo round ${n}\nwriteblk ${n} round ${n}\nspin 2\n`);
  return {
    kernel: guest('kernel/oslet'),
    drives: [{ image: sandbox.disk('disk.img', 4 << 20, 'sacred'), overlay: 'hd0.qcow2' }],
    stdin: sandbox.write('typed', rounds.join('')),
  };
}

async function startRecording(sandbox: Sandbox, session: Session, untilPrinted: string): Promise<RunningCli> {
  const running = sandbox.start(['record', ...optionsOf(session), '--all-snapshots']);
  await running.untilPrinted(untilPrinted);
  return running;
}

/** Returns the time of the kill. */
async function killAfter(running: RunningCli, delayMs: number): Promise<number> {
  await sleep(delayMs);
  const killedAtMs = performance.now();
  running.kill('SIGKILL');
  assert.equal((await running.end).signal, 'SIGKILL');
  return killedAtMs;
}

/**
 * Checks that the overlay is sound, and that the recording opens and replays to its last position without changing a
 * file.
 */
async function replaysToItsEnd(sandbox: Sandbox, session: Session) {
  assertSound(sandbox, 'hd0.qcow2');
  qemuImgAgrees(sandbox.path('hd0.qcow2'));
  const { lastPosition } = JSON.parse((await sandbox.cli(['info', 'a.rr', '--json'])).console) as {
    lastPosition: number;
  };
  const kept = sandbox.fingerprint(KEPT);
  const replayed = await sandbox.replay(session);
  assert.equal(replayed.ended(0, 'endOfRecording').position, lastPosition);
  assert.deepEqual(sandbox.fingerprint(KEPT), kept);
  return { lastPosition, replayed };
}

/** Status 2 means corruption; status 3 means leaked clusters, which a kill may leave behind. */
function qemuImgAgrees(overlay: string): void {
  const { error, status, stdout, stderr } = spawnSync('qemu-img', ['check', overlay], { encoding: 'utf8' });
  assert.ok(error !== undefined || status === 0 || status === 3, stdout + stderr);
}

/**
 * Checks that the replay prints all output that the session had printed until `lostMs` before the kill, and no other
 * output.
 */
async function printedAllBut(
  lostMs: number,
  { running, killedAtMs, replayed }: { running: RunningCli; killedAtMs: number; replayed: string },
): Promise<void> {
  const { console } = await running.end;
  assert.equal(replayed.slice(0, console.length), console.slice(0, replayed.length));
  const minimumOutput = running.consoleLengthAt(killedAtMs - lostMs);
  assert.ok(
    replayed.length >= minimumOutput,
    `replays ${replayed.length} characters of ${console.length}, must replay ${minimumOutput}`,
  );
}
