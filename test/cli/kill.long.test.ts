/** However a recording ends, it replays: SIGKILL loses at most a second, other signals lose nothing.
 *
 * Data that the guest flushed survives SIGKILL too. The limit is a second of host time.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { suite, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { optionsOf, type RunningCli, type Session, Workplace } from '../support/cli.ts';
import { guest } from '../support/guests.ts';
import { isSound } from '../support/overlays.ts';
import { SeededRandom } from '../support/seededRandom.ts';

const LOST_MS_MAX = 1000;
const KEPT = ['disk.img', 'hd0.qcow2', 'a.rr'];

suite('SIGKILL while recording', { concurrency: 2 }, () => {
  // A kernel that never flushes its disk, so the recording becomes durable only by time.
  for (let round = 1; round <= 10; round++) {
    test(`a busy kernel, at random moment ${round} of 10`, async (t) => {
      const random = SeededRandom.forTest(t);
      const place = new Workplace(t);
      const session = busyKernel(place);
      const running = await startRecording(place, session, 'round 0');
      const killedAtMs = await killAfter(running, random.below(2500));
      const { replayed } = await replaysToItsEnd(place, session);
      await printedAllBut(LOST_MS_MAX, { running, killedAtMs, replayed: replayed.console });
    });
  }

  // The demo flushes its journal all the time, and each flush makes the recording durable.
  for (let round = 1; round <= 4; round++) {
    test(`the demo, at random moment ${round} of 4`, async (t) => {
      const random = SeededRandom.forTest(t);
      const place = new Workplace(t);
      const session = { kernel: guest('demo/demo'), drives: [{ image: place.disk('disk.img'), overlay: 'hd0.qcow2' }] };
      const running = await startRecording(place, session, 'formatting');
      await killAfter(running, random.below(300));
      await replaysToItsEnd(place, session);
    });
  }

  for (let round = 1; round <= 6; round++) {
    test(`during the start, at random moment ${round} of 6`, async (t) => {
      const random = SeededRandom.forTest(t);
      const place = new Workplace(t);
      const session = busyKernel(place);
      const base = place.fingerprint(['disk.img']);
      await killAfter(place.start(['record', ...optionsOf(session), '--all-snapshots']), random.below(250));
      const replayed = await place.replay(session);
      if (replayed.status === 0) replayed.ended(0, 'endOfRecording');
      else replayed.refused(2); // Killed before there was anything to replay.
      assert.deepEqual(place.fingerprint(['disk.img']), base);
      (await place.record(session, '--overwrite', '--stop-at', '1000000')).ended(0, 'stopAt');
      (await place.replay(session)).ended(0, 'endOfRecording');
    });
  }
});

suite('ending a recording', { concurrency: 2 }, () => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    test(`${signal} closes it properly`, async (t) => {
      const place = new Workplace(t);
      const session = busyKernel(place);
      const running = await startRecording(place, session, 'round 5');
      running.kill(signal);
      const outcome = await running.end;
      const { position, digest } = outcome.ended(130, 'interrupted');
      const { complete, end } = JSON.parse((await place.cli(['info', 'a.rr', '--json'])).console);
      assert.deepEqual({ complete, end }, { complete: true, end: { reason: 'interrupted', guestExit: null } });
      const { lastPosition, replayed } = await replaysToItsEnd(place, session);
      assert.deepEqual([lastPosition, replayed.summary.digest], [position, digest]);
      assert.equal(replayed.console, outcome.console);
      assert.deepEqual(Object.keys(place.fingerprint()).sort(), [...KEPT, 'typed'].sort(), 'no lock file is left');
    });
  }

  test('a closed console pipe closes it properly as well', async (t) => {
    const place = new Workplace(t);
    const session = busyKernel(place);
    const running = await startRecording(place, session, 'round 5');
    running.closeConsole();
    const { position } = (await running.end).ended(130, 'interrupted');
    assert.equal((await replaysToItsEnd(place, session)).lastPosition, position);
  });

  test('a guest that ends while the signal arrives replays to the end it reached', async (t) => {
    const place = new Workplace(t);
    const session: Session = { kernel: guest('small/hello') };
    for (let round = 0; round < 5; round++) {
      const running = place.start(['record', ...optionsOf(session), ...(round > 0 ? ['--overwrite'] : [])]);
      await running.untilPrinted('hello');
      running.kill('SIGINT');
      const { status } = await running.end;
      assert.ok(status === 0 || status === 130, `status ${status}`);
      (await place.replay(session)).ended(0, status === 0 ? 'powerOff' : 'endOfRecording');
    }
  });

  test('signals also end a replay and a run', async (t) => {
    const place = new Workplace(t);
    const session = busyKernel(place);
    (await place.record(session, '--stop-at', '2_000_000_000')).ended(0, 'stopAt');
    const kept = place.fingerprint();
    for (const command of ['replay', 'run']) {
      const running = place.start([command, ...optionsOf(session), ...(command === 'run' ? ['--overwrite'] : [])]);
      await running.untilPrinted('round 0');
      running.kill('SIGINT');
      (await running.end).ended(130, 'interrupted');
      if (command === 'replay') assert.deepEqual(place.fingerprint(), kept);
    }
  });
});

/** A kernel that computes, prints its progress and writes to its disk for about a minute, and never flushes. */
function busyKernel(place: Workplace): Session {
  const rounds = Array.from({ length: 2000 }, (_, n) => `echo round ${n}\nwriteblk ${n} round ${n}\nspin 2\n`);
  return {
    kernel: guest('kernel/oslet'),
    drives: [{ image: place.disk('disk.img', 4 << 20, 'sacred'), overlay: 'hd0.qcow2' }],
    stdin: place.write('typed', rounds.join('')),
  };
}

async function startRecording(place: Workplace, session: Session, untilPrinted: string): Promise<RunningCli> {
  const running = place.start(['record', ...optionsOf(session), '--all-snapshots']);
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
 * The overlay is sound, the recording opens, and its replay reaches the last position it contains, changing nothing.
 */
async function replaysToItsEnd(place: Workplace, session: Session) {
  isSound(place, 'hd0.qcow2');
  qemuImgAgrees(place.path('hd0.qcow2'));
  const { lastPosition } = JSON.parse((await place.cli(['info', 'a.rr', '--json'])).console) as {
    lastPosition: number;
  };
  const kept = place.fingerprint(KEPT);
  const replayed = await place.replay(session);
  assert.equal(replayed.ended(0, 'endOfRecording').position, lastPosition);
  assert.deepEqual(place.fingerprint(KEPT), kept);
  return { lastPosition, replayed };
}

/** Status 2 means corruptions; 3 means leaks, which a kill may leave. */
function qemuImgAgrees(overlay: string): void {
  const { error, status, stdout, stderr } = spawnSync('qemu-img', ['check', overlay], { encoding: 'utf8' });
  assert.ok(error !== undefined || status === 0 || status === 3, stdout + stderr);
}

/** The replay prints everything that the session had printed that long before its end, and nothing else. */
async function printedAllBut(
  lostMs: number,
  { running, killedAtMs, replayed }: { running: RunningCli; killedAtMs: number; replayed: string },
): Promise<void> {
  const { console } = await running.end;
  assert.equal(replayed.slice(0, console.length), console.slice(0, replayed.length));
  const owed = running.consoleLengthAt(killedAtMs - lostMs);
  assert.ok(replayed.length >= owed, `replays ${replayed.length} characters of ${console.length}, must replay ${owed}`);
}
