/** Values in a snapshot entry are stored, clamped or rejected; other programs' entries are kept byte for byte. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { viewOf } from '../../../../debug-adapter/engine/block/qcow2/bigEndian.ts';
import { readHeader } from '../../../../debug-adapter/engine/block/qcow2/header.ts';
import { Qcow2Image } from '../../../../debug-adapter/engine/block/qcow2/image.ts';
import { ImageFile } from '../../../../debug-adapter/engine/block/qcow2/imageFile.ts';
import { encodeSnapshotTable, readSnapshotTable } from '../../../../debug-adapter/engine/block/qcow2/snapshotTable.ts';
import { UserError } from '../../../../debug-adapter/messages/userError.ts';
import { MemoryFile } from '../../../support/memoryFile.ts';
import { requireTool, runTool } from '../../../support/tools.ts';
import { asVersion2 } from './imageKinds.ts';
import { assertClean, filled, KIB, MIB, newImage, takeSnapshot, temporaryFolder } from './support.ts';

test('QEMU can read the size of a machine state that is larger than 4 GiB, in image versions 2 and 3', (t) => {
  const vmStateSizeBytes = 5 * 2 ** 30 + 4096;
  for (const convert of [asVersion2, (image: Uint8Array) => image]) {
    const { image: fresh, file } = newImage({ lengthBytes: 64 * KIB });
    fresh.close();
    const changed = new MemoryFile('image.qcow2', convert(file.contents()));
    const image = Qcow2Image.open(changed, { writable: true });
    takeSnapshot(image, 'large', { vmStateSizeBytes, icount: 2 ** 52 + 1 });
    image.close();
    const [read] = Qcow2Image.open(changed, { writable: false }).snapshots.list;
    assert.deepEqual([read.vmStateSizeBytes, read.icount], [vmStateSizeBytes, 2 ** 52 + 1]);
    if (!requireTool('qemu-img', t)) continue;
    const path = join(temporaryFolder(t), 'image.qcow2');
    fs.writeFileSync(path, changed.contents());
    const info = JSON.parse(runTool('qemu-img', ['info', '--output=json', path])) as {
      snapshots: { 'vm-state-size': number; icount: number }[];
    };
    assert.equal(info.snapshots[0]['vm-state-size'], vmStateSizeBytes);
    assert.equal(info.snapshots[0].icount, 2 ** 52 + 1);
  }
});

test('an out-of-range date or clock value is clamped', () => {
  const nothing = { vmClockNanoseconds: 2 ** 70, vmStateSizeBytes: 0, icount: 1 };
  const { file, image } = newImage({ lengthBytes: 64 * KIB });
  for (const [name, dateSeconds] of [['late', 2 ** 33] as const, ['early', -5] as const]) {
    image.snapshots.create({ ...nothing, name, dateSeconds, dateNanoseconds: -1 });
  }
  const read = Qcow2Image.open(file, { writable: false }).snapshots.list;
  assert.deepEqual(
    read.map(({ dateSeconds, dateNanoseconds }) => [dateSeconds, dateNanoseconds]),
    [
      [0xffff_ffff, 0],
      [0, 0],
    ],
  );
});

test('entries written by other programs are kept, including names that are not UTF-8, numbers beyond 2^53 and extra data', () => {
  const foreign = withForeignEntry();
  const before = entriesIn(foreign)[0];
  const file = new MemoryFile('image.qcow2', foreign);
  const image = Qcow2Image.open(file, { writable: true });
  takeSnapshot(image, 'second');
  takeSnapshot(image, 'third');
  image.snapshots.rename('second', 'a longer name than it had');
  image.snapshots.delete('third');
  image.close();
  const [first, second] = entriesIn(file.contents());
  assert.deepEqual(first, before);
  const again = Qcow2Image.open(file, { writable: false });
  assert.equal(again.snapshots.list[1].name, 'a longer name than it had');
  assert.ok(second.length > 0);
  assertClean(again);
});

test('renaming a snapshot keeps the other fields of an entry that another program wrote', () => {
  const file = new MemoryFile('image.qcow2', withForeignEntry());
  const image = Qcow2Image.open(file, { writable: true });
  const before = entriesIn(file.contents())[0];
  image.snapshots.rename(image.snapshots.list[0].name, 'new');
  image.close();
  const after = entriesIn(file.contents())[0];
  const nameAt = 40 + viewOf(before).getUint32(36) + viewOf(before).getUint16(12);
  const lengthAt = 14;
  assert.deepEqual(after.subarray(0, lengthAt), before.subarray(0, lengthAt));
  assert.deepEqual(after.subarray(lengthAt + 2, nameAt), before.subarray(lengthAt + 2, nameAt));
  assert.equal(Buffer.from(after.subarray(nameAt, nameAt + 3)).toString(), 'new');
});

test('new snapshots get unused ids, regardless of which ids the image already contains', () => {
  const file = new MemoryFile('image.qcow2', withForeignEntry({ id: '9007199254740991' }));
  const image = Qcow2Image.open(file, { writable: true });
  for (const name of ['a', 'b', 'c']) takeSnapshot(image, name);
  assert.equal(new Set(image.snapshots.list.map(({ id }) => id)).size, 4);
});

test('if two entries in the file have the same id, they get different ids, and deleting by id removes the right snapshot', () => {
  const { image, file } = newImage({ lengthBytes: 64 * KIB });
  for (const name of ['a', 'b', 'c']) takeSnapshot(image, name);
  image.close();
  const { snapshotsOffset } = readHeader(new ImageFile(file));
  const { entries } = readSnapshotTable(new ImageFile(file), readHeader(new ImageFile(file)));
  const second = snapshotsOffset + entries[0].encoded.length;
  const idAt = 40 + viewOf(entries[1].encoded).getUint32(36);
  file.writeAt(second + idAt, Buffer.from(entries[0].id));
  const damaged = Qcow2Image.open(file, { writable: true });
  const ids = damaged.snapshots.list.map(({ id }) => id);
  assert.equal(new Set(ids).size, 3);
  damaged.snapshots.delete({ id: ids[1] });
  assert.deepEqual(
    damaged.snapshots.list.map(({ name }) => name),
    ['a', 'c'],
  );
});

test("a snapshot table that would exceed other programs' limits is rejected before it is written", () => {
  const { image, file } = newImage({ lengthBytes: 64 * KIB });
  takeSnapshot(image, 'one');
  const [entry] = readSnapshotTable(new ImageFile(file), readHeader(new ImageFile(file))).entries;
  // With names of 64 KiB, the longest that the format allows, 1024 snapshots need a table of 64 MiB.
  const long = { ...entry, encoded: new Uint8Array(65_536) };
  const entries = new Array<typeof entry>(1024).fill(long);
  assert.equal(encodeSnapshotTable(new ImageFile(file), entries).length, 64 * MIB);
  const isFull = (error: unknown) => error instanceof UserError && error.code === 'snapshot-table-full';
  assert.throws(() => encodeSnapshotTable(new ImageFile(file), [...entries, entry]), isFull);
});

/**
 * An image whose only snapshot has a Latin-1 name, a VM clock and an instruction count beyond 2^53, and extra data in
 * an unknown format.
 */
