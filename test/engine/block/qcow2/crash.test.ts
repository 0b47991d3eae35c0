/** A kill or power cut between any two file calls of a random workload loses no durable data.
 *
 * The simulated power cut also drops unsynced sectors. Afterwards the image must be undamaged, and opening it for
 * writing must free all leaked clusters.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Qcow2Image } from '../../../../debug-adapter/engine/block/qcow2/image.ts';
import { UserError } from '../../../../debug-adapter/messages/userError.ts';
import { MemoryFile } from '../../../support/memoryFile.ts';
import { SeededRandom } from '../../../support/seededRandom.ts';
import { afterKill, afterPowerCut, SimulatedFile, type FileChange } from '../../../support/simulatedFile.ts';
import { ImageModel } from './imageModel.ts';
import { assertClean, assertSameBytes, filled, KIB, readAll, readDisk, takeSnapshot } from './support.ts';
import { some, times } from '../../../support/extent.ts';

for (const clusterSizeBytes of some([512, 4096], 1)) {
  test(`a kill at any file call loses nothing that was written back, with ${clusterSizeBytes}-byte clusters`, (t) => {
    const random = SeededRandom.forTest(t);
    for (let round = 0; round < times({ quick: 2, long: 4 }); round++) {
      const run = recordWorkload(random, { clusterSizeBytes, lasts: 'writeBack' });
      for (let calls = 0; calls <= run.log.length; calls++) {
        checkAfterCrash(run, { calls, bytes: afterKill(run.start, run.log, calls) });
      }
    }
  });

  test(`a power cut at any file call loses nothing that was flushed, with ${clusterSizeBytes}-byte clusters`, (t) => {
    const random = SeededRandom.forTest(t);
    for (let round = 0; round < times({ quick: 2, long: 4 }); round++) {
      const run = recordWorkload(random, { clusterSizeBytes, lasts: 'flush' });
      for (let calls = 0; calls <= run.log.length; calls++) {
        checkAfterCrash(run, { calls, bytes: afterPowerCut(run.start, run.log, calls, run.random) });
      }
    }
  });
}

test('a kill while an image is created leaves either no image or a complete one', () => {
  const file = new SimulatedFile('overlay.qcow2');
  Qcow2Image.create(file, { lengthBytes: 100 * KIB, clusterSizeBytes: 512 });
  for (let calls = 0; calls <= file.log.length; calls++) {
    const left = new MemoryFile('overlay.qcow2', afterKill(new Uint8Array(0), file.log, calls));
    try {
      assertClean(Qcow2Image.open(left, { writable: false }));
    } catch (error) {
      assert(error instanceof UserError && error.code === 'image-not-qcow2', String(error));
    }
  }
});

test('if the disk becomes full at any point in createSnapshotFrom, the call throws an error, and nothing is lost or leaked', () => {
  for (let room = 0; ; room += 512) {
    const file = new MemoryFile('overlay.qcow2');
    const image = Qcow2Image.create(file, { lengthBytes: 100 * KIB, clusterSizeBytes: 512 });
    image.write(0, filled(40 * KIB, 1));
    takeSnapshot(image, 'first');
    image.write(0, filled(10 * KIB, 2));
    file.lengthMax = file.length() + room;
    const nothing = { dateSeconds: 0, dateNanoseconds: 0, vmClockNanoseconds: 0, vmStateSizeBytes: 0, icount: 7 };
    const derive = () =>
      image.snapshots.createFrom('first', { name: 'second', ...nothing }, (draft) =>
        draft.setDisk(5 * KIB, filled(30 * KIB, 3)),
      );
    const failed = throwsNoSpace(derive);
    file.lengthMax = Infinity;
    if (failed) derive();
    assert.deepEqual(image.check().corruptions, []);
    image.snapshots.delete('first');
    const expected = filled(40 * KIB, 1).fill(3, 5 * KIB, 35 * KIB);
    assertSameBytes(readDisk(image.snapshots.open('second').disk, 0, 40 * KIB), expected);
    image.close();
    const again = Qcow2Image.open(file, { writable: true });
    assertClean(again);
    assertSameBytes(readDisk(again, 0, 10 * KIB), filled(10 * KIB, 2));
    if (!failed) return;
  }
});

test('if the disk becomes full at any point in createSnapshot, the call throws an error, and nothing is lost', () => {
  for (let room = 0; ; room += 512) {
    const file = new MemoryFile('overlay.qcow2');
    const image = Qcow2Image.create(file, { lengthBytes: 100 * KIB, clusterSizeBytes: 512 });
    image.write(0, filled(40 * KIB, 1));
    takeSnapshot(image, 'first');
    image.write(0, filled(10 * KIB, 2));
    file.lengthMax = file.length() + room;
    const failed = throwsNoSpace(() => takeSnapshot(image, 'second'));
    file.lengthMax = Infinity;
    if (failed) takeSnapshot(image, 'second');
    image.write(0, filled(5 * KIB, 3));
    image.snapshots.delete('first');
    assertSameBytes(readDisk(image.snapshots.open('second').disk, 0, 10 * KIB), filled(10 * KIB, 2));
    assert.deepEqual(image.check().corruptions, []);
    image.close();
    const again = Qcow2Image.open(file, { writable: true });
    assertClean(again);
    assertSameBytes(readDisk(again, 0, 5 * KIB), filled(5 * KIB, 3));
    if (!failed) return;
  }
});

interface Run {
  start: Uint8Array;
  log: FileChange[];
  /** The state that is guaranteed to survive a crash after this number of file calls. */
  promises: { calls: number; model: ImageModel }[];
  /**
   * The state after each step. After a crash the image may contain the last guaranteed state or any later one.
   */
  steps: { calls: number; model: ImageModel }[];
  random: SeededRandom;
}

