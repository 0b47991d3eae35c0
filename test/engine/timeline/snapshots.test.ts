/** Snapshots taken at any position contain the recorded state, both for blkreplay and for qemu-img. */
import assert from 'node:assert/strict';
import { copyFileSync, rmSync } from 'node:fs';
import { describe, test, type TestContext } from 'node:test';
import { complete } from '../../../debug-adapter/engine/base/sliced.ts';
import type { MachineTimeline } from '../../../debug-adapter/engine/timeline/machineTimeline.ts';
import type { BlkreplayFilter } from '../../../debug-adapter/engine/block/blkreplay.ts';
import { Qcow2Image } from '../../../debug-adapter/engine/block/qcow2/image.ts';
import { RawImage } from '../../../debug-adapter/engine/block/raw.ts';
import { ConsoleInput, errors, LiveInputs } from '../../../debug-adapter/engine/index.ts';
import { nodeHost } from '../../../debug-adapter/host/nodeHost.ts';
import { openFile } from '../../../debug-adapter/host/nodeFiles.ts';
import { SeededRandom } from '../../support/seededRandom.ts';
import { longTest, some, times } from '../../support/extent.ts';
import { requireTool, runTool } from '../../support/tools.ts';
import { DEMO, digestsOnTheWay, KERNEL, type Scene, type Stage, stageOf } from './travelSupport.ts';

const TAKEN = times({ quick: 2, long: 4 });

const SCENES = [
  ['the demo', DEMO, 84_000_000],
  ['a kernel with processes', KERNEL, 76_000_000],
] as const;

for (const [name, scene, length] of some(SCENES, 1)) {
  describe(name, () => {
    test('snapshots taken at the live end, in the history and in a replay have the recorded states', (t) => {
      const { random, stage, positions, digests, end } = recordWithSnapshots(scene, length, t);
      const replay = stage.replay();
      for (const position of positions.slice(TAKEN)) {
        complete(replay.travel!.seekTo(position));
        replay.snapshots.take(`replayed ${position}`);
        assert.equal(replay.digest(), digests.get(position), 'taking a snapshot changes nothing');
        complete(replay.travel!.seekTo(random.pick(positions)));
      }
      // These jumps start from the new snapshots.
      for (const position of positions) {
        complete(replay.travel!.seekTo(position));
        assert.equal(replay.digest(), digests.get(position));
      }
      assert.deepEqual(replay.advance(Infinity), end);
      replay.close(end);
      checkOverlay(stage, t);
      for (const { name, position } of snapshotsOf(stage)) {
        if (!digests.has(position)) continue;
        const fresh = stage.replay({ rrsnapshot: name });
        assert.equal(fresh.position, position);
        assert.equal(fresh.digest(), digests.get(position), name);
        fresh.close({ reason: 'interrupted' });
      }
      assert.equal(snapshotsOf(stage).filter(({ name }) => / \d+$/.test(name)).length, positions.length + 1);
    });

    longTest(
      'qemu-img lists the snapshots, and when it applies one, the disk has the contents that it had at the position of the snapshot',
      (t) => {
        if (!requireTool('qemu-img', t)) return;
        const { random, stage, positions } = recordWithSnapshots(scene, length, t);
        const replay = stage.replay();
        const position = random.pick(positions.slice(TAKEN));
        complete(replay.travel!.seekTo(position));
        replay.snapshots.take(`replayed ${position}`);
        const disk = diskOf(replay);
        const end = replay.advance(Infinity)!;
        replay.close(end);
        const overlay = stage.setup.drives[0].overlay!;
        const before = wholeDisk(overlay, stage);
        assert.match(qemuImg('snapshot', '-l', overlay), new RegExp(`replayed ${position}`));
        const copy = `${overlay}.copy`;
        copyFileSync(overlay, copy);
        qemuImg('snapshot', '-a', `replayed ${position}`, copy);
        assert.ok(Buffer.from(wholeDisk(copy, stage)).equals(disk));
        qemuImg('check', copy);
        rmSync(copy);
        assert.ok(Buffer.from(wholeDisk(overlay, stage, `replayed ${position}`)).equals(disk));
        assert.ok(Buffer.from(wholeDisk(overlay, stage)).equals(before), 'the overlay still shows the end');
      },
    );
  });
}

