/** Randomly damaged images are read, or rejected with a message, and never cause a crash, a hang or a huge allocation.
 *
 * `BLKREPLAY_SEED=<seed> FUZZ_ROUNDS=1` repeats one round.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { Qcow2Image } from '../../../../debug-adapter/engine/block/qcow2/image.ts';
import { UserError } from '../../../../debug-adapter/messages/userError.ts';
import { nodeCompression as compression } from '../../../../debug-adapter/host/compression.ts';
import { MemoryFile } from '../../../support/memoryFile.ts';
import { SeededRandom } from '../../../support/seededRandom.ts';
import { runTool, requireTool } from '../../../support/tools.ts';
import { filled, KIB, loadFile, newImage, rawImage, saveFile, takeSnapshot, temporaryFolder } from './support.ts';
import { times } from '../../../support/extent.ts';

const ROUNDS = times({ quick: 700, long: 8000 }, 'FUZZ_ROUNDS');
const READ_BYTES_MAX = 4 << 20;

test(`${ROUNDS} images made by blkreplay, with damaged tables, are read or rejected`, (t) => fuzz(t, [ourImage()]));

test(`${ROUNDS} images of every kind made by QEMU, with damaged tables, are read or rejected`, (t) => {
  if (!requireTool('qemu-img', t) || !requireTool('qemu-io', t)) return;
  fuzz(t, qemuImages(temporaryFolder(t)));
});

function fuzz(t: TestContext, healthy: Uint8Array[]): void {
  const { seed } = SeededRandom.forTest(t);
  const fields = healthy.map(fieldsOf);
  let answers = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const random = new SeededRandom(seed + round);
    const index = random.below(healthy.length);
    const damaged = damage(random, healthy[index], fields[index]);
    if (exercise(damaged, { writable: random.chance(0.6), what: `BLKREPLAY_SEED=${seed + round} FUZZ_ROUNDS=1` }))
      answers++;
  }
  t.diagnostic(`${answers} of ${ROUNDS} could be used to the end`);
}

/**
 * Returns a copy of an image in which a few fields are replaced by edge values or by values from other fields. Some
 * copies are truncated.
 */
function damage(random: SeededRandom, healthy: Uint8Array, fields: number[]): Uint8Array {
  const damaged = healthy.slice();
  const view = new DataView(damaged.buffer);
  for (let changes = 1 + random.below(4); changes > 0; changes--) {
    const dice = random.below(10);
    const at = dice < 4 ? random.below(Math.min(160, damaged.length)) : random.pick(fields);
    if (dice < 6) damaged[at] = random.pick([0, 1, 0x7f, 0x80, 0xff, random.below(256)]);
    else if (dice < 8) view.setBigUint64(at, edgeValue(random, damaged.length));
    else view.setBigUint64(at, view.getBigUint64(random.pick(fields)) ^ (random.chance(0.3) ? 1n << 62n : 0n));
  }
  return random.chance(0.08) ? damaged.subarray(0, random.below(damaged.length)) : damaged;
}

function edgeValue(random: SeededRandom, length: number): bigint {
  const near = BigInt(random.pick([0, 512, 4096, length & ~511, length, 2 ** 31, 2 ** 32, 2 ** 40, 2 ** 53]));
  const flags = random.pick([0n, 1n, 1n << 62n, 1n << 63n, 3n << 62n]);
  return BigInt.asUintN(64, (near + BigInt(random.pick([0, 0, 1, -1, 512]))) | flags);
}

/** The offsets of all numeric fields in the header and in the tables that are reachable from the header. */
function fieldsOf(image: Uint8Array): number[] {
  const view = new DataView(image.buffer, image.byteOffset);
  const clusterBytes = 2 ** view.getUint32(20);
  const fields = [8, 16, 20, 24, 32, 36, 40, 48, 56, 60, 64, 72, 80, 88, 92, 96, 100];
  const seen = new Set<number>();
  const addTable = (start: number, depth: number) => {
    if (start === 0 || start % clusterBytes !== 0 || start + 8 > image.length || seen.has(start)) return;
    seen.add(start);
    for (let at = start; at < Math.min(start + clusterBytes, image.length - 8, start + 4096); at += 8) {
      const target = Number(view.getBigUint64(at) & 0x00ff_ffff_ffff_fe00n);
      if (view.getBigUint64(at) === 0n && at > start + 64) continue;
      fields.push(at);
      if (depth > 0) addTable(target, depth - 1);
    }
  };
  for (const pointer of [40, 48, 64]) addTable(Number(view.getBigUint64(pointer)), 1);
  return fields.filter((at) => at + 8 <= image.length);
}

