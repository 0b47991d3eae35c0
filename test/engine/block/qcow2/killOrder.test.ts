/** At worst, a kill or power cut between any two file calls of an operation leaves leaked clusters.
 *
 * No refcount is too low, no COPIED flag contradicts a refcount, and the disk and the snapshots are in the old or the
 * new state. The tests check the image with blkreplay after every cut, and with `qemu-img check` after some cuts, to
 * show that other programs accept the file.
 */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { viewOf } from '../../../../debug-adapter/engine/block/qcow2/bigEndian.ts';
import { Qcow2Image } from '../../../../debug-adapter/engine/block/qcow2/image.ts';
import { MemoryFile } from '../../../support/memoryFile.ts';
import { SeededRandom } from '../../../support/seededRandom.ts';
import { afterKill, afterPowerCut, type FileChange, SimulatedFile } from '../../../support/simulatedFile.ts';
import { requireTool } from '../../../support/tools.ts';
import { asVersion2, withRefcountBits } from './imageKinds.ts';
import { ImageModel } from './imageModel.ts';
import { qemuCheck } from './qemuCheck.ts';
import { assertClean, assertSameBytes, filled, KIB, readAll } from './support.ts';
import { longTest, some } from '../../../support/extent.ts';

const KINDS: { what: string; clusterSizeBytes: number; convert: (image: Uint8Array) => Uint8Array }[] = [
  { what: '512-byte clusters', clusterSizeBytes: 512, convert: (image) => image },
  { what: '4 KiB clusters', clusterSizeBytes: 4 * KIB, convert: (image) => image },
  { what: '4 KiB clusters, version 2', clusterSizeBytes: 4 * KIB, convert: asVersion2 },
  { what: '4 KiB clusters, 4-bit refcounts', clusterSizeBytes: 4 * KIB, convert: (i) => withRefcountBits(i, 4) },
  { what: '64 KiB clusters', clusterSizeBytes: 64 * KIB, convert: (image) => image },
];

interface Operation {
  what: string;
  run(image: Qcow2Image, model: ImageModel, random: SeededRandom): void;
}

const OPERATIONS: Operation[] = [
  { what: 'taking a snapshot', run: (image, model) => model.createSnapshot(image) },
  {
    what: 'taking a snapshot of an earlier state',
    run: (image, model, random) => model.createSnapshotFrom(image, random),
  },
  { what: 'deleting a snapshot', run: (image, model) => remove(image, model, ['s1']) },
  { what: 'deleting all snapshots', run: (image, model) => remove(image, model, [...model.snapshots.keys()]) },
  { what: 'renaming a snapshot', run: (image, model, random) => model.renameSnapshot(image, random) },
  { what: 'applying a snapshot', run: (image, model, random) => model.applySnapshot(image, random) },
  {
    what: 'discarding everything',
    run(image, model) {
      remove(image, model, [...model.snapshots.keys()]);
      image.makeEmpty();
      model.disk = new Uint8Array(model.disk.length);
      model.vmState = new Uint8Array(model.vmState.length);
    },
  },
  {
    what: 'removing the VM state and snapshots of an earlier recording',
    run(image, model) {
      image.vmState.unmap();
      model.vmState = new Uint8Array(model.vmState.length);
      remove(image, model, ['s0', 's2']);
    },
  },
];

for (const kind of some(KINDS, 1)) {
  for (const operation of OPERATIONS) {
    test(`${operation.what} can be interrupted at every file call: ${kind.what}`, (t) => {
      const random = SeededRandom.forTest(t);
      checkCuts(t, recordOperation(kind, operation, random, { isFlushed: true }), random);
    });
  }
  test(`taking and deleting snapshots while data is unflushed can be interrupted at every file call: ${kind.what}`, (t) => {
    const random = SeededRandom.forTest(t);
    const take: Operation = { what: '', run: (image, model) => model.createSnapshot(image) };
    checkCuts(t, recordOperation(kind, take, random, { isFlushed: false }), random);
    const drop: Operation = { what: '', run: (image, model) => remove(image, model, ['s0']) };
    checkCuts(t, recordOperation(kind, drop, random, { isFlushed: false }), random);
  });
}