longTest(
  'deleting or renaming a snapshot takes effect in the same replay and in later ones, and deleting leaks no clusters',
  (t) => {
    const { random, stage, positions, digests } = recordWithSnapshots(DEMO, 84_000_000, t);
    const replay = stage.replay();
    const [kept, gone] = positions;
    complete(replay.travel!.seekTo(gone));
    replay.snapshots.delete(replay.snapshots.named(`past ${gone}`).id);
    assert.equal(replay.digest(), digests.get(gone), 'the snapshot in use was deleted');
    complete(replay.travel!.seekTo(kept));
    replay.snapshots.rename(replay.snapshots.named(`past ${kept}`).id, 'kept');
    replay.snapshots.rename(replay.snapshots.named('auto-16777216').id, 'mine');
    complete(replay.travel!.seekTo(random.pick(positions)));
    complete(replay.travel!.seekTo(kept));
    assert.equal(replay.digest(), digests.get(kept));
    const names = replay.snapshots.list().map(({ name }) => name);
    assert.ok(names.includes('kept') && names.includes('mine') && !names.includes(`past ${gone}`));
    assert.equal(replay.snapshots.list().find(({ name }) => name === 'mine')!.isAutomatic, false);
    replay.close({ reason: 'interrupted' });
    checkOverlay(stage, t);
    const again = stage.replay();
    assert.deepEqual(
      again.snapshots.list().map(({ name }) => name),
      names,
    );
    for (const { id, name } of again.snapshots.list()) if (name !== 'replay_init') again.snapshots.delete(id);
    again.close({ reason: 'interrupted' });
    checkOverlay(stage, t);
    assert.deepEqual(
      snapshotsOf(stage).map(({ name }) => name),
      ['replay_init'],
    );
  },
);

longTest('an automatic snapshot that the user renamed is never thinned out', (t) => {
  const stage = stageOf(KERNEL, t);
  stage.setup.live = new LiveInputs([new ConsoleInput(Buffer.from('spin 2\n'.repeat(2000)))]);
  const timeline = stage.record({ snapshotBudget: { bytes: Infinity, snapshots: 31 } });
  const spacing = 1 << 24;
  timeline.advance(4 * spacing);
  timeline.snapshots.rename(timeline.snapshots.named(`auto-${spacing}`).id, 'mine');
  timeline.snapshots.delete(timeline.snapshots.named(`auto-${3 * spacing}`).id);
  assert.equal(timeline.advance(33 * spacing), undefined);
  const names = timeline.snapshots.list().map(({ name }) => name);
  assert.ok(
    names.includes('mine') && !names.includes(`auto-${5 * spacing}`),
    'all other snapshots at odd multiples are deleted',
  );
  timeline.close({ reason: 'interrupted' });
  checkOverlay(stage, t);
});

longTest(
  'with two drives, a snapshot exists only if both overlays contain it, and the next change to any snapshot removes incomplete ones',
  (t) => {
    const { stage, second } = withSecondDrive(t);
    const timeline = stage.record();
    const digests = digestsOnTheWay(timeline, [3_000_000, 6_000_000]);
    for (const position of digests.keys()) {
      complete(timeline.travel!.seekTo(position));
      timeline.snapshots.take(`s${position}`);
    }
    timeline.close({ reason: 'interrupted' });
    // Leaves the overlays as if the process had been killed while renaming and while taking a snapshot, after changing
    // only one overlay.
    changeOverlay(second, (image) => {
      image.snapshots.rename('s3000000', 'half renamed');
      image.snapshots.createFrom(
        's6000000',
        { ...image.snapshots.list[0], id: undefined, name: 'half taken', icount: 7_000_000 },
        () => {},
      );
    });
    const replay = stage.replay();
    complete(replay.travel!.seekTo(3_000_000));
    assert.equal(replay.digest(), digests.get(3_000_000), 'seeks there from another snapshot');
    replay.snapshots.take('half taken');
    assert.deepEqual(
      replay.snapshots.list().map(({ name }) => name),
      ['replay_init', 's3000000', 'half taken', 's6000000'],
    );
    replay.close({ reason: 'interrupted' });
    const names = new Set(snapshotsOf(stage).map(({ name }) => name));
    changeOverlay(second, (image) => assert.deepEqual(new Set(image.snapshots.list.map(({ name }) => name)), names));
    const fresh = stage.replay({ rrsnapshot: 'half taken' });
    assert.equal(fresh.digest(), digests.get(3_000_000));
    fresh.close({ reason: 'interrupted' });
  },
);

