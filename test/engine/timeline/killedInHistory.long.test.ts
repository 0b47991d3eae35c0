/** Killing a session with SIGKILL while it is in the history loses neither the recording nor any reported snapshot.
 *
 * The session jumps, replays, and takes, renames and deletes snapshots in the history. All snapshots that remain after
 * the kill contain the recorded states.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test, type TestContext } from 'node:test';
import { complete } from '../../../debug-adapter/engine/base/sliced.ts';
import { Qcow2Image } from '../../../debug-adapter/engine/block/qcow2/image.ts';
import { openFile } from '../../../debug-adapter/host/nodeFiles.ts';
import { SeededRandom } from '../../support/seededRandom.ts';
import { DEMO, type Stage, stageOf } from './travelSupport.ts';

const PRESENT = 40_000_000;
const ROUNDS = 3;

for (const kind of ['looking back', 'replaying'] as const) {
  for (let round = 1; round <= ROUNDS; round++) {
    test(`SIGKILL while ${kind}, at a random time (${round} of ${ROUNDS})`, async (t) => {
      const random = SeededRandom.forTest(t);
      const stage = stageOf(DEMO, t);
      if (kind === 'replaying') {
        const timeline = stage.record();
        timeline.advance(PRESENT);
        timeline.close({ reason: 'interrupted' });
      }
      const description = await killedSession(t, stage, { kind, seed: random.uint32(), afterMs: random.below(1500) });
      checkImage(stage);
      const replay = stage.replay();
      const names = replay.snapshots.list().map(({ name }) => name);
      for (const name of description.kept) assert.ok(names.includes(name), `${name} was reported and is missing`);
      assert.ok(names.includes('replay_init') && names.includes('auto-16777216') && names.includes('auto-33554432'));
      assert.ok(replay.travel!.end >= PRESENT, 'the whole recording is there');
      const straight = stageOf(DEMO, t).record();
      for (const { name, position } of replay.snapshots.list()) {
        straight.advance(position);
        // A jump to exactly this position starts from the snapshot itself.
        complete(replay.travel!.seekTo(position));
        assert.equal(replay.digest(), straight.digest(), `${name} at ${position}`);
      }
      straight.advance(PRESENT);
      complete(replay.travel!.seekTo(PRESENT));
      assert.equal(replay.digest(), straight.digest(), 'the end');
      // Taking a snapshot also removes incomplete changes that the kill left behind.
      replay.snapshots.take('after all');
      replay.close({ reason: 'interrupted' });
      straight.close({ reason: 'interrupted' });
      checkImage(stage, { leaks: 0 });
    });
  }
}

/** Runs and kills a session; returns the names of the snapshots that must exist afterwards. */
async function killedSession(
  t: TestContext,
  stage: Stage,
  session: { kind: 'looking back' | 'replaying'; seed: number; afterMs: number },
): Promise<{ kept: string[] }> {
  const { kernel, drives, rrfile } = stage.setup;
  const args = { kernel, drives, rrfile, liveEnd: PRESENT, ...session };
  const child = spawn(process.execPath, ['test/engine/timeline/busySession.ts', JSON.stringify(args)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => child.kill('SIGKILL'));
  let output = '';
  let timer: NodeJS.Timeout | undefined;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
    if (output.includes('ready\n')) timer ??= setTimeout(() => child.kill('SIGKILL'), session.afterMs);
  });
  const [, signal] = (await once(child, 'close')) as [number | null, string | null];
  assert.equal(signal, 'SIGKILL', output);
  const kept = new Set<string>();
  for (const line of output.split('\n').slice(0, -1)) {
    const [word, name] = line.split(' ');
    if (word === 'taken') kept.add(name);
    if (word === 'deleting') kept.delete(name);
  }
  return { kept: [...kept] };
}

function checkImage(stage: Stage, expected: { leaks?: number } = {}): void {
  const file = openFile(stage.setup.drives[0].overlay!, { write: false, create: 'never' });
  const image = Qcow2Image.open(file, { writable: false });
  const { corruptions, leaks } = image.check();
  image.close();
  assert.deepEqual(corruptions, []);
  if (expected.leaks !== undefined) assert.equal(leaks, expected.leaks);
}
