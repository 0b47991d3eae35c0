/** The cost of using a drive depends on the amount of allocated data, not on the disk size.
 *
 * The cost is measured in file calls and bytes. A loop over every MiB of the largest disk (4 PiB) would never finish,
 * so these tests also show that there is no such loop.
 */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { BlkreplayFilter, NULL_REQUEST_LOG } from '../../../debug-adapter/engine/block/blkreplay.ts';
import type { BlockDevice } from '../../../debug-adapter/engine/block/blockDevice.ts';
import { contentDigest, DriveDigest } from '../../../debug-adapter/engine/block/driveDigest.ts';
import { Qcow2Image } from '../../../debug-adapter/engine/block/qcow2/image.ts';
import { clusterSizeFor, DISK_BYTES_MAX } from '../../../debug-adapter/engine/block/qcow2/layout.ts';
import { ScratchLayer } from '../../../debug-adapter/engine/block/scratchLayer.ts';
import { MemoryFile } from '../../support/memoryFile.ts';
import { SeededRandom } from '../../support/seededRandom.ts';
import { assertClean, assertSameBytes, filled, KIB, MIB, readDisk, takeSnapshot } from './qcow2/support.ts';
import { longTest } from '../../support/extent.ts';

const TIB = 2 ** 40;

/**
 * An empty qcow2 image with a cluster size that a user would choose: qemu-img's default, or a larger size if the disk
 * size requires it.
 */
function emptyBase(lengthBytes: number): CountedFile {
  const file = new CountedFile('base.qcow2');
  Qcow2Image.create(file, { lengthBytes, clusterSizeBytes: Math.max(64 * KIB, clusterSizeFor(lengthBytes)) }).close();
  return file;
}

/** Performs the operations that a recording performs on a drive up to its first snapshot. */
function openAndSnapshot(baseFile: CountedFile) {
  const base = Qcow2Image.open(baseFile, { writable: false });
  const known = new DriveDigest(base);
  known.value();
  const file = new CountedFile('overlay.qcow2');
  const { lengthBytes } = base;
  const backing = { name: 'base.qcow2', format: 'qcow2' };
  const overlay = Qcow2Image.create(file, { lengthBytes, backing, backingDevice: base });
  const digest = DriveDigest.from(known, overlay);
  const filter = new BlkreplayFilter({ id: 'hd0', device: overlay, log: NULL_REQUEST_LOG, digest });
  overlay.vmState.write(0, filled(64 * KIB, 1));
  takeSnapshot(overlay, 'replay_init', { vmStateSizeBytes: 64 * KIB });
  filter.digest();
  return { base, known, overlay, file, filter };
}

