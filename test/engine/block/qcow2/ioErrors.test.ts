/** An I/O error at any file call makes the operation throw, and the image remains undamaged and usable.
 *
 * The operation succeeds when it is repeated. At worst, clusters remain leaked until the image is opened again.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Qcow2Image } from '../../../../debug-adapter/engine/block/qcow2/image.ts';
import { MemoryFile } from '../../../support/memoryFile.ts';
import { SeededRandom } from '../../../support/seededRandom.ts';
import { ImageModel } from './imageModel.ts';
import { assertClean, KIB, newImage, takeSnapshot } from './support.ts';

interface Operation {
  what: string;
  run(image: Qcow2Image): void;
  /** Whether the operation has taken effect, which is possible even if its last sync failed. */
  isDone(image: Qcow2Image): boolean;
  changeModel(model: ImageModel): void;
}

const has = (image: Qcow2Image, name: string) => image.snapshots.list.some((snapshot) => snapshot.name === name);

const operations: Operation[] = [
  { what: 'flush', run: (image) => image.flush(), isDone: () => false, changeModel() {} },
  { what: 'writeBack', run: (image) => image.writeBack(), isDone: () => false, changeModel() {} },
  {
    what: 'createSnapshot',
    run: (image) => takeSnapshot(image, 'new', { icount: 99 }),
    isDone: (image) => has(image, 'new'),
    changeModel: (model) =>
      model.snapshots.set('new', { disk: model.disk.slice(), vmState: model.vmState.slice(), icount: 99 }),
  },
  {
    what: 'deleteSnapshot',
    run: (image) => image.snapshots.delete('s0'),
    isDone: (image) => !has(image, 's0'),
    changeModel: (model) => model.snapshots.delete('s0'),
  },
  {
    what: 'renameSnapshot',
    run: (image) => image.snapshots.rename('s0', 'renamed'),
    isDone: (image) => has(image, 'renamed'),
    changeModel(model) {
      model.snapshots.set('renamed', model.snapshots.get('s0')!);
      model.snapshots.delete('s0');
    },
  },
  {
    what: 'applySnapshot',
    run: (image) => image.snapshots.apply('s0'),
    isDone: () => false,
    changeModel(model) {
      model.disk = model.snapshots.get('s0')!.disk.slice();
      model.vmState = model.snapshots.get('s0')!.vmState.slice();
    },
  },
];

for (const operation of operations) {
  test(`an I/O error at any file call in ${operation.what} does not damage the image`, (t) => {
    const random = SeededRandom.forTest(t);
    for (let changesLeft = 0; ; changesLeft++) {
      const { image, file, model } = busyImage(random);
      file.changesLeft = changesLeft;
      const failed = failsWithIoError(() => operation.run(image));
      file.changesLeft = Infinity;
      assert.deepEqual(copyOpened(file, { writable: false }).check().corruptions, []);

      if (failed && !operation.isDone(image)) operation.run(image);
      operation.changeModel(model);
      for (let i = 0; i < 5; i++) model.write(image, random);
      model.assertSame(image);
      image.flush();
      assert.deepEqual(image.check().corruptions, []);
      const again = copyOpened(file, { writable: true });
      model.assertSame(again);
      assertClean(again);
      if (!failed) return;
    }
  });
}

test('an I/O error during a write leaves the old or the new data, and the image remains usable', (t) => {
  const random = SeededRandom.forTest(t);
  for (let round = 0; round < 50; round++) {
    const { image, file, model } = busyImage(random);
    file.changesLeft = 0;
    const before = model.disk.slice();
    failsWithIoError(() => model.write(image, random));
    file.changesLeft = Infinity;
    model.disk = before;
    model.assertSame(image);
    image.flush();
    assertClean(image);
  }
});

/** An image with two snapshots, and with changes of every kind that have not been written back yet. */
function busyImage(random: SeededRandom) {
  const { image, file } = newImage({ lengthBytes: 40 * KIB, clusterSizeBytes: 512 });
  const model = new ImageModel(new Uint8Array(40 * KIB), 20 * KIB);
  const change = () => {
    for (let i = 0; i < 10; i++) model.write(image, random);
    model.writeVmState(image, random);
    model.writeZeroes(image, random);
  };
  change();
  model.createSnapshot(image);
  change();
  model.createSnapshot(image);
  change();
  return { image, file, model };
}

function copyOpened(file: MemoryFile, { writable }: { writable: boolean }): Qcow2Image {
  return Qcow2Image.open(new MemoryFile(file.name, file.contents()), { writable });
}

function failsWithIoError(action: () => void): boolean {
  try {
    action();
    return false;
  } catch (error) {
    assert.match(String(error), /IO error/);
    return true;
  }
}
