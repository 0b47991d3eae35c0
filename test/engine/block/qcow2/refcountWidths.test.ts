/** Refcounts of any width never wrap, and an image with more references than a refcount can hold is left unchanged.
 *
 * Such an image is treated as damaged, and `qemu-img check` reports errors in it. A refcount that wraps to 0 would free
 * a cluster that is in use.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { viewOf } from '../../../../debug-adapter/engine/block/qcow2/bigEndian.ts';
import { Qcow2Image } from '../../../../debug-adapter/engine/block/qcow2/image.ts';
import { encodeRefcounts } from '../../../../debug-adapter/engine/block/qcow2/refcountBlocks.ts';
import { UserError } from '../../../../debug-adapter/messages/userError.ts';
import { MemoryFile } from '../../../support/memoryFile.ts';
import { requireTool } from '../../../support/tools.ts';
import { firstRefcountBlock, withRefcountBits } from './imageKinds.ts';
import { qemuCheck } from './qemuCheck.ts';
import {
  assertClean,
  assertSameBytes,
  filled,
  KIB,
  MIB,
  newImage,
  readAll,
  readDisk,
  takeSnapshot,
} from './support.ts';

const WIDTHS = [1, 2, 4, 8, 16, 32, 64];
/** The largest refcount that is supported. In memory, a refcount has 16 bits, regardless of its width in the file. */
const maxOf = (bits: number): number => Math.min(2 ** bits - 1, 0xffff);

for (const bits of WIDTHS) {
  test(`${bits}-bit refcounts: an image with one reference too many is treated as damaged, and its file stays unchanged`, (t) => {
    const bytes = sharedBy(bits, maxOf(bits) + 1);
    const file = new MemoryFile('image.qcow2', bytes);
    const isDamage = (error: unknown) => error instanceof UserError && error.code === 'image-corrupt';
    assert.throws(() => Qcow2Image.open(file, { writable: true }), isDamage);
    assert.deepEqual(file.contents(), bytes);
    const { corruptions } = Qcow2Image.open(file, { writable: false }).check();
    assert.match(
      corruptions[0],
      new RegExp(`^a cluster has ${maxOf(bits) + 1} references, but its refcount can be at most ${maxOf(bits)} \\(`),
    );
    if (bits <= 16 && requireTool('qemu-img', t)) assert.equal(qemuCheck(bytes).status, 2);
  });

  test(`${bits}-bit refcounts: the largest possible number of references is valid`, (t) => {
    const file = new MemoryFile('image.qcow2', sharedBy(bits, maxOf(bits)));
    const image = Qcow2Image.open(file, { writable: true });
    assertClean(image);
    const expected = readDisk(image, 0, 2 * MIB);
    image.write(0, filled(4 * KIB, 2));
    expected.fill(2, 0, 4 * KIB);
    image.close();
    const again = Qcow2Image.open(file, { writable: true });
    assertSameBytes(readDisk(again, 0, 2 * MIB), expected);
    assertClean(again);
    if (requireTool('qemu-img', t)) assert.equal(qemuCheck(file.contents()).status, 0);
  });
}

test('if a write remaps one of several L2 entries for the same cluster, the others keep the cluster and get the correct flag', (t) => {
  for (const references of [2, 3, 1024]) {
    const file = new MemoryFile('image.qcow2', sharedBy(16, references));
    const image = Qcow2Image.open(file, { writable: true });
    const expected = readAll(image);
    image.write(0, filled(4 * KIB, 2));
    expected.fill(2, 0, 4 * KIB);
    image.flush();
    assertClean(image);
    image.write(4 * KIB, filled(4 * KIB, 3));
    expected.fill(3, 4 * KIB, 8 * KIB);
    image.close();
    const again = Qcow2Image.open(file, { writable: false });
    assertClean(again);
    assertSameBytes(readDisk(again, 0, 2 * MIB), expected.subarray(0, 2 * MIB));
    if (requireTool('qemu-img', t)) assert.equal(qemuCheck(file.contents()).status, 0);
  }
});

