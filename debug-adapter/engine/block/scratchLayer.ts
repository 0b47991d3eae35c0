import { assert } from '../base/assert.ts';
import type { HostFile } from '../base/host.ts';
import type { BlockDevice } from './blockDevice.ts';
import { type ByteRange, isEmpty } from './byteRange.ts';
import { ScratchSlots } from './scratchSlots.ts';
import { SlotMap, ZERO_SLOT } from './slotMap.ts';

export interface ScratchState {
  readonly lower: BlockDevice;
  readonly slots: SlotMap;
}

/**
 * A temporary layer over a read-only device. During a replay, the guest's writes go to a scratch file, so that the
 * overlay remains as it was at the end of the recording. A map in memory records the location of each cluster; neither
 * the map nor the file outlives the process.
 *
 * `reset` discards all writes; a seek calls it to switch to another snapshot's disk. `capture` and `restore` save and
 * restore the layer's contents. A captured state shares the map and its slots with the layer; later writes use other
 * slots until `release` frees the captured state. The scratch file contains only the slots that the layer or a captured
 * state refers to, and free space at its end is removed.
 */
export class ScratchLayer implements BlockDevice {
  readonly name: string;
  readonly lengthBytes: number;
  readonly readOnly = false;
  private lower: BlockDevice;
  private readonly scratch: HostFile;
  private readonly slots = new ScratchSlots();
  private map: SlotMap;
  /** The length of the scratch file, in slots. */
  private slotCount = 0;

  constructor({ lower, scratch }: { lower: BlockDevice; scratch: HostFile }) {
    this.name = lower.name;
    this.lengthBytes = lower.lengthBytes;
    this.lower = lower;
    this.scratch = scratch;
    this.map = new SlotMap(Math.ceil(this.lengthBytes / CLUSTER_BYTES), this.slots);
  }

  /** The space that the layer and its captured states use in the scratch file, in bytes. */
  get scratchBytes(): number {
    return this.slots.used * CLUSTER_BYTES;
  }

  /** The space that only captured states use in the scratch file, in bytes. Visits every written region. */
  capturedScratchBytes(): number {
    return this.scratchBytes - this.map.slotCount() * CLUSTER_BYTES;
  }

  /** The memory used by the maps of the layer and its captured states. */
  get mapBytes(): number {
    return this.slots.mapBytes;
  }

  /** Discards all writes and places the layer over `lower`, a device of the same length. Captured states stay valid. */
  reset(lower: BlockDevice): void {
    assert(lower.lengthBytes === this.lengthBytes, 'the new device has the same length');
    this.lower = lower;
    this.map.release();
    this.truncateFile();
  }

  /** Saves the current contents. `restore` can return to them until the captured state is released. */
  capture(): ScratchState {
    return { lower: this.lower, slots: this.map.reference() };
  }

  restore(state: ScratchState): void {
    const map = state.slots.reference();
    this.lower = state.lower;
    this.map.release();
    this.map = map;
    this.truncateFile();
  }

  /** Frees a captured state. */
  release(slots: SlotMap): void {
    slots.release();
    this.truncateFile();
  }

  /** The ranges in which the layer may differ from the device below it. */
  writtenRanges(): ByteRange[] {
    return this.map.regions().map(({ first, clusters }) => {
      const offset = first * CLUSTER_BYTES;
      return { offset, lengthBytes: Math.min(clusters * CLUSTER_BYTES, this.lengthBytes - offset) };
    });
  }

  /** The exact extents that were written, in whole clusters and in order. */
  *writtenExtents(): Generator<ByteRange & { isZero: boolean }> {
    for (const { first, clusters, isZero } of this.map.runs()) {
      const offset = first * CLUSTER_BYTES;
      yield { offset, lengthBytes: Math.min(clusters * CLUSTER_BYTES, this.lengthBytes - offset), isZero };
    }
  }

  read(offset: number, into: Uint8Array): void {
    this.checkRange(offset, into.length);
    for (let done = 0; done < into.length;) {
      const run = this.extentAt(offset + done, into.length - done);
      const part = into.subarray(done, done + run.lengthBytes);
      if (run.slot === undefined) this.lower.read(offset + done, part);
      else if (run.slot === ZERO_SLOT) part.fill(0);
      else part.fill(0, this.scratch.readAt(run.scratchOffset, part));
      done += run.lengthBytes;
    }
  }

  write(offset: number, from: Uint8Array): void {
    this.checkRange(offset, from.length);
    for (let done = 0; done < from.length;) {
      const at = offset + done;
      const run = this.writableExtentAt(at, from.length - done);
      const part = from.subarray(done, done + run.lengthBytes);
      if (run.slot === undefined) done += this.writeNewSlots(at, part);
      else {
        this.scratch.writeAt(run.slot * CLUSTER_BYTES + (at % CLUSTER_BYTES), part);
        done += part.length;
      }
    }
  }

  writeZeroes(offset: number, lengthBytes: number): void {
    this.checkRange(offset, lengthBytes);
    const end = offset + lengthBytes;
    const first = Math.ceil(offset / CLUSTER_BYTES);
    // If the disk ends inside its last cluster, zeroing up to the end of the disk zeroes the whole cluster.
    const last = end === this.lengthBytes ? Math.ceil(end / CLUSTER_BYTES) : Math.floor(end / CLUSTER_BYTES);
    if (first >= last) return this.zeroPart(offset, end);
    this.zeroPart(offset, first * CLUSTER_BYTES);
    this.map.setZero(first, last);
    this.zeroPart(last * CLUSTER_BYTES, end);
  }