longTest('the snapshots of a recording without a writable drive are kept in a state-only image', (t) => {
  const stage = stageOf(KERNEL, t);
  stage.setup.drives = [];
  const timeline = stage.record();
  const digests = digestsOnTheWay(timeline, [2_000_000, 5_000_000]);
  complete(timeline.travel!.seekTo(2_000_000));
  timeline.snapshots.take('early');
  timeline.close({ reason: 'interrupted' });
  const replay = stage.replay({ rrsnapshot: 'early' });
  assert.equal(replay.digest(), digests.get(2_000_000));
  assert.throws(() => replay.snapshots.delete(replay.snapshots.named('early').id), /Replays start from/);
  complete(replay.travel!.seekTo(5_000_000));
  assert.equal(replay.snapshots.take('late').position, 5_000_000);
  assert.equal(replay.digest(), digests.get(5_000_000));
  assert.equal(replay.files().stateFile, `${stage.setup.rrfile}.qcow2`);
  replay.close({ reason: 'interrupted' });
});

test('a snapshot request is rejected if the snapshot could not contain the state of all drives', (t) => {
  const { stage } = withSecondDrive(t);
  stage.setup.drives = stage.setup.drives.map((drive, i) => (i === 1 ? { ...drive, overlay: null } : drive));
  const timeline = stage.record();
  timeline.advance(2_000_000);
  assert.deepEqual(
    timeline.files().drives.map(({ isTemporary, chain }) => [isTemporary, chain.map(({ format }) => format)]),
    [
      [false, ['qcow2', 'raw']],
      [true, ['qcow2', 'raw']],
    ],
  );
  timeline.close({ reason: 'interrupted' });
  const replay = stage.replay();
  complete(replay.travel!.seekTo(1_000_000));
  assert.throws(() => replay.snapshots.take('here'), /drive hd1: it was recorded with a temporary overlay/);
  replay.close({ reason: 'interrupted' });
});

longTest('a replay with read-only files refuses to take a snapshot, and can continue', (t) => {
  const stage = stageOf(DEMO, t);
  const timeline = stage.record();
  timeline.advance(2_000_000);
  timeline.close({ reason: 'interrupted' });
  const overlay = stage.setup.drives[0].overlay!;
  const { open } = nodeHost.files;
  const replay = stage.replay();
  complete(replay.travel!.seekTo(1_000_000));
  const digest = replay.digest();
  t.after(() => (nodeHost.files.open = open));
  nodeHost.files.open = (path, mode) => {
    if (mode.write && path === overlay) throw errors.fileNotPermitted(path, 'write');
    return open(path, mode);
  };
  assert.throws(() => replay.snapshots.take('here'), new RegExp(overlay));
  nodeHost.files.open = open;
  assert.equal(replay.digest(), digest);
  replay.snapshots.take('here');
  replay.close({ reason: 'interrupted' });
});

test('an invalid snapshot request is rejected with a one-sentence message', (t) => {
  const stage = stageOf(DEMO, t);
  const timeline = stage.record();
  timeline.advance(1_000_000);
  timeline.snapshots.take('one');
  const refused = (act: () => void, code: string) =>
    assert.throws(act, (error) => error instanceof errors.UserError && error.code === code);
  const beforeNames = timeline.snapshots.list();
  for (const bad of ['', 'a\nb', 'x'.repeat(256), 'é'.repeat(128), '\ud800'])
    refused(() => timeline.snapshots.take(bad), 'snapshot-name-unusable');
  refused(() => timeline.snapshots.take('auto-7'), 'snapshot-name-automatic');
  refused(() => timeline.snapshots.take('replay_init'), 'snapshot-name-reserved');
  refused(() => timeline.snapshots.take('one'), 'snapshot-name-taken');
  refused(() => timeline.snapshots.rename(timeline.snapshots.named('one').id, 'auto-x'), 'snapshot-name-automatic');
  refused(() => timeline.snapshots.rename(timeline.snapshots.named('two').id, 'three'), 'snapshot-unknown');
  refused(() => timeline.snapshots.rename(timeline.snapshots.named('replay_init').id, 'three'), 'snapshot-needed');
  refused(() => timeline.snapshots.delete(timeline.snapshots.named('replay_init').id), 'snapshot-needed');
  refused(() => timeline.snapshots.delete(timeline.snapshots.named('two').id), 'snapshot-unknown');
  assert.deepEqual(timeline.snapshots.list(), beforeNames);
  timeline.snapshots.take('é'.repeat(127));
  timeline.close({ reason: 'interrupted' });
});