function withForeignEntry({ id = '1' } = {}): Uint8Array {
  const { image, file } = newImage({ lengthBytes: 64 * KIB });
  image.write(0, filled(4096, 1));
  image.close();
  return withEntries(file.contents(), 1, Uint8Array.of(0xe9, 0x74, 0xe9), id);
}

/** Adds entries for snapshots in which nothing is allocated. */
function withEntries(image: Uint8Array, count: number, name: Uint8Array, id = '1'): Uint8Array {
  const extraBytes = 40;
  const entryBytes = Math.ceil((40 + extraBytes + id.length + name.length) / 8) * 8;
  const table = new Uint8Array(count * entryBytes);
  for (let i = 0; i < count; i++) {
    const entry = table.subarray(i * entryBytes, (i + 1) * entryBytes);
    const view = viewOf(entry);
    view.setUint16(12, id.length);
    view.setUint16(14, name.length);
    view.setBigUint64(24, 2n ** 63n + 1n);
    view.setUint32(36, extraBytes);
    view.setBigUint64(48, viewOf(image).getBigUint64(24));
    view.setBigUint64(56, 2n ** 60n + 1n);
    entry.fill(0x55, 64, 80);
    entry.set(new TextEncoder().encode(id), 80);
    entry.set(name, 80 + id.length);
  }
  const start = Math.ceil(image.length / 4096) * 4096;
  const bytes = new Uint8Array(start + Math.ceil(table.length / 4096) * 4096);
  bytes.set(image);
  bytes.set(table, start);
  viewOf(bytes).setUint32(60, count);
  viewOf(bytes).setBigUint64(64, BigInt(start));
  // The refcounts do not include the clusters of the new table yet; opening the image for writing repairs that.
  const file = new MemoryFile('image.qcow2', bytes);
  Qcow2Image.open(file, { writable: true }).close();
  return file.contents();
}

function entriesIn(image: Uint8Array): Uint8Array[] {
  const view = viewOf(image);
  let at = Number(view.getBigUint64(64));
  return Array.from({ length: view.getUint32(60) }, () => {
    const length = 40 + view.getUint32(at + 36) + view.getUint16(at + 12) + view.getUint16(at + 14);
    const entry = image.slice(at, at + length);
    at += Math.ceil(length / 8) * 8;
    return entry;
  });
}
