/** qemu-img accepts blkreplay's images and finds the same disk contents and snapshots in them as blkreplay does. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { Qcow2Image } from '../../../../debug-adapter/engine/block/qcow2/image.ts';
import { SeededRandom } from '../../../support/seededRandom.ts';
import { requireTool, runTool } from '../../../support/tools.ts';
import { ImageModel } from './imageModel.ts';
import * as support from './support.ts';
import {
  assertQemuClean,
  assertSameBytes,
  filled,
  KIB,
  loadFile,
  MIB,
  newImage,
  saveFile,
  takeSnapshot,
} from './support.ts';
import { some } from '../../../support/extent.ts';

test('qemu-img info shows the names, sizes and instruction counts of snapshots', (t) => {
  if (!requireTool('qemu-img', t)) return;
  const { image, file } = newImage({ base: filled(MIB, 7) });
  takeSnapshot(image, 'replay_init', { icount: 0, vmStateSizeBytes: 5000 });
  takeSnapshot(image, 'here', { icount: 123_456_789_012, vmStateSizeBytes: 2 ** 33 });
  image.close();
  const folder = support.temporaryFolder(t);
  saveFile(folder, 'base.img', filled(MIB, 7));
  const info = qemuInfo(saveFile(folder, 'overlay.qcow2', file.contents()));
  assert.equal(info['virtual-size'], MIB);
  assert.equal(info['cluster-size'], 4096);
  assert.equal(info['backing-filename'], 'base.img');
  assert.equal(info['backing-filename-format'], 'raw');
  assert.deepEqual(
    info.snapshots.map((snapshot) => [snapshot.name, snapshot.icount, snapshot['vm-state-size'], snapshot['date-sec']]),
    [
      ['replay_init', 0, 5000, 1_700_000_000],
      ['here', 123_456_789_012, 2 ** 33, 1_700_000_000],
    ],
  );
  assert.match(runTool('qemu-img', ['snapshot', '-l', info.filename]), /replay_init/);
});

for (const clusterSizeBytes of some([512, 4096, 65536], 1)) {
  test(`qemu-img check, convert and snapshot work on blkreplay's images with ${clusterSizeBytes}-byte clusters`, (t) => {
    if (!requireTool('qemu-img', t)) return;
    const random = SeededRandom.forTest(t);
    const baseBytes = random.bytes(300 * KIB);
    const { image, file } = newImage({ clusterSizeBytes, base: baseBytes });
    const model = new ImageModel(baseBytes, 100 * KIB);
    for (let step = 0; step < 200; step++) {
      const dice = random.below(20);
      if (dice < 9) model.write(image, random);
      else if (dice < 12) model.writeZeroes(image, random);
      else if (dice < 15) model.writeVmState(image, random);
      else if (dice < 17) model.createSnapshot(image);
      else if (dice < 18 && model.snapshots.size > 3) model.deleteSnapshot(image, random);
      else if (dice < 19) model.applySnapshot(image, random);
      else image.flush();
    }
    model.createSnapshot(image);
    const folder = support.temporaryFolder(t);
    saveFile(folder, 'base.img', baseBytes);
    image.flush();
    const open = saveFile(folder, 'open.qcow2', file.contents());
    assertQemuClean(open);
    assertSameBytes(converted(folder, open), model.disk, 'the open image');
    image.close();
    const closed = saveFile(folder, 'closed.qcow2', file.contents());
    assertQemuClean(closed);
    assertSameBytes(converted(folder, closed), model.disk, 'the closed image');
    for (const [name, { disk }] of model.snapshots) {
      assertSameBytes(converted(folder, closed, ['-l', `snapshot.name=${name}`]), disk, name);
    }
    changeByQemu(folder, closed, model, [...model.snapshots.keys()]);
  });
}

/** qemu-img applies, deletes and takes snapshots in blkreplay's image, and blkreplay reads the result. */
function changeByQemu(folder: string, path: string, model: ImageModel, names: string[]): void {
  const [first, last] = [names[0], names.at(-1)!];
  runTool('qemu-img', ['snapshot', '-a', first, path]);
  assertQemuClean(path);
  assertSameBytes(converted(folder, path), model.snapshots.get(first)!.disk, `applied ${first}`);
  runTool('qemu-img', ['snapshot', '-d', last, path]);
  runTool('qemu-img', ['snapshot', '-c', 'by qemu', path]);
  assertQemuClean(path);
  const base = support.rawImage(loadFile(join(folder, 'base.img')).contents());
  const image = Qcow2Image.open(loadFile(path), { writable: true, backing: base });
  support.assertClean(image);
  assertSameBytes(support.readAll(image.snapshots.open('by qemu').disk), model.snapshots.get(first)!.disk);
  for (const name of names.slice(0, -1)) model.assertSameSnapshot(image, name);
  image.snapshots.deleteMany(names.slice(0, -1));
  support.assertClean(image);
}