/** Returns whether all operations on the image succeeded. */
function exercise(bytes: Uint8Array, { writable, what }: { writable: boolean; what: string }): boolean {
  try {
    const backing = rawImage(BASE);
    const image = Qcow2Image.open(new WatchedFile('disk.qcow2', bytes), { writable, compression, backing });
    image.check();
    const length = Math.min(image.lengthBytes, 64 * KIB);
    image.read(0, new Uint8Array(length));
    image.vmState.read(0, new Uint8Array(8 * KIB));
    if (image.lengthBytes < 2 ** 32) for (const extent of image.extents()) assert(extent.lengthBytes > 0);
    for (const { name } of image.snapshots.list) {
      const view = image.snapshots.open(name);
      view.disk.read(0, new Uint8Array(Math.min(view.disk.lengthBytes, 64 * KIB)));
      view.readVmState(0, new Uint8Array(8 * KIB));
    }
    if (!writable) return true;
    image.write(0, filled(Math.min(length, 10 * KIB), 1));
    image.writeZeroes(0, Math.min(length, 3 * KIB));
    image.vmState.write(0, filled(3 * KIB, 1));
    takeSnapshot(image, 'another');
    for (const { name } of image.snapshots.list) image.snapshots.delete(name);
    if (length > 0 && image.lengthBytes < 2 ** 32) image.makeEmpty();
    image.close();
    return true;
  } catch (error) {
    if (error instanceof UserError) return false;
    throw new Error(what, { cause: error });
  }
}

/** A file that asserts that no read is larger than the largest table that fits in such a small image. */
class WatchedFile extends MemoryFile {
  override readAt(offset: number, into: Uint8Array): number {
    assert(into.length <= READ_BYTES_MAX, `a read of ${into.length} bytes`);
    return super.readAt(offset, into);
  }

  override writeAt(offset: number, from: Uint8Array): void {
    assert(offset + from.length <= 64 << 20, `a write at ${offset}`);
    super.writeAt(offset, from);
  }
}

const BASE = filled(40 * KIB, 7);

/** A small image that contains data, zeroes, VM state and two snapshots. */
function ourImage(): Uint8Array {
  const { image, file } = newImage({ lengthBytes: 64 * KIB, clusterSizeBytes: 512, base: BASE });
  image.write(0, filled(3000, 1));
  image.writeZeroes(4096, 4096);
  image.vmState.write(0, filled(3000, 1));
  takeSnapshot(image, 'first', { icount: 1 });
  image.write(1000, filled(3000, 1));
  takeSnapshot(image, 'second', { icount: 2 });
  image.close();
  return file.contents();
}

/**
 * Images of several versions and refcount widths, some with compressed clusters or subclusters. Each has data, zeroes
 * and, if possible, a snapshot.
 */
function qemuImages(folder: string): Uint8Array[] {
  saveFile(folder, 'base.img', BASE);
  const packable = saveFile(folder, 'packable.img', filled(16 * KIB, 3));
  const kinds = [
    'compat=0.10,cluster_size=512',
    'refcount_bits=1,cluster_size=512',
    'refcount_bits=64,cluster_size=1024',
    'lazy_refcounts=on,cluster_size=4096',
    'extended_l2=on,cluster_size=16384',
  ];
  const written = kinds.map((options, i) => {
    const path = join(folder, `${i}.qcow2`);
    runTool('qemu-img', ['create', '-q', '-f', 'qcow2', '-o', options, '-b', 'base.img', '-F', 'raw', path, '64k']);
    runTool('qemu-io', ['-c', 'write -P 1 1k 9k', '-c', 'write -P 2 30k 2k', path]);
    if (!options.includes('0.10')) runTool('qemu-io', ['-c', 'write -z 16k 16k', path]);
    if (!options.includes('bits=1,')) {
      runTool('qemu-img', ['snapshot', '-c', 'one', path]);
      runTool('qemu-io', ['-c', 'write -P 3 2k 6k', path]);
    }
    return Uint8Array.from(loadFile(path).contents());
  });
  const compressed = ['compression_type=zlib', 'compression_type=zstd'].map((type) => {
    const path = join(folder, `${type}.qcow2`);
    runTool('qemu-img', ['convert', '-c', '-O', 'qcow2', '-o', `${type},cluster_size=4096`, packable, path]);
    return Uint8Array.from(loadFile(path).contents());
  });
  return [...written, ...compressed];
}
