/** Each snapshot keeps one id for all drives, despite renames and even if old overlays contain different ids. */
import assert from 'node:assert/strict';
import { copyFileSync } from 'node:fs';
import { test, type TestContext } from 'node:test';
import { complete } from '../../../debug-adapter/engine/base/sliced.ts';
import { Qcow2Image } from '../../../debug-adapter/engine/block/qcow2/image.ts';
import { UserError } from '../../../debug-adapter/messages/userError.ts';
import type { MachineTimeline } from '../../../debug-adapter/engine/timeline/machineTimeline.ts';
import { liveImage } from '../../../debug-adapter/engine/timeline/snapshotImage.ts';
import { SnapshotImages } from '../../../debug-adapter/engine/timeline/snapshotImages.ts';
import { openFile } from '../../../debug-adapter/host/nodeFiles.ts';
import { newImage, takeSnapshot } from '../block/qcow2/support.ts';
import { DEMO, digestsOnTheWay, stageOf } from './travelSupport.ts';
import { longTest } from '../../support/extent.ts';

// A seek loads a snapshot from the overlays only if this saves more than 4 million steps.
const EARLY = 5_000_000;
const LATE = 11_000_000;
const END = 12_000_000;

test('a snapshot keeps its id when it is renamed and when the recording is opened again, and both overlays contain that id', (t) => {
  const { stage, overlays } = withTwoDrives(t);
  const timeline = stage.record();
  timeline.advance(END);
  complete(timeline.travel!.seekTo(EARLY));
  const { id } = timeline.snapshots.take('a');
  timeline.snapshots.rename(id, 'b');
  assert.equal(timeline.snapshots.named('b').id, id);
  timeline.snapshots.rename(id, 'c');
  const listed = idsOf(timeline);
  timeline.close({ reason: 'interrupted' });
  for (const overlay of overlays) assert.deepEqual(idsIn(overlay), listed);
  const replay = stage.replay();
  assert.deepEqual(idsOf(replay), listed);
  assert.equal(replay.snapshots.named('c').id, id);
  replay.snapshots.rename(id, 'd');
  replay.close({ reason: 'interrupted' });
  for (const overlay of overlays) assert.equal(idsIn(overlay).get('d'), id);
});

longTest('a new snapshot with the name of a deleted one gets a new id', (t) => {
  const { stage } = withTwoDrives(t);
  const timeline = stage.record();
  timeline.advance(END);
  const first = timeline.snapshots.take('again').id;
  timeline.snapshots.delete(first);
  const second = timeline.snapshots.take('again').id;
  assert.notEqual(second, first);
  assert.throws(() => timeline.snapshots.delete(first), hasCode('snapshot-unknown'));
  assert.throws(() => timeline.snapshots.rename(first, 'other'), hasCode('snapshot-unknown'));
  timeline.close({ reason: 'interrupted' });
  const replay = stage.replay();
  replay.snapshots.delete(second);
  complete(replay.travel!.seekTo(EARLY));
  assert.ok(![first, second].includes(replay.snapshots.take('again').id));
  replay.close({ reason: 'interrupted' });
});

longTest('the snapshot that the current state is based on can be renamed twice and then deleted', (t) => {
  const { stage } = withTwoDrives(t);
  const timeline = stage.record();
  const digests = digestsOnTheWay(timeline, [EARLY, LATE]);
  timeline.advance(END);
  complete(timeline.travel!.seekTo(EARLY));
  const { id } = timeline.snapshots.take('a');
  timeline.close({ reason: 'interrupted' });
  // Only the first cached snapshot stays in memory, so that each move to EARLY reads the stored snapshot from the
  // overlays.
  const travelBudget = { memoryBytes: 1, scratchBytes: 1, snapshots: 1 };
  const replay = stage.replay({ travelBudget });
  complete(replay.travel!.seekTo(EARLY));
  replay.snapshots.rename(id, 'b');
  assert.equal(replay.digest(), digests.get(EARLY));
  // The name "a" is free again, and is used for a snapshot of another state.
  complete(replay.travel!.seekTo(LATE));
  replay.snapshots.take('a');
  complete(replay.travel!.seekTo(EARLY));
  replay.snapshots.rename(id, 'c');
  assert.equal(replay.digest(), digests.get(EARLY));
  const disk = wholeDisk(replay);
  replay.snapshots.delete(id);
  assert.deepEqual(wholeDisk(replay), disk, 'the disk is based on another snapshot');
  assert.equal(replay.digest(), digests.get(EARLY));
  complete(replay.travel!.seekTo(LATE));
  assert.equal(replay.digest(), digests.get(LATE));
  replay.close({ reason: 'interrupted' });
});

