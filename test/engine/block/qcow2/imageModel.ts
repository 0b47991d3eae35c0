import assert from 'node:assert/strict';
import type { Qcow2Image } from '../../../../debug-adapter/engine/block/qcow2/image.ts';
import type { SeededRandom } from '../../../support/seededRandom.ts';
import { assertSameBytes, filled, readAll, readVm, takeSnapshot } from './support.ts';

/**
 * The expected contents of an image as plain byte arrays, and random steps that change the image and the model in the
 * same way. Tests compare the two; the crash tests use the model to determine what a file may contain after a kill.
 */
const NOTHING = { dateSeconds: 0, dateNanoseconds: 0, vmClockNanoseconds: 0 };

export class ImageModel {
  disk: Uint8Array;
  vmState: Uint8Array;
  snapshots = new Map<string, { disk: Uint8Array; vmState: Uint8Array; icount: number }>();
  /** The contents of an empty image. */
  private base: Uint8Array;
  private named = 0;

  constructor(disk: Uint8Array, vmStateBytes: number) {
    this.disk = disk.slice();
    this.base = this.disk;
    this.vmState = new Uint8Array(vmStateBytes);
  }

  copy(): ImageModel {
    const copy = new ImageModel(this.disk, 0);
    copy.vmState = this.vmState.slice();
    copy.base = this.base;
    copy.snapshots = new Map(this.snapshots);
    return copy;
  }

  /**
   * From now on, treats the current contents of the disk as those of an empty image. Call this when the image's disk
   * contains the same bytes.
   */
  startsHere(): this {
    this.base = this.disk.slice();
    return this;
  }

  write(image: Qcow2Image, random: SeededRandom): void {
    const { offset, length } = this.range(random, this.disk.length);
    const bytes = random.chance(0.3) ? random.bytes(length) : filled(length, random.below(255) + 1);
    image.write(offset, bytes);
    this.disk.set(bytes, offset);
  }

  writeZeroes(image: Qcow2Image, random: SeededRandom): void {
    const { offset, length } = this.range(random, this.disk.length);
    image.writeZeroes(offset, length);
    this.disk.fill(0, offset, offset + length);
  }

  /** Writes VM state: either one range, or scattered clusters. */
  writeVmState(image: Qcow2Image, random: SeededRandom): void {
    if (random.chance(0.5)) return this.writeVmStateClusters(image, random);
    const { offset, length } = this.range(random, this.vmState.length);
    const value = random.below(255) + 1;
    image.vmState.write(offset, filled(length, value));
    this.vmState.fill(value, offset, offset + length);
  }

  writeVmStateClusters(image: Qcow2Image, random: SeededRandom): void {
    const { clusterSizeBytes } = image;
    const wanted = random.below(40);
    const clusters: { offset: number; bytes: Uint8Array }[] = [];
    for (let at = 0; at + clusterSizeBytes <= this.vmState.length; at += clusterSizeBytes * (1 + random.below(3))) {
      if (clusters.length === wanted) break;
      clusters.push({ offset: at, bytes: filled(clusterSizeBytes, random.below(255) + 1) });
    }
    image.vmState.writeClusters(clusters);
    for (const { offset, bytes } of clusters) this.vmState.set(bytes, offset);
  }

  zeroVmState(image: Qcow2Image, random: SeededRandom): void {
    const { offset, length } = this.range(random, this.vmState.length);
    image.vmState.zero(offset, length);
    this.vmState.fill(0, offset, offset + length);
  }

  createSnapshot(image: Qcow2Image): void {
    const icount = this.named++;
    takeSnapshot(image, `s${icount}`, { vmStateSizeBytes: this.vmState.length, icount });
    this.snapshots.set(`s${icount}`, { disk: this.disk.slice(), vmState: this.vmState.slice(), icount });
  }