  *dataRanges(offset: number, lengthBytes: number): Generator<ByteRange> {
    this.checkRange(offset, lengthBytes);
    const end = offset + lengthBytes;
    let done = offset;
    const clusters = [Math.floor(offset / CLUSTER_BYTES), Math.ceil(end / CLUSTER_BYTES)];
    for (const run of this.map.runs(clusters[0], clusters[1])) {
      const start = Math.max(offset, run.first * CLUSTER_BYTES);
      if (done < start) yield* this.lower.dataRanges(done, start - done);
      done = Math.min(end, (run.first + run.clusters) * CLUSTER_BYTES);
      if (!run.isZero) yield { offset: start, lengthBytes: done - start };
    }
    if (done < end) yield* this.lower.dataRanges(done, end - done);
  }

  /** Does nothing, because scratch data need not be durable. */
  flush(): void {}

  /** Closes the scratch file. The caller must close the device below the layer. */
  close(): void {
    this.scratch.close();
  }

  /**
   * Zeroes a range that covers its clusters only partially. Clusters whose other bytes are also zero become zero
   * clusters, which need no slot.
   */
  private zeroPart(offset: number, end: number): void {
    if (offset >= end) return;
    const first = Math.floor(offset / CLUSTER_BYTES);
    const last = Math.ceil(end / CLUSTER_BYTES);
    const start = first * CLUSTER_BYTES;
    const isAllZero = isEmpty(this.dataRanges(start, Math.min(last * CLUSTER_BYTES, this.lengthBytes) - start));
    if (isAllZero) this.map.setZero(first, last);
    else this.write(offset, new Uint8Array(end - offset));
  }

  /**
   * Writes data to new slots with a single file write. The rest of each slot is filled with the current contents of its
   * cluster. Returns how many bytes of `data` were written.
   */
  private writeNewSlots(offset: number, data: Uint8Array): number {
    const first = Math.floor(offset / CLUSTER_BYTES);
    const head = offset - first * CLUSTER_BYTES;
    const wanted = Math.ceil((head + data.length) / CLUSTER_BYTES);
    const { first: slot, count } = this.slots.findFree(wanted);
    const part = count < wanted ? data.subarray(0, count * CLUSTER_BYTES - head) : data;
    // The length is updated before the write, because even a failed write may have extended the file.
    this.slotCount = Math.max(this.slotCount, slot + count);
    this.scratch.writeAt(slot * CLUSTER_BYTES, this.wholeClusters(offset, part));
    for (let i = 0; i < count; i++) this.map.set(first + i, slot + i);
    return part.length;
  }

  private wholeClusters(offset: number, data: Uint8Array): Uint8Array {
    const head = offset % CLUSTER_BYTES;
    const lengthBytes = Math.ceil((head + data.length) / CLUSTER_BYTES) * CLUSTER_BYTES;
    if (lengthBytes === data.length) return data;
    const bytes = new Uint8Array(lengthBytes);
    const tail = head + data.length;
    const visible = Math.min(lengthBytes, this.lengthBytes - (offset - head));
    if (head > 0) this.read(offset - head, bytes.subarray(0, head));
    if (tail < visible) this.read(offset - head + tail, bytes.subarray(tail, visible));
    bytes.set(data, head);
    return bytes;
  }

  /**
   * The longest run starting at `offset` in which either all clusters are contiguous in the file and can be written in
   * place, or all clusters need new slots.
   */
  private writableExtentAt(offset: number, lengthMax: number): { slot: number | undefined; lengthBytes: number } {
    const first = Math.floor(offset / CLUSTER_BYTES);
    const slot = this.map.writableSlot(first);
    let lengthBytes = CLUSTER_BYTES - (offset % CLUSTER_BYTES);
    for (let i = 1; lengthBytes < lengthMax; i++) {
      if (this.map.writableSlot(first + i) !== (slot === undefined ? undefined : slot + i)) break;
      lengthBytes += CLUSTER_BYTES;
    }
    return { slot, lengthBytes: Math.min(lengthBytes, lengthMax) };
  }

  private truncateFile(): void {
    if (this.slotCount <= this.slots.end) return;
    this.slotCount = this.slots.end;
    this.scratch.truncate(this.slotCount * CLUSTER_BYTES);
  }

  /**
   * The longest run starting at `offset` that is stored in one location: in the device below the layer, in consecutive
   * slots of the scratch file, or (if it reads as zeroes) nowhere.
   */
  private extentAt(offset: number, lengthMax: number) {
    const first = Math.floor(offset / CLUSTER_BYTES);
    const inCluster = offset - first * CLUSTER_BYTES;
    const slot = this.map.get(first);
    const step = slot === undefined || slot === ZERO_SLOT ? 0 : 1;
    let lengthBytes = CLUSTER_BYTES - inCluster;
    for (let i = 1; lengthBytes < lengthMax; i++) {
      const next = this.map.get(first + i);
      const follows = slot === undefined ? next === undefined : next === slot + i * step;
      if (!follows) break;
      lengthBytes += CLUSTER_BYTES;
    }
    return {
      slot,
      scratchOffset: (slot ?? 0) * CLUSTER_BYTES + inCluster,
      lengthBytes: Math.min(lengthBytes, lengthMax),
    };
  }

  private checkRange(offset: number, lengthBytes: number): void {
    assert(offset >= 0 && offset + lengthBytes <= this.lengthBytes, `${this.name}: range outside the disk`);
  }
}

// Guest file systems write whole pages, so smaller clusters would only enlarge the map.
const CLUSTER_BYTES = 4096;
