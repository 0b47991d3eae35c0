/** Two replays can use the same recording, but only a session with exclusive access can change its snapshots. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import type { MachineTimeline } from '../../../debug-adapter/engine/timeline/machineTimeline.ts';
import { DEMO, stageOf } from './travelSupport.ts';

const CLOSED = { reason: 'interrupted' } as const;

test('while a recording is open in two replays, its snapshots cannot be changed; after one replay is closed, they can', (t) => {
  const stage = stageOf(DEMO, t);
  const recording = stage.record();
  recording.advance(2_000_000);
  assert.throws(() => stage.replay(), /a\.rr is in use by process \d+ \(recording a\.rr\)/);
  recording.snapshots.take('here');
  recording.close(CLOSED);
  const [first, second] = [stage.replay(), stage.replay()];
  first.advance(1_000_000);
  second.advance(1_500_000);
  const before = filesOf(stage.setup.rrfile);
  for (const change of changes) {
    assert.throws(() => change(first), /is in use by process \d+ \(replaying a\.rr\)\. End that session first/);
  }
  assert.deepEqual(filesOf(stage.setup.rrfile), before, 'nothing was changed');
  first.advance(1_100_000);
  second.close(CLOSED);
  for (const change of changes) change(first);
  assert.throws(() => stage.record(), /exists/);
  const third = stage.replay();
  assert.deepEqual(
    third.snapshots.list().map(({ name }) => name),
    ['replay_init', 'there'],
  );
  assert.throws(() => first.snapshots.take('again'), /in use/);
  // A failed attempt to change the snapshots does not affect the replays.
  const straight = stageOf(DEMO, t).record();
  for (const timeline of [first, third, straight]) timeline.advance(1_900_000);
  assert.equal(first.digest(), straight.digest());
  assert.equal(third.digest(), straight.digest());
  for (const timeline of [first, third, straight]) timeline.close(CLOSED);
  assert.deepEqual(filesOf(stage.setup.rrfile).names, ['a.rr', 'disk.img', 'hd0.qcow2'], 'no lock file is left');
});

test('a session that fails to open or to close leaves no lock behind', { skip: process.platform !== 'linux' }, (t) => {
  const stage = stageOf(DEMO, t);
  stage.setup.drives[0].image += '.none';
  assert.throws(() => stage.record(), /does not exist/);
  stage.setup.drives[0].image = stage.setup.drives[0].image.replace('.none', '');
  const recording = stage.record();
  recording.advance(1000);
  fs.closeSync(handleOf(stage.setup.drives[0].overlay!));
  assert.throws(() => recording.close(CLOSED), /failed/);
  assert.deepEqual(filesOf(stage.setup.rrfile).names, ['a.rr', 'disk.img', 'hd0.qcow2']);
});

const changes: ((timeline: MachineTimeline) => unknown)[] = [
  (timeline) => timeline.snapshots.take('mine'),
  (timeline) => timeline.snapshots.rename(timeline.snapshots.named('here').id, 'there'),
  (timeline) =>
    timeline.snapshots.delete(
      (timeline.snapshots.list().find(({ name }) => name === 'mine') ?? timeline.snapshots.named('here')).id,
    ),
];

function filesOf(rrfile: string) {
  const folder = path.dirname(rrfile);
  const names = fs.readdirSync(folder);
  const contents = names.map((name) => fs.readFileSync(path.join(folder, name)).toString('base64'));
  return { names, contents };
}

/** Returns the file descriptor of a file that this process has open. */
function handleOf(file: string): number {
  const wanted = fs.statSync(file).ino;
  const handle = fs.readdirSync('/proc/self/fd').find((name) => {
    return fs.statSync(`/proc/self/fd/${name}`, { throwIfNoEntry: false })?.ino === wanted;
  });
  return Number(handle);
}