/**
 * Records a scene. Takes snapshots in the history, at random positions in the first half of the scene, and one snapshot
 * at the live end.
 */
function recordWithSnapshots(scene: Scene, length: number, t: TestContext) {
  const random = SeededRandom.forTest(t);
  const stage = stageOf(scene, t);
  const timeline = stage.record();
  const half = Math.floor(length / 2);
  const early = Array.from({ length: TAKEN }, () => 1 + random.below(half));
  const late = Array.from({ length: TAKEN }, () => half + random.below(half));
  const digests = digestsOnTheWay(timeline, early);
  timeline.advance(half);
  digests.set(half, timeline.digest());
  for (const position of early) {
    complete(timeline.travel!.seekTo(position));
    timeline.snapshots.take(`past ${position}`);
    assert.equal(timeline.digest(), digests.get(position), 'taking a snapshot changes nothing');
  }
  complete(timeline.travel!.seekTo(half));
  assert.equal(timeline.travel!.isAtLiveEnd, true);
  const taken = timeline.snapshots.take(`present ${half}`);
  assert.deepEqual([taken.position, taken.isAutomatic], [half, false]);
  for (const [position, digest] of digestsOnTheWay(timeline, late)) digests.set(position, digest);
  const end = timeline.advance(Infinity)!;
  timeline.close(end);
  checkOverlay(stage, t);
  return { random, stage, positions: [...early, ...late], digests, end };
}

/** The demo with a second disk, which it does not use. */
function withSecondDrive(t: TestContext): { stage: Stage; second: string } {
  const stage = stageOf(DEMO, t);
  const [first] = stage.setup.drives;
  const second = first.overlay!.replace('hd0', 'hd1');
  stage.setup.drives = [first, { ...first, id: 'hd1', image: `${first.image}.2`, overlay: second }];
  copyFileSync(first.image, `${first.image}.2`);
  return { stage, second };
}

function changeOverlay(path: string, change: (image: Qcow2Image) => void): void {
  const image = Qcow2Image.open(openFile(path, { write: true, create: 'never' }), { writable: true });
  change(image);
  image.close();
}

function checkOverlay(stage: Stage, t: TestContext): void {
  const image = openOverlay(stage.setup.drives[0].overlay!);
  const { corruptions, leaks } = image.check();
  image.close();
  assert.deepEqual({ corruptions, leaks }, { corruptions: [], leaks: 0 });
  if (requireTool('qemu-img', t)) qemuImg('check', stage.setup.drives[0].overlay!);
}

function snapshotsOf(stage: Stage): { name: string; position: number }[] {
  const image = openOverlay(stage.setup.drives[0].overlay!);
  const listed = image.snapshots.list.map(({ name, icount }) => ({ name, position: icount! }));
  image.close();
  return listed;
}

const openOverlay = (path: string, backing?: RawImage): Qcow2Image =>
  Qcow2Image.open(openFile(path, { write: false, create: 'never' }), { writable: false, backing });

/** Returns the bytes that a guest would read from an overlay, in its current state or in a snapshot. */
function wholeDisk(path: string, stage: Stage, snapshot?: string): Uint8Array {
  const backing = new RawImage(openFile(stage.setup.drives[0].image, { write: false, create: 'never' }));
  const image = openOverlay(path, backing);
  const disk = snapshot === undefined ? image : image.snapshots.open(snapshot).disk;
  const bytes = new Uint8Array(disk.lengthBytes);
  disk.read(0, bytes);
  image.close();
  backing.close();
  return bytes;
}

/** Returns the bytes that the guest would currently read from its disk. */
function diskOf(timeline: MachineTimeline): Uint8Array {
  const { device } = timeline.machine.drives[0] as BlkreplayFilter;
  const bytes = new Uint8Array(device.lengthBytes);
  device.read(0, bytes);
  return bytes;
}

const qemuImg = (...args: string[]): string => runTool('qemu-img', args);