longTest('overlays in which a snapshot has different ids can be opened, and the id in the first drive applies', (t) => {
  const { stage, overlays } = withTwoDrives(t);
  const timeline = stage.record();
  const digests = digestsOnTheWay(timeline, [EARLY, LATE]);
  timeline.advance(END);
  for (const position of [EARLY, LATE]) {
    complete(timeline.travel!.seekTo(position));
    timeline.snapshots.take(`at ${position}`);
  }
  const ids = idsOf(timeline);
  timeline.close({ reason: 'interrupted' });
  // In the second drive's overlay, each of the two snapshots has the id of the other one.
  const [early, late] = [EARLY, LATE].map((position) => ids.get(`at ${position}`)!);
  change(overlays[1], (image) => {
    setId(image, `at ${EARLY}`, 'temporary');
    setId(image, `at ${LATE}`, early);
    setId(image, `at ${EARLY}`, late);
  });
  assert.equal(idsIn(overlays[1]).get(`at ${EARLY}`), late);

  const replay = stage.replay();
  assert.deepEqual(idsOf(replay), ids);
  complete(replay.travel!.seekTo(LATE));
  assert.equal(replay.digest(), digests.get(LATE));
  replay.snapshots.rename(early, 'renamed');
  assert.equal(idsIn(overlays[1]).get('renamed'), late);
  replay.snapshots.delete(late);
  assert.equal(replay.digest(), digests.get(LATE));
  replay.close({ reason: 'interrupted' });
  for (const overlay of overlays) assert.deepEqual([...idsIn(overlay).keys()].sort(), ['renamed', 'replay_init']);
  const fromRenamed = stage.replay({ rrsnapshot: 'renamed' });
  assert.equal(fromRenamed.digest(), digests.get(EARLY));
  fromRenamed.close({ reason: 'interrupted' });
});

test('an interrupted rename is undone for the snapshot with the same id, even if another snapshot is at the same position', () => {
  const [state, other] = [newImage({ lengthBytes: 65_536 }).image, newImage({ lengthBytes: 65_536 }).image];
  for (const [image, id, name] of [
    [state, '1', 'first'],
    [state, '2', 'second'],
    // The names are as if the process had been killed during two renames, each time before it changed the state image.
    [other, '2', 'renamed second'],
    [other, '1', 'renamed first'],
  ] as const) {
    image.snapshots.create({ ...NO_STATE, id, name, icount: 7 });
  }
  new SnapshotImages(liveImage(state, 'hd0'), [liveImage(other, 'hd1')]).repair();
  assert.deepEqual(
    new Map(other.snapshots.list.map(({ id, name }) => [id, name])),
    new Map([
      ['1', 'first'],
      ['2', 'second'],
    ]),
  );
});

test("a new snapshot gets an id that none of the images contains, even if the user's own image has snapshots", () => {
  const [state, users] = [newImage({ lengthBytes: 65_536 }).image, newImage({ lengthBytes: 65_536 }).image];
  users.snapshots.create({ ...NO_STATE, id: '41', name: "the user's", icount: undefined });
  users.snapshots.create({ ...NO_STATE, id: 'text', name: "the user's second", icount: undefined });
  takeSnapshot(state, 'earlier');
  const images = new SnapshotImages(liveImage(state), [liveImage(users, 'hd1', { isShared: true })]);
  const id = images.add('new', (image, { id }) => image.snapshots.create({ ...NO_STATE, id, name: 'new' }));
  assert.equal(id, '42');
  for (const image of [state, users]) assert.equal(image.snapshots.list.at(-1)!.id, id);
});

const NO_STATE = {
  dateSeconds: 0,
  dateNanoseconds: 0,
  vmClockNanoseconds: 0,
  vmStateSizeBytes: 0,
  icount: 0 as number | undefined,
};

const hasCode = (code: string) => (error: unknown) => error instanceof UserError && error.code === code;

const idsOf = (timeline: MachineTimeline): Map<string, string> =>
  new Map(timeline.snapshots.list().map(({ name, id }) => [name, id]));

function wholeDisk({ disks }: MachineTimeline): Uint8Array {
  const bytes = new Uint8Array(disks[0].lengthBytes);
  disks[0].read(0, bytes);
  return bytes;
}

function idsIn(overlay: string): Map<string, string> {
  const image = Qcow2Image.open(openFile(overlay, { write: false, create: 'never' }), { writable: false });
  const ids = new Map(image.snapshots.list.map(({ name, id }) => [name, id]));
  image.close();
  return ids;
}

function change(overlay: string, work: (image: Qcow2Image) => void): void {
  const image = Qcow2Image.open(openFile(overlay, { write: true, create: 'never' }), { writable: true });
  work(image);
  image.close();
}

/** Gives a snapshot's entry a different id. */
function setId(image: Qcow2Image, name: string, id: string): void {
  const { icount } = image.snapshots.list.find((entry) => entry.name === name)!;
  image.snapshots.createFrom(name, { ...NO_STATE, id, name: 'moved', icount }, () => {});
  image.snapshots.delete(name);
  image.snapshots.rename('moved', name);
}

/** The demo with a second disk, which it does not use. */
function withTwoDrives(t: TestContext) {
  const stage = stageOf(DEMO, t);
  const [first] = stage.setup.drives;
  const second = { ...first, id: 'hd1', image: `${first.image}.2`, overlay: first.overlay!.replace('hd0', 'hd1') };
  copyFileSync(first.image, second.image);
  stage.setup.drives = [first, second];
  stage.setup.memoryBytes = 16 << 20;
  return { stage, overlays: [first.overlay!, second.overlay] };
}