test('if refcounts are too narrow for another snapshot, every way to take one fails and changes nothing', () => {
  for (const bits of [1, 2, 4]) {
    const { image: fresh, file } = newImage({ lengthBytes: 256 * KIB });
    fresh.write(0, filled(100 * KIB, 1));
    fresh.close();
    const image = Qcow2Image.open(new MemoryFile('image.qcow2', withRefcountBits(file.contents(), bits)), {
      writable: true,
    });
    const isTooNarrow = (error: unknown) => error instanceof UserError && error.code === 'refcounts-too-narrow';
    for (let taken = 1; taken < maxOf(bits); taken++) takeSnapshot(image, `s${taken}`);
    assert.throws(() => takeSnapshot(image, 'one more'), isTooNarrow, `${bits} bits`);
    if (bits > 1) {
      const nothing = { dateSeconds: 0, dateNanoseconds: 0, vmClockNanoseconds: 0, vmStateSizeBytes: 0, icount: 1 };
      assert.throws(() => image.snapshots.createFrom('s1', { name: 'one more', ...nothing }, () => {}), isTooNarrow);
      // Applying a snapshot removes as many references as it adds.
      image.snapshots.apply('s1');
    }
    assert.equal(image.snapshots.list.length, maxOf(bits) - 1);
    assertClean(image, `${bits} bits`);
    assertSameBytes(readAll(image).subarray(0, 100 * KIB), filled(100 * KIB, 1));
  }
});

test('a wrong refcount that exceeds 16 bits is reported as a leak and can be corrected', (t) => {
  for (const bits of [32, 64]) {
    const { image, file } = newImage({ lengthBytes: 64 * KIB });
    image.write(0, filled(4 * KIB, 1));
    image.close();
    const bytes = withRefcountBits(file.contents(), bits);
    // The low 16 bits of 65537 are 1, the correct count.
    const last = bytes.length / 4096 - 1;
    viewOf(bytes).setUint16(firstRefcountBlock(bytes) + (last * bits) / 8 + bits / 8 - 4, 1);
    const damaged = new MemoryFile('image.qcow2', bytes);
    const { corruptions, leaks } = Qcow2Image.open(damaged, { writable: false }).check();
    assert.deepEqual({ leaks, flags: corruptions.length }, { leaks: 1, flags: 1 });
    if (requireTool('qemu-img', t)) assert.match(qemuCheck(bytes).output, /refcount=65537/);
    Qcow2Image.open(damaged, { writable: true }).close();
    assertClean(Qcow2Image.open(damaged, { writable: false }));
    if (requireTool('qemu-img', t)) assert.equal(qemuCheck(damaged.contents()).status, 0);
  }
});

test('encoding a refcount that does not fit fails an assertion and never stores a truncated value', () => {
  for (const bits of [1, 2, 4, 8]) {
    assert.throws(() => encodeRefcounts(Uint16Array.of(2 ** bits), bits, new Uint8Array(512)), /exceeds its width/);
  }
});

/**
 * Returns an image in which this number of L2 entries map the same cluster. The refcounts are correct if they are wide
 * enough.
 */
function sharedBy(bits: number, references: number): Uint8Array {
  let tables = Math.ceil(references / 512);
  while (references % tables !== 0) tables++;
  const { image, file } = newImage({ lengthBytes: tables * 512 * 4 * KIB });
  image.write(0, filled(4 * KIB, 1));
  image.close();
  const bytes = withRefcountBits(file.contents(), bits);
  const view = viewOf(bytes);
  const l1 = Number(view.getBigUint64(40));
  const l2 = Number(view.getBigUint64(l1) & OFFSET_MASK);
  const data = Number(view.getBigUint64(l2) & OFFSET_MASK);
  const isShared = references > 1;
  // All L1 entries point to the same L2 table.
  const entries = references / tables;
  for (let i = 0; i < tables; i++) view.setBigUint64(l1 + 8 * i, BigInt(l2) | (tables > 1 ? 0n : COPIED));
  for (let i = 0; i < entries; i++) view.setBigUint64(l2 + 8 * i, BigInt(data) | (isShared ? 0n : COPIED));
  setRefcount(bytes, bits, l2, tables);
  setRefcount(bytes, bits, data, Math.min(references, maxOf(bits)));
  return bytes;
}

function setRefcount(bytes: Uint8Array, bits: number, hostOffset: number, count: number): void {
  const view = viewOf(bytes);
  const cluster = hostOffset / (4 * KIB);
  const block = firstRefcountBlock(bytes);
  if (bits === 64) view.setBigUint64(block + 8 * cluster, BigInt(count));
  else if (bits === 32) view.setUint32(block + 4 * cluster, count);
  else if (bits === 16) view.setUint16(block + 2 * cluster, count);
  else {
    const at = block + Math.floor((cluster * bits) / 8);
    const shift = (cluster * bits) % 8;
    bytes[at] = (bytes[at] & ~((2 ** bits - 1) << shift)) | (count << shift);
  }
}

const OFFSET_MASK = 0x00ff_ffff_ffff_fe00n;
const COPIED = 1n << 63n;