suite('empty disks', () => {
  test('an empty 16 TiB disk takes about as many file calls to open, hash and snapshot as a 16 MiB disk', () => {
    const [small, large] = [16 * MIB, 16 * TIB].map((lengthBytes) => {
      const baseFile = emptyBase(lengthBytes);
      const before = baseFile.total();
      const { file } = openAndSnapshot(baseFile);
      const counted = baseFile.total();
      return {
        baseCalls: counted.calls - before.calls,
        baseBytes: counted.bytes - before.bytes,
        calls: file.total().calls,
        bytes: file.total().bytes,
      };
    });
    assert.ok(large.baseCalls <= small.baseCalls + 2, `${large.baseCalls} calls, ${small.baseCalls} for 16 MiB`);
    assert.ok(large.calls <= small.calls + 4, `${large.calls} calls, ${small.calls} for 16 MiB`);
    // Three L1 tables take 256 KiB each: the base's, the snapshot's, and the overlay's active one, which is moved once.
    assert.ok(large.baseBytes <= small.baseBytes + 256 * KIB, `${large.baseBytes} bytes of the base`);
    assert.ok(large.bytes <= small.bytes + 2 * MIB, `${large.bytes} bytes of the overlay`);
  });

  test('an empty 4 PiB disk can be written at its end, discarded as a whole, and hashed again', () => {
    const { base, known, overlay, file, filter } = openAndSnapshot(emptyBase(DISK_BYTES_MAX));
    const empty = filter.digest();
    assert.equal(empty, contentDigest(base));
    request(filter, 'write', DISK_BYTES_MAX - 4096, filled(4096, 7));
    const written = filter.digest();
    assert.notEqual(written, empty);
    assert.equal(written, contentDigest(overlay));
    takeSnapshot(overlay, 'written');
    request(filter, 'discard', 512, DISK_BYTES_MAX - 512);
    assert.equal(filter.digest(), empty);
    request(filter, 'write', DISK_BYTES_MAX - 4096, filled(4096, 7));
    assert.equal(filter.digest(), written);
    const view = overlay.snapshots.open('written');
    assert.equal(DriveDigest.from(known, view.disk, view.allocatedRanges()).value(), written);
    assert.deepEqual(overlay.allocatedRanges().length, 1);
    assert.equal([...overlay.extents()].length, 2);
    assertClean(overlay);
    assert.ok(file.length() < 64 * MIB, `${file.length()} bytes`);
  });

  test('an empty 4 PiB disk under a scratch layer can be discarded, captured and restored', () => {
    const { base, known } = openAndSnapshot(emptyBase(DISK_BYTES_MAX));
    const scratch = new MemoryFile('scratch');
    const layer = new ScratchLayer({ lower: base, scratch });
    const digestOf = () => DriveDigest.from(known, layer, layer.writtenRanges()).value();
    layer.write(DISK_BYTES_MAX - 512, filled(512, 7));
    const written = layer.capture();
    const digest = digestOf();
    layer.writeZeroes(0, DISK_BYTES_MAX);
    assert.equal(digestOf(), known.value());
    assert.equal([...layer.writtenExtents()].length, 1);
    const discarded = layer.capture();
    layer.restore(written);
    assert.equal(digestOf(), digest);
    layer.restore(discarded);
    assert.equal(digestOf(), known.value());
    assert.equal(scratch.length(), 4 * KIB);
  });

  test('unaligned discards of an empty disk use no space in a scratch layer', () => {
    const { base } = openAndSnapshot(emptyBase(TIB));
    const scratch = new MemoryFile('scratch');
    const layer = new ScratchLayer({ lower: base, scratch });
    const pieceBytes = 0x3fffff * 512;
    for (let at = 0; at < TIB; at += pieceBytes) layer.writeZeroes(at, Math.min(pieceBytes, TIB - at));
    assert.equal(scratch.calls.writes, 0);
    assert.deepEqual(layer.writtenRanges(), [{ offset: 0, lengthBytes: TIB }]);
  });
});

suite('cluster sizes of overlays', () => {
  test('for disks of up to 64 GiB, a cluster is as large as a RAM page; the L1 table of a new overlay is at most 256 KiB', () => {
    for (const [lengthBytes, expected] of [
      [0, 4 * KIB],
      [16 * MIB, 4 * KIB],
      [TIB / 16, 4 * KIB],
      [TIB / 16 + 512, 8 * KIB],
      [TIB, 16 * KIB],
      [16 * TIB, 64 * KIB],
      [DISK_BYTES_MAX, MIB],
    ]) {
      const clusterSizeBytes = clusterSizeFor(lengthBytes);
      assert.equal(clusterSizeBytes, expected, `${lengthBytes}`);
      const l1Bytes = Math.ceil(lengthBytes / (clusterSizeBytes ** 2 / 8)) * 8;
      assert.ok(l1Bytes <= 256 * KIB, `${l1Bytes}`);
    }
  });
});

