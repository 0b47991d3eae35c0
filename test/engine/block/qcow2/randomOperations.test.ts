/** Random requests and snapshot operations on an image give the same results as on plain byte arrays.
 *
 * All contents are compared each time the image is reopened.
 */
import { test } from 'node:test';
import type { BlockDevice } from '../../../../debug-adapter/engine/block/blockDevice.ts';
import { Qcow2Image } from '../../../../debug-adapter/engine/block/qcow2/image.ts';
import type { MemoryFile } from '../../../support/memoryFile.ts';
import { times } from '../../../support/extent.ts';
import { SeededRandom } from '../../../support/seededRandom.ts';
import { ImageModel } from './imageModel.ts';
import { assertClean, KIB, newImage } from './support.ts';

for (const clusterSizeBytes of [512, 4096, 65536]) {
  for (const withBase of [false, true]) {
    test(`random operations agree with plain arrays, with ${clusterSizeBytes}-byte clusters${withBase ? ', over a base' : ''}`, (t) => {
      const random = SeededRandom.forTest(t);
      const diskBytes = 300 * KIB + 512 * random.below(3);
      const baseBytes = withBase ? random.bytes(512 * random.below(900)) : undefined;
      const { image, file, base } = newImage({
        lengthBytes: diskBytes,
        clusterSizeBytes,
        base: baseBytes,
        // With a cache of two tables, nearly every request evicts a table.
        tableCacheBytes: withBase ? 0 : undefined,
      });
      const model = new ImageModel(new Uint8Array(diskBytes), 100 * KIB);
      if (baseBytes) model.disk.set(baseBytes.subarray(0, diskBytes));
      model.startsHere();
      const run = new RandomRun({ image, file, base, model, random });
      for (let step = 0; step < times({ quick: 200, long: 600 }); step++) run.step();
      run.compare();
    });
  }
}

class RandomRun {
  private image: Qcow2Image;
  private readonly file: MemoryFile;
  private readonly base: BlockDevice | undefined;
  private readonly model: ImageModel;
  private readonly random: SeededRandom;

  constructor(parts: {
    image: Qcow2Image;
    file: MemoryFile;
    base: BlockDevice | undefined;
    model: ImageModel;
    random: SeededRandom;
  }) {
    this.image = parts.image;
    this.file = parts.file;
    this.base = parts.base;
    this.model = parts.model;
    this.random = parts.random;
  }

  step(): void {
    const [image, model, random] = [this.image, this.model, this.random];
    const dice = random.below(100);
    if (dice < 40) model.write(image, random);
    else if (dice < 50) model.writeZeroes(image, random);
    else if (dice < 65) model.writeVmState(image, random);
    else if (dice < 70) model.zeroVmState(image, random);
    else if (dice < 74) model.createSnapshot(image);
    else if (dice < 77) model.createSnapshotFrom(image, random);
    else if (dice < 83) model.deleteSnapshot(image, random);
    else if (dice < 85) model.renameSnapshot(image, random);
    else if (dice < 88) model.applySnapshot(image, random);
    else if (dice < 90) model.relinkVmState(image, random);
    else if (dice < 94) image.flush();
    else if (dice < 97) image.writeBack();
    else if (dice < 99) this.compare();
    else this.reopen();
  }

  compare(): void {
    this.model.assertSame(this.image);
    assertClean(this.image);
  }

  /** A clean close removes all VM state that is not in a snapshot. */
  private reopen(): void {
    this.image.close();
    this.model.vmState.fill(0);
    assertClean(Qcow2Image.open(this.file, { writable: false, backing: this.base }));
    this.image = Qcow2Image.open(this.file, { writable: true, backing: this.base, tableCacheBytes: 0 });
    this.compare();
  }
}