longTest(
  'moving the refcount table while snapshots are taken and deleted can be interrupted at every file call',
  (t) => {
    const random = SeededRandom.forTest(t);
    const fresh = new MemoryFile('overlay.qcow2');
    // With 512-byte clusters, a refcount table of one cluster lists 64 refcount blocks, which cover 8 MiB of the file.
    Qcow2Image.create(fresh, { lengthBytes: 9 * 1024 * KIB, clusterSizeBytes: 512 }).close();
    const start = fresh.contents();
    const file = new SimulatedFile('overlay.qcow2', start);
    const image = Qcow2Image.open(file, { writable: true });
    const tables = new Set<bigint>();
    const look = () => tables.add(viewOf(afterKill(start, file.log, file.log.length)).getBigUint64(48));
    for (let round = 0; round < 3; round++) {
      image.write(round * 3072 * KIB, filled(2900 * KIB, round + 1));
      image.flush();
      look();
      image.snapshots.create({ ...NOTHING, name: `s${round}`, icount: round });
      look();
    }
    assert.ok(tables.size > 3, 'the table moved');
    const cuts = Array.from({ length: 60 }, () => random.below(file.log.length + 1));
    for (const calls of [...cuts, file.log.length]) {
      const bytes = afterKill(start, file.log, calls);
      const left = Qcow2Image.open(new MemoryFile('overlay.qcow2', bytes), { writable: false });
      assert.deepEqual(left.check().corruptions, [], `after ${calls} calls`);
    }
    for (const calls of cuts.slice(0, 5)) qemuFindsLeaksAtMost(t, afterKill(start, file.log, calls), `${calls} calls`);
  },
);

test('when an image is opened, wrong refcounts and flags written by other programs or earlier versions are repaired in one step', (t) => {
  const random = SeededRandom.forTest(t);
  for (const kind of KINDS.filter(({ clusterSizeBytes }) => clusterSizeBytes > 512)) {
    const { file, model } = startingImage(kind, random);
    const damaged = withContradictions(file.contents());
    const before = Qcow2Image.open(new MemoryFile('overlay.qcow2', damaged), { writable: false }).check();
    assert.ok(before.corruptions.length > 0 && before.leaks > 0, JSON.stringify(before));
    if (requireTool('qemu-img', t)) assert.equal(qemuCheck(damaged).status, 2);
    const opened = new SimulatedFile('overlay.qcow2', damaged);
    assertClean(Qcow2Image.open(opened, { writable: true }), kind.what);
    for (let calls = 0; calls <= opened.log.length; calls++) {
      const left = new MemoryFile('overlay.qcow2', afterKill(damaged, opened.log, calls));
      const { corruptions } = Qcow2Image.open(left, { writable: false }).check();
      assert.ok(corruptions.length === 0 || corruptions.length === before.corruptions.length, corruptions.join('\n'));
      const again = Qcow2Image.open(left, { writable: true });
      assertClean(again, `${kind.what}, ${calls} calls`);
      model.assertSame(again);
    }
  }
});

interface Run {
  start: Uint8Array;
  log: FileChange[];
  /** The states before and after the operation; after a cut, the image must be in one of them. */
  before: ImageModel;
  after: ImageModel;
  isFlushed: boolean;
}

function recordOperation(
  kind: (typeof KINDS)[number],
  operation: Operation,
  random: SeededRandom,
  { isFlushed }: { isFlushed: boolean },
): Run {
  const { file: closed, model } = startingImage(kind, random);
  const ready = new MemoryFile('overlay.qcow2', closed.contents());
  const opened = Qcow2Image.open(ready, { writable: true });
  for (let i = 0; i < 6; i++) model.write(opened, random);
  model.writeVmState(opened, random);
  if (isFlushed) opened.flush();
  else opened.writeBack();
  const start = ready.contents();
  // Reopens the image in a file object that records all changes to the file.
  const file = new SimulatedFile('overlay.qcow2', start);
  const image = Qcow2Image.open(file, { writable: true });
  const skipped = file.log.length;
  if (!isFlushed) {
    for (let i = 0; i < 6; i++) model.write(image, random);
    model.writeVmState(image, random);
  }
  const before = model.copy();
  operation.run(image, model, random);
  const after = model.copy();
  return { start: afterKill(start, file.log, skipped), log: file.log.slice(skipped), before, after, isFlushed };
}

/** An image with three snapshots and later changes to the active disk and VM state, all of which are written back. */
function startingImage(kind: (typeof KINDS)[number], random: SeededRandom) {
  const fresh = new MemoryFile('overlay.qcow2');
  const diskBytes = kind.clusterSizeBytes === 512 ? 160 * KIB : 640 * KIB;
  Qcow2Image.create(fresh, { lengthBytes: diskBytes, clusterSizeBytes: kind.clusterSizeBytes }).close();
  const file = new MemoryFile('overlay.qcow2', kind.convert(fresh.contents()));
  const image = Qcow2Image.open(file, { writable: true });
  const model = new ImageModel(new Uint8Array(diskBytes), 64 * KIB).startsHere();
  for (let round = 0; round < 3; round++) {
    for (let i = 0; i < 6; i++) model.write(image, random);
    model.writeVmState(image, random);
    model.createSnapshot(image);
  }
  for (let i = 0; i < 3; i++) model.write(image, random);
  image.close();
  model.vmState = new Uint8Array(model.vmState.length);
  return { file, model };
}