test('qemu-img compare, commit and resize work on a closed overlay with snapshots', (t) => {
  if (!requireTool('qemu-img', t)) return;
  const folder = support.temporaryFolder(t);
  const base = filled(MIB, 7);
  const basePath = saveFile(folder, 'base.img', base);
  const { image, file } = newImage({ base });
  image.write(0, filled(64 * KIB, 1));
  image.vmState.write(0, filled(MIB, 2));
  takeSnapshot(image, 'first', { vmStateSizeBytes: MIB, icount: 1 });
  image.close();
  const path = saveFile(folder, 'overlay.qcow2', file.contents());
  runTool('qemu-img', ['resize', path, '2M']);
  const resized = converted(folder, path);
  assertSameBytes(resized.subarray(MIB), new Uint8Array(MIB), 'the new half');
  runTool('qemu-img', ['resize', '--shrink', path, '1M']);
  assertQemuClean(path);
  runTool('qemu-img', ['commit', '-f', 'qcow2', path]);
  runTool('qemu-img', ['compare', '-F', 'raw', path, basePath]);
  assertSameBytes(loadFile(basePath).contents(), base.slice().fill(1, 0, 64 * KIB), 'the base after commit');
});

test('qemu-img accepts state-only images', (t) => {
  if (!requireTool('qemu-img', t)) return;
  const folder = support.temporaryFolder(t);
  for (const lengthBytes of [0, 64 * KIB]) {
    const { image, file } = newImage({ lengthBytes });
    image.vmState.write(0, filled(MIB, 1));
    takeSnapshot(image, 'first', { vmStateSizeBytes: MIB, icount: 12 });
    image.close();
    const path = saveFile(folder, `state${lengthBytes}.qcow2`, file.contents());
    assertQemuClean(path);
    assert.equal(qemuInfo(path).snapshots[0].icount, 12);
    assert.match(runTool('qemu-img', ['snapshot', '-l', path]), /first/);
    runTool('qemu-img', ['snapshot', '-d', 'first', path]);
    assertQemuClean(path);
  }
});

test('qemu-img repairs an image whose dirty bit is still set after a kill', (t) => {
  if (!requireTool('qemu-img', t)) return;
  const folder = support.temporaryFolder(t);
  const { image, file } = newImage();
  image.write(0, filled(64 * KIB, 1));
  takeSnapshot(image, 'first');
  image.write(0, filled(32 * KIB, 2));
  image.writeBack();
  const path = saveFile(folder, 'killed.qcow2', file.contents());
  // Opening the image for writing repairs it, since QEMU recomputes the refcounts if the dirty bit is set.
  runTool('qemu-img', ['snapshot', '-c', 'by qemu', path]);
  assertQemuClean(path);
  assertSameBytes(converted(folder, path).subarray(0, 64 * KIB), filled(64 * KIB, 1).fill(2, 0, 32 * KIB));
});

for (const [whose, options] of [
  ['made by blkreplay', undefined],
  ['made by QEMU', 'cluster_size=65536'],
  ['made by QEMU with 8-bit refcounts', 'cluster_size=4096,refcount_bits=8'],
  ['made by QEMU, version 2', 'compat=0.10,cluster_size=512'],
] as const) {
  test(`taking and deleting a hundred snapshots leaks no clusters in an image ${whose}`, (t) => {
    if (!requireTool('qemu-img', t)) return;
    const folder = support.temporaryFolder(t);
    const path = join(folder, 'image.qcow2');
    if (options === undefined) saveFile(folder, 'image.qcow2', newImage({ lengthBytes: MIB }).file.contents());
    else runTool('qemu-img', ['create', '-q', '-f', 'qcow2', '-o', options, path, '1M']);
    const file = loadFile(path);
    const image = Qcow2Image.open(file, { writable: true });
    let lengthHalfway = 0;
    for (let i = 1; i <= 100; i++) {
      image.write((i * 37 * KIB) % (900 * KIB), filled(20 * KIB, i));
      image.vmState.write((i * 4096) % (64 * KIB), filled(8192, i));
      takeSnapshot(image, `s${i}`, { icount: i, vmStateSizeBytes: 72 * KIB });
      if (i > 3) image.snapshots.delete(`s${i - 3}`);
      if (i === 50) lengthHalfway = file.length();
    }
    image.snapshots.deleteMany(['s98', 's99', 's100']);
    support.assertClean(image);
    image.close();
    assert.ok(file.length() <= lengthHalfway + 512 * KIB, 'freed clusters are reused');
    assertQemuClean(saveFile(folder, 'after.qcow2', file.contents()));
    assert.equal(runTool('qemu-img', ['snapshot', '-l', join(folder, 'after.qcow2')]), '');
  });
}

interface QemuInfo {
  filename: string;
  'virtual-size': number;
  'cluster-size': number;
  'backing-filename': string;
  'backing-filename-format': string;
  snapshots: { name: string; icount: number; 'vm-state-size': number; 'date-sec': number }[];
}

function qemuInfo(path: string): QemuInfo {
  return JSON.parse(runTool('qemu-img', ['info', '--output=json', path])) as QemuInfo;
}

function converted(folder: string, path: string, options: string[] = []): Uint8Array {
  const raw = join(folder, 'converted.img');
  runTool('qemu-img', ['convert', ...options, '-f', 'qcow2', '-O', 'raw', path, raw]);
  return loadFile(raw).contents();
}