  /**
   * Takes a snapshot of a state other than the current one: a changed copy of an earlier snapshot or of an empty image.
   */
  createSnapshotFrom(image: Qcow2Image, random: SeededRandom): void {
    const icount = this.named++;
    const from = random.chance(0.9) ? random.pick([undefined, ...this.snapshots.keys()]) : undefined;
    const origin = from === undefined ? undefined : this.snapshots.get(from)!;
    const disk = (origin?.disk ?? this.base).slice();
    const vmState = origin?.vmState.slice() ?? new Uint8Array(this.vmState.length);
    const wanted = { ...NOTHING, name: `s${icount}`, vmStateSizeBytes: vmState.length, icount };
    image.snapshots.createFrom(from, wanted, (draft) => {
      for (let change = random.below(6); change > 0; change--) {
        const { offset, length } = this.range(random, random.chance(0.5) ? disk.length : vmState.length);
        const target = offset + length <= vmState.length && random.chance(0.5) ? vmState : disk;
        const bytes = random.chance(0.3) ? new Uint8Array(length) : filled(length, random.below(255) + 1);
        const isZeroed = random.chance(0.2);
        target.set(isZeroed ? new Uint8Array(length) : bytes, offset);
        if (target === disk) {
          if (isZeroed) draft.zeroDisk(offset, length);
          else draft.setDisk(offset, bytes);
        } else if (isZeroed) draft.zeroVmState(offset, length);
        else draft.setVmState(offset, bytes);
      }
    });
    this.snapshots.set(`s${icount}`, { disk, vmState, icount });
  }

  deleteSnapshot(image: Qcow2Image, random: SeededRandom): void {
    if (this.snapshots.size === 0) return;
    const name = random.pick([...this.snapshots.keys()]);
    image.snapshots.delete(name);
    this.snapshots.delete(name);
  }

  renameSnapshot(image: Qcow2Image, random: SeededRandom): void {
    if (this.snapshots.size === 0) return;
    const name = random.pick([...this.snapshots.keys()]);
    const renamed = `renamed ${this.named++}`;
    image.snapshots.rename(name, renamed);
    this.snapshots.set(renamed, this.snapshots.get(name)!);
    this.snapshots.delete(name);
  }

  applySnapshot(image: Qcow2Image, random: SeededRandom): void {
    if (this.snapshots.size === 0) return;
    const name = random.pick([...this.snapshots.keys()]);
    image.snapshots.apply(name);
    this.disk = this.snapshots.get(name)!.disk.slice();
    this.vmState = this.snapshots.get(name)!.vmState.slice();
  }

  relinkVmState(image: Qcow2Image, random: SeededRandom): void {
    if (this.snapshots.size === 0) return;
    const name = random.pick([...this.snapshots.keys()]);
    image.vmState.map(name);
    this.vmState = this.snapshots.get(name)!.vmState.slice();
  }

  assertSame(image: Qcow2Image): void {
    assertSameBytes(readAll(image), this.disk, 'disk');
    assertSameBytes(readVm(image, 0, this.vmState.length), this.vmState, 'VM state');
    assert.deepEqual(image.snapshots.list.map(({ name }) => name).sort(), [...this.snapshots.keys()].sort());
    for (const name of this.snapshots.keys()) this.assertSameSnapshot(image, name);
  }

  assertSameSnapshot(image: Qcow2Image, name: string): void {
    const expected = this.snapshots.get(name)!;
    const view = image.snapshots.open(name);
    assertSameBytes(readAll(view.disk), expected.disk, `disk of ${name}`);
    assertSameBytes(readVm(view, 0, expected.vmState.length), expected.vmState, `VM state of ${name}`);
    assert.equal(image.snapshots.list.find((snapshot) => snapshot.name === name)!.icount, expected.icount);
  }

  /** Returns a random range that is usually short and often aligned, like the ranges in guest requests. */
  private range(random: SeededRandom, end: number): { offset: number; length: number } {
    const unit = random.pick([1, 512, 512, 4096]);
    const offset = Math.floor(random.below(end) / unit) * unit;
    const length = Math.min(end - offset, (1 + random.below(random.pick([3, 30]))) * unit);
    return { offset, length };
  }
}
