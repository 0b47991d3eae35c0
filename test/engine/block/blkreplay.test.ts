/** The blkreplay filter logs each request once. Failed requests do not change the disk; host errors are not logged. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { xxh64 } from '../../../debug-adapter/engine/base/xxhash64.ts';
import { BlkreplayFilter } from '../../../debug-adapter/engine/block/blkreplay.ts';
import type { BlockDevice } from '../../../debug-adapter/engine/block/blockDevice.ts';
import type { BlockOperation, RequestLog } from '../../../debug-adapter/engine/block/blockRequest.ts';
import { contentDigest, DriveDigest } from '../../../debug-adapter/engine/block/driveDigest.ts';
import { assertSameBytes, filled, KIB, newImage, rawImage, readAll, takeSnapshot } from './qcow2/support.ts';

test('a request is logged when it is made and when it completes', () => {
  const { filter, lines } = filterOver(newImage({ base: filled(64 * KIB, 7) }).image);
  const write = filter.begin({ position: 10, operation: 'write', offset: 512, lengthBytes: 512 });
  const read = filter.begin({ position: 11, operation: 'read', offset: 0, lengthBytes: 1024 });
  const data = new Uint8Array(1024);
  assert.equal(filter.complete({ position: 20, id: write, data: filled(512, 1) }), 'ok');
  assert.equal(filter.complete({ position: 21, id: read, data }), 'ok');
  assertSameBytes(data, filled(1024, 7).fill(1, 512));
  assert.deepEqual(lines, [
    '10 hd0#0 write 512+512',
    '11 hd0#1 read 0+1024',
    `20 hd0#0 ok ${xxh64(filled(512, 1))}`,
    `21 hd0#1 ok ${xxh64(data)}`,
  ]);
});

test('requests outside the drive, and writes to a read-only drive, complete with an error', () => {
  const { filter, lines } = filterOver(rawImage(filled(4096, 7)));
  assert.equal(run(filter, 'read', 4096, 512), 'ioError');
  assert.equal(run(filter, 'read', 2 ** 60, 512), 'ioError');
  assert.equal(run(filter, 'write', 0, 512), 'ioError');
  assert.equal(run(filter, 'discard', 0, 512), 'ioError');
  assert.equal(run(filter, 'writeZeroes', 0, 512), 'ioError');
  assert.equal(run(filter, 'flush', 0, 0), 'ok');
  assert.deepEqual(lines.filter((line) => line.includes('ioError')).at(0), '1 hd0#0 ioError 0');
});

test('discarded bytes read as zeroes', () => {
  const { filter } = filterOver(newImage({ base: filled(64 * KIB, 7) }).image);
  run(filter, 'discard', 1024, 10 * KIB);
  assertSameBytes(readAll(filter.device), filled(64 * KIB, 7).fill(0, 1024, 11 * KIB));
});

test('writes change the digest, and so does switching to a different underlying device', () => {
  const { image } = newImage({ base: filled(300 * KIB, 7) });
  const { filter } = filterOver(image);
  const fresh = filter.digest();
  assert.equal(fresh, contentDigest(rawImage(filled(300 * KIB, 7))));
  takeSnapshot(image, 'first');
  run(filter, 'write', 100 * KIB, 512);
  run(filter, 'writeZeroes', 0, 512);
  assert.equal(filter.digest(), contentDigest(image));
  assert.notEqual(filter.digest(), fresh);
  filter.setDevice(image.snapshots.open('first').disk);
  assert.equal(filter.digest(), fresh);
});

test('restoring a snapshot with a known digest reads no data', () => {
  const { image, file } = newImage({ lengthBytes: 300 * KIB });
  const { filter } = filterOver(image);
  run(filter, 'write', 0, 200 * KIB);
  const atFirst = filter.digest();
  takeSnapshot(image, 'first');
  const first = image.snapshots.open('first').disk;
  const known = DriveDigest.from(filter.driveDigest, first);
  run(filter, 'writeZeroes', 0, 100 * KIB);
  filter.digest();
  const reads = file.calls.reads;
  filter.setDevice(first, DriveDigest.from(known, first));
  assert.equal(filter.digest(), atFirst);
  assert.equal(file.calls.reads, reads);
});

test('a failed request leaves the disk unchanged', () => {
  const { image } = newImage({ base: filled(64 * KIB, 7) });
  const { filter } = filterOver(image);
  const digest = filter.digest();
  for (const operation of ['write', 'discard', 'writeZeroes'] as const) {
    assert.equal(run(filter, operation, 63 * KIB, 2 * KIB), 'ioError');
  }
  assert.equal(filter.digest(), digest);
  assertSameBytes(readAll(image), filled(64 * KIB, 7));
});

test('a host failure throws an error and is never logged as the result of a request', () => {
  const { image, file } = newImage({ lengthBytes: 64 * KIB });
  const { filter, lines } = filterOver(image);
  const id = filter.begin({ position: 1, operation: 'write', offset: 0, lengthBytes: 512 });
  file.changesLeft = 0;
  assert.throws(() => filter.complete({ position: 2, id, data: filled(512, 1) }), /IO error/);
  assert.deepEqual(lines, ['1 hd0#0 write 0+512']);
  const broken = { ...rawImage(filled(4096, 7)), name: 'x', lengthBytes: 4096, readOnly: true } as BlockDevice;
  broken.read = () => assert.fail('the cable is out');
  const reading = filterOver(broken);
  assert.throws(() => run(reading.filter, 'read', 0, 512), /the cable is out/);
  assert.equal(reading.lines.length, 1);
});

test('the digest includes the part of a write that reached the disk before a host failure', () => {
  const { image } = newImage({ base: filled(64 * KIB, 7) });
  const { filter } = filterOver(image);
  filter.digest();
  const write = image.write.bind(image);
  image.write = (offset, bytes) => {
    write(offset, bytes.subarray(0, 512));
    assert.fail('the cable is out');
  };
  assert.throws(() => run(filter, 'write', 8 * KIB, 4 * KIB), /the cable is out/);
  assert.equal(filter.digest(), contentDigest(image));
});

test('saving, loading and saving again gives the same state, even with requests in flight', () => {
  const { filter } = filterOver(newImage().image);
  run(filter, 'read', 0, 512);
  filter.begin({ position: 5, operation: 'write', offset: 512, lengthBytes: 512 });
  filter.begin({ position: 6, operation: 'flush', offset: 0, lengthBytes: 0 });
  const saved = filter.saveState();
  const { filter: other, lines } = filterOver(newImage().image);
  other.loadState(saved);
  assert.deepEqual(other.saveState(), saved);
  assert.equal(other.complete({ position: 9, id: 1, data: filled(512, 1) }), 'ok');
  assert.equal(other.complete({ position: 9, id: 2, data: filled(0, 0) }), 'ok');
  assert.equal(other.begin({ position: 10, operation: 'flush', offset: 0, lengthBytes: 0 }), 3);
  assert.equal(lines.length, 3);
});

test('if logging a request throws an error, the request is not made', () => {
  const log: RequestLog = {
    digestOf: () => 0n,
    blockRequest() {
      throw new Error('divergence');
    },
    blockCompletion() {},
  };
  const filter = new BlkreplayFilter({ id: 'hd0', device: rawImage(filled(512, 0)), log });
  const before = filter.saveState();
  assert.throws(() => filter.begin({ position: 0, operation: 'read', offset: 0, lengthBytes: 512 }), /divergence/);
  assert.deepEqual(filter.saveState(), before);
});

function filterOver(device: BlockDevice) {
  const lines: string[] = [];
  const log: RequestLog = {
    digestOf: xxh64,
    blockRequest: (r) => lines.push(`${r.position} ${r.drive}#${r.id} ${r.operation} ${r.offset}+${r.lengthBytes}`),
    blockCompletion: (c) => lines.push(`${c.position} ${c.drive}#${c.id} ${c.status} ${c.digest}`),
  };
  return { lines, filter: new BlkreplayFilter({ id: 'hd0', device, log }) };
}

function run(filter: BlkreplayFilter, operation: BlockOperation, offset: number, lengthBytes: number) {
  const id = filter.begin({ position: 0, operation, offset, lengthBytes });
  const hasData = operation === 'read' || operation === 'write';
  return filter.complete({ position: 1, id, data: filled(hasData ? lengthBytes : 0, 1) });
}
