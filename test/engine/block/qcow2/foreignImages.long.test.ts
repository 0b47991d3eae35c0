/** Images written by QEMU are read correctly, and QEMU can read them after blkreplay has written to them. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { Qcow2Image } from '../../../../debug-adapter/engine/block/qcow2/image.ts';
import { UserError } from '../../../../debug-adapter/messages/userError.ts';
import { nodeCompression as compression } from '../../../../debug-adapter/host/compression.ts';
import { SeededRandom } from '../../../support/seededRandom.ts';
import { requireTool, runTool } from '../../../support/tools.ts';
import * as support from './support.ts';
import {
  assertClean,
  assertQemuClean,
  assertSameBytes,
  filled,
  KIB,
  loadFile,
  MIB,
  readAll,
  saveFile,
} from './support.ts';

const optionSets = [
  'cluster_size=512',
  'cluster_size=4096',
  'cluster_size=65536',
  'cluster_size=2097152',
  'compat=0.10',
  'refcount_bits=1',
  'refcount_bits=8',
  'refcount_bits=32',
  'refcount_bits=64',
  'lazy_refcounts=on',
  'preallocation=metadata',
];

for (const options of optionSets) {
  test(`an image made by qemu-img with ${options} can be read and written`, (t) => {
    if (!requireTool('qemu-img', t)) return;
    const folder = support.temporaryFolder(t);
    const content = someContent();
    const path = join(folder, 'image.qcow2');
    const raw = saveFile(folder, 'content.img', content);
    runTool('qemu-img', ['convert', '-f', 'raw', '-O', 'qcow2', '-o', options, raw, path]);
    const file = loadFile(path);
    const image = Qcow2Image.open(file, { writable: true });
    assertSameBytes(readAll(image), content);
    content.fill(9, 100_000, 200_000).fill(0, 300_000, 500_000);
    image.write(100_000, filled(100_000, 9));
    image.writeZeroes(300_000, 200_000);
    assertSameBytes(readAll(image), content);
    assertClean(image);
    image.close();
    const written = saveFile(folder, 'written.qcow2', file.contents());
    assertQemuClean(written);
    runTool('qemu-img', ['compare', '-f', 'qcow2', '-F', 'raw', written, saveFile(folder, 'expected.img', content)]);
  });
}

test('snapshots taken by qemu-img can be listed, viewed and applied', (t) => {
  if (!requireTool('qemu-img', t) || !requireTool('qemu-io', t)) return;
  const folder = support.temporaryFolder(t);
  saveFile(folder, 'base.img', filled(MIB, 7));
  const path = join(folder, 'overlay.qcow2');
  runTool('qemu-img', ['create', '-q', '-f', 'qcow2', '-b', 'base.img', '-F', 'raw', path]);
  runTool('qemu-img', ['snapshot', '-c', 'empty', path]);
  runTool('qemu-io', ['-c', 'write -P 1 0 300k', path]);
  runTool('qemu-img', ['snapshot', '-c', 'ones', path]);
  runTool('qemu-io', ['-c', 'write -P 2 100k 100k', '-c', 'write -z 900k 60k', path]);

  const base = support.rawImage(filled(MIB, 7));
  const image = Qcow2Image.open(loadFile(path), { writable: true, backing: base });
  const ones = filled(MIB, 7).fill(1, 0, 300 * KIB);
  const active = ones
    .slice()
    .fill(2, 100 * KIB, 200 * KIB)
    .fill(0, 900 * KIB, 960 * KIB);
  assert.equal(image.backingFileName, 'base.img');
  assertSameBytes(readAll(image), active, 'active');
  assertSameBytes(readAll(image.snapshots.open('empty').disk), filled(MIB, 7), 'empty');
  assertSameBytes(readAll(image.snapshots.open('ones').disk), ones, 'ones');
  image.snapshots.apply('ones');
  assertSameBytes(readAll(image), ones, 'applied');
  image.snapshots.deleteMany(['empty', 'ones']);
  assertClean(image);
});

test('two snapshots to which QEMU gave the same name are both listed and can both be deleted', (t) => {
  if (!requireTool('qemu-img', t) || !requireTool('qemu-io', t)) return;
  const folder = support.temporaryFolder(t);
  const path = join(folder, 'image.qcow2');
  runTool('qemu-img', ['create', '-q', '-f', 'qcow2', path, '1M']);
  for (const value of [1, 2, 3]) {
    runTool('qemu-io', ['-c', `write -P ${value} 0 300k`, path]);
    if (value < 3) runTool('qemu-img', ['snapshot', '-c', 'same', path]);
  }
  for (const deletions of [[['same'], ['same']], [['same', 'same']]]) {
    const file = loadFile(path);
    const image = Qcow2Image.open(file, { writable: true });
    assert.deepEqual(
      image.snapshots.list.map(({ name, id }) => [name, id]),
      [
        ['same', '1'],
        ['same', '2'],
      ],
    );
    assert.throws(() => support.takeSnapshot(image, 'same'), /has a snapshot named "same"/);
    for (const names of deletions) image.snapshots.deleteMany(names);
    assert.throws(() => image.snapshots.deleteMany(['same']), /has no snapshot named "same"/);
    assertSameBytes(readAll(image).subarray(0, 300 * KIB), filled(300 * KIB, 3));
    assertClean(image);
    image.close();
    assertQemuClean(saveFile(folder, 'after.qcow2', file.contents()));
  }
});

test('taking a snapshot in an image with one-bit refcounts is rejected, and the image stays unchanged', (t) => {
  if (!requireTool('qemu-img', t)) return;
  const path = join(support.temporaryFolder(t), 'image.qcow2');
  runTool('qemu-img', ['create', '-q', '-f', 'qcow2', '-o', 'refcount_bits=1', path, '1M']);
  const image = Qcow2Image.open(loadFile(path), { writable: true });
  image.write(0, filled(MIB, 1));
  assert.throws(() => support.takeSnapshot(image, 'first'), /its reference counts are only 1 bit wide/);
  image.write(0, filled(MIB, 2));
  assertSameBytes(readAll(image), filled(MIB, 2));
  assertClean(image);
});

test('an image that QEMU left dirty is repaired when it is opened for writing', (t) => {
  if (!requireTool('qemu-img', t) || !requireTool('qemu-io', t)) return;
  const folder = support.temporaryFolder(t);
  const path = join(folder, 'dirty.qcow2');
  runTool('qemu-img', ['create', '-q', '-f', 'qcow2', '-o', 'lazy_refcounts=on', path, '1M']);
  try {
    runTool('qemu-io', ['-c', 'write -P 3 0 200k', '-c', 'flush', '-c', 'abort', path]);
  } catch {
    // `qemu-io` exits with an error status after `abort`.
  }
  const file = loadFile(path);
  assert(
    Qcow2Image.open(file, { writable: false }).check().corruptions.length > 0,
    'QEMU left the refcounts unwritten',
  );
  const image = Qcow2Image.open(file, { writable: true });
  assertClean(image);
  assertSameBytes(readAll(image).subarray(0, 200 * KIB), filled(200 * KIB, 3));
});

test('compressed clusters are read, and an overwritten compressed cluster becomes a normal one', (t) => {
  if (!requireTool('qemu-img', t)) return;
  const folder = support.temporaryFolder(t);
  const content = someContent();
  const raw = saveFile(folder, 'content.img', content);
  for (const clusterSize of [512, 4096, 65536]) {
    const path = join(folder, `compressed${clusterSize}.qcow2`);
    runTool('qemu-img', ['convert', '-c', '-O', 'qcow2', '-o', `cluster_size=${clusterSize}`, raw, path]);
    assertSameBytes(readAll(Qcow2Image.open(loadFile(path), { writable: false, compression })), content);

    const file = loadFile(path);
    const image = Qcow2Image.open(file, { writable: true, compression });
    support.takeSnapshot(image, 'packed');
    const changed = content.slice().fill(5, 1000, 300_000);
    image.write(1000, filled(299_000, 5));
    assertSameBytes(readAll(image), changed);
    assertSameBytes(readAll(image.snapshots.open('packed').disk), content);
    assertClean(image);
    image.snapshots.delete('packed');
    image.close();
    const written = saveFile(folder, 'written.qcow2', file.contents());
    assertQemuClean(written);
    runTool('qemu-img', ['compare', '-F', 'raw', written, saveFile(folder, 'expected.img', changed)]);
  }
});

test('clusters compressed with zstd are read, and an overwritten compressed cluster becomes a normal one', (t) => {
  if (!requireTool('qemu-img', t)) return;
  const folder = support.temporaryFolder(t);
  const content = someContent();
  const path = join(folder, 'zstd.qcow2');
  const raw = saveFile(folder, 'content.img', content);
  for (const clusterSize of [4096, 65536, 2 * MIB]) {
    const options = `compression_type=zstd,cluster_size=${clusterSize}`;
    runTool('qemu-img', ['convert', '-c', '-O', 'qcow2', '-o', options, raw, path]);
    const file = loadFile(path);
    const image = Qcow2Image.open(file, { writable: true, compression });
    assertSameBytes(readAll(image), content);
    image.write(1000, filled(299_000, 5));
    assertSameBytes(readAll(image), content.slice().fill(5, 1000, 300_000));
    assertClean(image);
    image.close();
    assertQemuClean(saveFile(folder, 'written.qcow2', file.contents()));
  }
});

for (const clusterSize of [16384, 65536, 2 * MIB]) {
  test(`images with ${clusterSize}-byte clusters, subclusters and a backing file are read but not written`, (t) => {
    if (!requireTool('qemu-img', t) || !requireTool('qemu-io', t)) return;
    const folder = support.temporaryFolder(t);
    const path = join(folder, 'overlay.qcow2');
    saveFile(folder, 'base.img', filled(4 * MIB, 7));
    const options = `extended_l2=on,cluster_size=${clusterSize}`;
    runTool('qemu-img', ['create', '-q', '-f', 'qcow2', '-o', options, '-b', 'base.img', '-F', 'raw', path]);
    runTool('qemu-io', ['-c', 'write -P 1 5k 30k', '-c', 'write -z 20k 4k', '-c', 'write -P 2 1M 600k', path]);
    runTool('qemu-img', ['snapshot', '-c', 'first', path]);
    runTool('qemu-io', ['-c', 'write -P 3 6k 1k', '-c', 'write -z 2M 1M', '-c', 'discard 1100k 256k', path]);
    const expected = join(folder, 'expected.img');
    runTool('qemu-img', ['convert', '-O', 'raw', path, expected]);
    const backing = support.rawImage(filled(4 * MIB, 7));
    const image = Qcow2Image.open(loadFile(path), { writable: false, backing });
    assertSameBytes(readAll(image), loadFile(expected).contents());
    assertClean(image);
    runTool('qemu-img', ['snapshot', '-a', 'first', path]);
    runTool('qemu-img', ['convert', '-O', 'raw', path, expected]);
    assertSameBytes(readAll(image.snapshots.open('first').disk), loadFile(expected).contents());
    assert.throws(
      () => Qcow2Image.open(loadFile(path), { writable: true }),
      /subclusters\) and cannot be opened for writing/,
    );
  });
}

test('compressed clusters are rejected with a one-sentence message if there is no decompressor', (t) => {
  if (!requireTool('qemu-img', t)) return;
  const folder = support.temporaryFolder(t);
  const path = join(folder, 'compressed.qcow2');
  runTool('qemu-img', ['convert', '-c', '-O', 'qcow2', saveFile(folder, 'content.img', someContent()), path]);
  const image = Qcow2Image.open(loadFile(path), { writable: false });
  assert.throws(() => readAll(image), /compressed clusters/);
});

const refusals: { options: string; says: RegExp }[] = [
  { options: 'data_file=data.img', says: /an external data file/ },
];

for (const { options, says } of refusals) {
  test(`an image with ${options} is rejected with a message that names the feature`, (t) => {
    if (!requireTool('qemu-img', t)) return;
    const folder = support.temporaryFolder(t);
    const path = join(folder, 'image.qcow2');
    const option = options.replace('data.img', join(folder, 'data.img'));
    runTool('qemu-img', ['create', '-q', '-f', 'qcow2', '-o', option, path, '1M']);
    const open = () => Qcow2Image.open(loadFile(path), { writable: false });
    assert.throws(open, (error) => error instanceof UserError && says.test(error.message));
  });
}

test('an encrypted image is rejected with a message that names the encryption', (t) => {
  if (!requireTool('qemu-img', t)) return;
  const path = join(support.temporaryFolder(t), 'image.qcow2');
  const secret = ['--object', 'secret,id=key,data=abc'];
  // Uses the older encryption method, because the newer one first measures the processor's speed and fails on a busy
  // machine.
  const options = 'encrypt.format=aes,encrypt.key-secret=key';
  runTool('qemu-img', ['create', '-q', ...secret, '-f', 'qcow2', '-o', options, path, '1M']);
  assert.throws(() => Qcow2Image.open(loadFile(path), { writable: false }), /encryption/);
});

test('an image with dirty bitmaps is read but not written', (t) => {
  if (!requireTool('qemu-img', t)) return;
  const path = join(support.temporaryFolder(t), 'image.qcow2');
  runTool('qemu-img', ['create', '-q', '-f', 'qcow2', path, '1M']);
  runTool('qemu-img', ['bitmap', '--add', path, 'backup']);
  assertSameBytes(readAll(Qcow2Image.open(loadFile(path), { writable: false })), new Uint8Array(MIB));
  assert.throws(() => Qcow2Image.open(loadFile(path), { writable: true }), /dirty bitmaps/);
});

/** Contents of an image: text, holes and random bytes. */
function someContent(): Uint8Array {
  const content = new Uint8Array(2 * MIB);
  content.fill(3, 10_000, 400_000);
  content.set(new SeededRandom(1).bytes(300_000), 1_000_000);
  content.fill(4, 2 * MIB - 512);
  return content;
}