suite('zeroes over a base', () => {
  test('writing zeroes over a base allocates L2 tables only where the base has data', () => {
    const baseFile = emptyBase(16 * TIB);
    const writable = Qcow2Image.open(baseFile, { writable: true });
    writable.write(5 * TIB, filled(100, 1));
    writable.close();
    const { overlay, file } = openAndSnapshot(baseFile);
    const before = file.length();
    overlay.writeZeroes(0, 16 * TIB);
    overlay.flush();
    assert.deepEqual(overlay.allocatedRanges(), [{ offset: 5 * TIB, lengthBytes: 64 * KIB }]);
    assertSameBytes(readDisk(overlay, 5 * TIB, 200), new Uint8Array(200));
    assert.ok(file.length() - before <= MIB, `grew by ${file.length() - before}`);
    assertClean(overlay);
  });

  test('zeroes written with writeZeroesOverBacking remain when the base is replaced', () => {
    const { overlay, file } = openAndSnapshot(emptyBase(16 * MIB));
    overlay.writeZeroes(0, MIB);
    overlay.writeZeroesOverBacking(4 * MIB, MIB);
    overlay.close();
    const base = memoryDevice(filled(16 * MIB, 9));
    const rebased = Qcow2Image.open(new MemoryFile('overlay.qcow2', file.contents()), {
      writable: false,
      backing: base,
    });
    assertSameBytes(readDisk(rebased, 0, MIB), filled(MIB, 9));
    assertSameBytes(readDisk(rebased, 4 * MIB, MIB), new Uint8Array(MIB));
    assertSameBytes(readDisk(rebased, 5 * MIB, MIB), filled(MIB, 9));
  });
});

suite('digests of large disks', () => {
  test('digests have the same values as in earlier versions', () => {
    const bytes = new Uint8Array(40 * MIB + 512);
    for (const [start, length] of [
      [0, 100],
      [5 * MIB - 2048, 4096],
      [33 * MIB, 3 * 65536],
      [bytes.length - 512, 512],
    ]) {
      for (let i = 0; i < length; i++) bytes[start + i] = start / 512 + i * 7;
    }
    assert.equal(contentDigest(memoryDevice(bytes)).toString(16), '5095670249219ab9');
    assert.equal(contentDigest(sparseCopy(bytes)).toString(16), '5095670249219ab9');
    const empty = Qcow2Image.open(emptyBase(2 ** 34), { writable: false });
    assert.equal(contentDigest(empty).toString(16), 'fd29f05400000000');
  });

  test('the last block of a disk may be incomplete, even at the end of a 1 MiB stretch', () => {
    for (const missing of [512, 3584]) {
      const image = Qcow2Image.create(new MemoryFile('short.qcow2'), { lengthBytes: 17 * MIB - missing });
      image.write(image.lengthBytes - 512, filled(512, 7));
      for (const disk of [image, new ScratchLayer({ lower: image, scratch: new MemoryFile('scratch') })]) {
        assert.equal(contentDigest(disk), digestByReading(disk));
      }
    }
  });

  longTest(
    'digests of random sparse disks equal digests computed from every byte, initially and after changes',
    (t) => {
      const random = SeededRandom.forTest(t);
      for (let round = 0; round < 12; round++) {
        const disk = randomDisk(random, 512 * (1 + random.below(80 * 1024)));
        let digest = new DriveDigest(disk);
        assert.equal(digest.value(), digestByReading(disk), `round ${round}, made`);
        for (let change = 0; change < 12; change++) {
          const { offset, lengthBytes } = randomRange(random, disk.lengthBytes);
          if (random.chance(0.5)) disk.writeZeroes(offset, lengthBytes);
          else disk.write(offset, filled(lengthBytes, random.below(3)));
          digest.touch(offset, lengthBytes);
          if (random.chance(0.3)) digest = DriveDigest.from(digest, disk, [randomRange(random, disk.lengthBytes)]);
          if (random.chance(0.4))
            assert.equal(digest.value(), digestByReading(disk), `round ${round}, change ${change}`);
        }
        assert.equal(digest.value(), digestByReading(disk), `round ${round}, changed`);
        const other = randomDisk(random, 512 * (1 + random.below(80 * 1024)));
        const everything = [{ offset: 0, lengthBytes: other.lengthBytes }];
        assert.equal(
          DriveDigest.from(digest, other, everything).value(),
          digestByReading(other),
          `round ${round}, other`,
        );
      }
    },
  );
});

type Operation = 'write' | 'discard';