function recordWorkload(
  random: SeededRandom,
  options: { clusterSizeBytes: number; lasts: 'writeBack' | 'flush' },
): Run {
  const fresh = new MemoryFile('overlay.qcow2');
  const diskBytes = 48 * KIB;
  Qcow2Image.create(fresh, {
    lengthBytes: diskBytes,
    clusterSizeBytes: options.clusterSizeBytes,
  }).closeWithoutWriting();
  const start = fresh.contents();
  const file = new SimulatedFile('overlay.qcow2', start);
  const image = Qcow2Image.open(file, { writable: true });
  const model = new ImageModel(new Uint8Array(diskBytes), 16 * KIB).startsHere();
  const run: Run = { start, log: file.log, promises: [], steps: [], random };
  const record = (list: Run['steps']) => list.push({ calls: file.log.length, model: model.copy() });
  record(run.promises);
  record(run.steps);
  for (let step = 0; step < 60; step++) {
    const dice = random.below(100);
    const hadSnapshots = model.snapshots.size > 0;
    if (dice < 45) model.write(image, random);
    else if (dice < 55) model.writeZeroes(image, random);
    else if (dice < 62) model.writeVmState(image, random);
    else if (dice < 65) model.relinkVmState(image, random);
    else if (dice < 70) model.createSnapshot(image);
    else if (dice < 74) model.createSnapshotFrom(image, random);
    else if (dice < 80) model.deleteSnapshot(image, random);
    else if (dice < 82) model.renameSnapshot(image, random);
    else if (dice < 85) model.applySnapshot(image, random);
    else if (dice < 92) image.flush();
    else image.writeBack();
    record(run.steps);
    // When a snapshot operation returns, it and all earlier writes are durable.
    const lasts = dice >= 85 && (dice < 92 || options.lasts === 'writeBack');
    const isPromise = lasts || (dice >= 65 && dice < 85 && (dice < 74 || hadSnapshots));
    if (isPromise) record(run.promises);
  }
  image.close();
  record(run.steps);
  return run;
}

function checkAfterCrash(run: Run, { calls, bytes }: { calls: number; bytes: Uint8Array }): void {
  const what = `after ${calls} of ${run.log.length} calls`;
  const readOnly = Qcow2Image.open(new MemoryFile('overlay.qcow2', bytes), { writable: false });
  assert.deepEqual(readOnly.check().corruptions, [], what);
  checkContents(run, calls, readOnly);

  const file = new MemoryFile('overlay.qcow2', bytes);
  const repaired = Qcow2Image.open(file, { writable: true });
  assertClean(repaired, what);
  checkContents(run, calls, repaired);
  repaired.write(0, filled(9 * KIB, 0xee));
  repaired.close();
  const closed = Qcow2Image.open(file, { writable: false });
  assertClean(closed, what);
  for (const { name } of closed.snapshots.list) checkSnapshot(run, calls, closed, name);
}

function checkContents(run: Run, calls: number, image: Qcow2Image): void {
  const promised = run.promises.findLast((promise) => promise.calls <= calls)!;
  const possible = run.steps.filter((step) => step.calls >= promised.calls);
  const upTo = possible.findIndex((step) => step.calls > calls);
  const models = [promised.model, ...possible.slice(0, upTo < 0 ? undefined : upTo + 1).map(({ model }) => model)];
  checkSectors(readAll(image), models, `disk after ${calls} calls`);
  for (const name of promised.model.snapshots.keys()) {
    const stays = models.every((model) => model.snapshots.has(name));
    if (stays)
      assert(
        image.snapshots.list.some((snapshot) => snapshot.name === name),
        `${name} is missing after ${calls} calls`,
      );
  }
  for (const { name } of image.snapshots.list) checkSnapshot(run, calls, image, name);
}

/** Asserts that each sector contains data from the last guaranteed state or a later one, and never older data. */
function checkSectors(disk: Uint8Array, models: ImageModel[], what: string): void {
  for (let at = 0; at < disk.length; at += 512) {
    const sector = disk.subarray(at, at + 512);
    const known = models.some((model) => Buffer.compare(sector, model.disk.subarray(at, at + 512)) === 0);
    assert(known || isMixture(disk, models, at), `${what}: sector at ${at} is neither old nor new`);
  }
}

/**
 * If parts of a sector were written several times since the last guaranteed state, the sector may contain bytes from
 * any of these writes.
 */
function isMixture(disk: Uint8Array, models: ImageModel[], at: number): boolean {
  for (let i = at; i < Math.min(at + 512, disk.length); i++) {
    if (!models.some((model) => model.disk[i] === disk[i])) return false;
  }
  return true;
}

function checkSnapshot(run: Run, calls: number, image: Qcow2Image, name: string): void {
  const step = run.steps.find(({ model }) => model.snapshots.has(name));
  assert(step, `an unknown snapshot ${name} after ${calls} calls`);
  step.model.assertSameSnapshot(image, name);
}

function throwsNoSpace(action: () => void): boolean {
  try {
    action();
    return false;
  } catch (error) {
    assert.match(String(error), /no space/);
    return true;
  }
}