function remove(image: Qcow2Image, model: ImageModel, names: string[]): void {
  image.snapshots.deleteMany(names);
  for (const name of names) model.snapshots.delete(name);
}

function checkCuts(t: TestContext, run: Run, random: SeededRandom): void {
  for (let calls = 0; calls <= run.log.length; calls++) {
    const what = `after ${calls} of ${run.log.length} calls`;
    checkLeft(run, afterKill(run.start, run.log, calls), what);
    checkLeft(run, afterPowerCut(run.start, run.log, calls, random), `${what}, power cut`);
  }
  for (let i = 0; i < 2; i++) {
    const calls = random.below(run.log.length + 1);
    qemuFindsLeaksAtMost(t, afterKill(run.start, run.log, calls), `after ${calls} of ${run.log.length} calls`);
  }
}

function checkLeft(run: Run, bytes: Uint8Array, what: string): void {
  const left = Qcow2Image.open(new MemoryFile('overlay.qcow2', bytes), { writable: false });
  assert.deepEqual(left.check().corruptions, [], what);
  checkContents(run, left, what);
  const file = new MemoryFile('overlay.qcow2', bytes);
  const repaired = Qcow2Image.open(file, { writable: true });
  assertClean(repaired, what);
  checkContents(run, repaired, what);
  repaired.close();
  assertClean(Qcow2Image.open(file, { writable: false }), `${what}, closed`);
}

function checkContents({ before, after, isFlushed }: Run, image: Qcow2Image, what: string): void {
  const names = new Set(image.snapshots.list.map(({ name }) => name));
  const isThat = (model: ImageModel) =>
    names.size === model.snapshots.size && [...model.snapshots.keys()].every((name) => names.has(name));
  assert.ok(isThat(before) || isThat(after), `${what}: the snapshots are ${[...names].join(', ')}`);
  for (const name of names) (isThat(after) ? after : before).assertSameSnapshot(image, name);
  if (!isFlushed) return;
  const disk = readAll(image);
  if (Buffer.compare(disk, before.disk) !== 0) assertSameBytes(disk, after.disk, `${what}: the disk`);
}

function qemuFindsLeaksAtMost(t: TestContext, bytes: Uint8Array, what: string): void {
  if (!requireTool('qemu-img', t)) return;
  const { status, output } = qemuCheck(bytes);
  assert.ok(status === 0 || status === 3, `${what}: ${output}`);
}

/**
 * Inverts all COPIED flags in the active tables, and increments the refcount of the unused cluster after the end of the
 * file. This is more damage than a kill between raising refcounts and clearing flags can cause.
 */
function withContradictions(image: Uint8Array): Uint8Array {
  const bytes = image.slice();
  const view = viewOf(bytes);
  const clusterSizeBytes = 2 ** view.getUint32(20);
  const l1 = Number(view.getBigUint64(40));
  for (let i = 0; i < view.getUint32(36); i++) {
    const entry = view.getBigUint64(l1 + 8 * i);
    if (entry === 0n) continue;
    view.setBigUint64(l1 + 8 * i, entry ^ COPIED);
    const l2 = Number(entry & OFFSET_MASK);
    for (let at = l2; at < l2 + clusterSizeBytes; at += 8) {
      const data = view.getBigUint64(at);
      if ((data & OFFSET_MASK) !== 0n) view.setBigUint64(at, data ^ COPIED);
    }
  }
  return leakedOnce(bytes);
}

/** Increments the refcount of the unused cluster after the end of the file, for any refcount width. */
function leakedOnce(bytes: Uint8Array): Uint8Array {
  const view = viewOf(bytes);
  const clusterSizeBytes = 2 ** view.getUint32(20);
  const isVersion2 = view.getUint32(4) === 2;
  const bits = isVersion2 ? 16 : 2 ** view.getUint32(96);
  const block = Number(view.getBigUint64(Number(view.getBigUint64(48))));
  const cluster = Math.ceil(bytes.length / clusterSizeBytes);
  bytes[block + Math.floor((cluster * bits) / 8) + (bits === 16 ? 1 : 0)] |= 1 << (bits < 8 ? (cluster * bits) % 8 : 0);
  return bytes;
}

const NOTHING = { dateSeconds: 0, dateNanoseconds: 0, vmClockNanoseconds: 0, vmStateSizeBytes: 0 };
const OFFSET_MASK = 0x00ff_ffff_ffff_fe00n;
const COPIED = 1n << 63n;