function request(filter: BlkreplayFilter, operation: Operation, offset: number, what: Uint8Array | number): void {
  const data = typeof what === 'number' ? new Uint8Array(0) : what;
  const lengthBytes = typeof what === 'number' ? what : what.length;
  const id = filter.begin({ position: 0, operation, offset, lengthBytes });
  assert.equal(filter.complete({ position: 0, id, data }), 'ok');
}

/**
 * Returns a random chain of layers like that of a drive: qcow2 on qcow2 or on raw bytes, with any cluster size, and
 * with or without a scratch layer.
 */
function randomDisk(random: SeededRandom, lengthBytes: number): BlockDevice {
  let device: BlockDevice | undefined;
  if (random.chance(0.3)) device = memoryDevice(filled(512 * random.below(lengthBytes / 512 + 1), random.below(2)));
  const layers = 1 + random.below(3);
  for (let layer = 0; layer < layers; layer++) {
    const image = Qcow2Image.create(new MemoryFile('layer.qcow2'), {
      lengthBytes: layer === layers - 1 ? lengthBytes : 512 * (1 + random.below(lengthBytes / 512)),
      clusterSizeBytes: 2 ** (9 + random.below(12)),
      backing: device && { name: 'below', format: 'raw' },
      backingDevice: device,
    });
    changeAtRandom(image, random);
    device = image;
  }
  if (random.chance(0.5)) return device!;
  const scratched = new ScratchLayer({ lower: device!, scratch: new MemoryFile('scratch') });
  changeAtRandom(scratched, random);
  return scratched;
}

function changeAtRandom(device: BlockDevice, random: SeededRandom): void {
  for (let i = random.below(5); i > 0; i--) {
    const { offset, lengthBytes } = randomRange(random, device.lengthBytes);
    if (random.chance(0.4)) device.writeZeroes(offset, lengthBytes);
    else device.write(offset, random.bytes(Math.min(lengthBytes, 200 * KIB)));
  }
}

/** Returns a random range, which is usually short and sometimes covers the whole disk. */
function randomRange(random: SeededRandom, diskBytes: number): { offset: number; lengthBytes: number } {
  const offset = 512 * random.below(diskBytes / 512);
  const longest = random.pick([4096, 100 * KIB, 3 * MIB, diskBytes]);
  return { offset, lengthBytes: Math.min(diskBytes - offset, 512 * (1 + random.below(longest / 512))) };
}

const wholeRange = (offset: number, lengthBytes: number) => [{ offset, lengthBytes }];

/** The digest computed by reading every byte of the device, without using allocation information. */
const digestByReading = (device: BlockDevice): bigint =>
  contentDigest({
    ...memoryDevice(new Uint8Array(0)),
    lengthBytes: device.lengthBytes,
    read: (offset, into) => device.read(offset, into),
  });

function memoryDevice(bytes: Uint8Array): BlockDevice {
  return {
    ...{ name: 'bytes', lengthBytes: bytes.length, readOnly: true, dataRanges: wholeRange },
    read: (offset, into) => into.set(bytes.subarray(offset, offset + into.length)),
    ...{ write() {}, writeZeroes() {}, flush() {}, close() {} },
  };
}

/** Returns a qcow2 image of the given bytes, in which clusters of zeroes are not allocated. */
function sparseCopy(bytes: Uint8Array): Qcow2Image {
  const image = Qcow2Image.create(new MemoryFile('copy.qcow2'), { lengthBytes: bytes.length });
  for (let at = 0; at < bytes.length; at += 4096) {
    const cluster = bytes.subarray(at, at + 4096);
    if (cluster.some((byte) => byte !== 0)) image.write(at, cluster);
  }
  assert.ok(image.allocatedRanges().length >= 3);
  return image;
}

class CountedFile extends MemoryFile {
  private bytesRead = 0;

  override readAt(offset: number, into: Uint8Array): number {
    this.bytesRead += into.length;
    return super.readAt(offset, into);
  }

  total(): { calls: number; bytes: number } {
    const { reads, writes, syncs, bytesWritten } = this.calls;
    return { calls: reads + writes + syncs, bytes: bytesWritten + this.bytesRead };
  }
}
