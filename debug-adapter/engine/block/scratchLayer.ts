import { assert } from '../base/assert.ts';
import type { HostFile } from '../base/host.ts';
import type { BlockDevice } from './blockDevice.ts';
import { type ByteRange, isEmpty } from './byteRange.ts';
import { SlotMap, ZERO_SLOT } from './slotMap.ts';

/**
 * A throw-away layer over a device that must not change: while a recording replays, the guest's writes land in a
 * scratch file and the overlay stays as the recording left it. A map in memory says which cluster is where; nothing
 * of it outlives the process. `reset` forgets all writes, which is how a seek puts the disk of another snapshot under
 * the guest. `capture` and `restore` keep moments of the layer itself: slots that a captured moment uses are never
 * written again, so a moment costs a copy of the map.
 */
export interface ScratchMoment {
  readonly lower: BlockDevice;
  readonly slots: SlotMap;
}

export class ScratchLayer implements BlockDevice {
  readonly name: string;
  readonly lengthBytes: number;
  readonly readOnly = false;
  #lower: BlockDevice;
  readonly #scratch: HostFile;
  #slots = new SlotMap();
  #slotsUsed = 0;
  /** Slots below this one belong to a captured moment. */
  #slotsKept = 0;

  constructor({ lower, scratch }: { lower: BlockDevice; scratch: HostFile }) {
    this.name = lower.name;
    this.lengthBytes = lower.lengthBytes;
    this.#lower = lower;
    this.#scratch = scratch;
  }

  /** Forgets all writes and shows `lower`, a device of the same length. Captured moments stay. */
  reset(lower: BlockDevice): void {
    assert(lower.lengthBytes === this.lengthBytes, 'a drive keeps its length');
    this.#lower = lower;
    this.#slots = new SlotMap();
    if (this.#slotsKept > 0) return;
    this.#slotsUsed = 0;
    this.#scratch.truncate(0);
  }

  /** What the layer shows now, to be shown again later. */
  capture(): ScratchMoment {
    this.#slotsKept = this.#slotsUsed;
    return { lower: this.#lower, slots: this.#slots.copy() };
  }

  restore(moment: ScratchMoment): void {
    this.#lower = moment.lower;
    this.#slots = moment.slots.copy();
  }

  /** Where the layer may differ from what is under it. */
  writtenRanges(): ByteRange[] {
    return this.#slots.regions().map(({ first, clusters }) => {
      const offset = first * CLUSTER_BYTES;
      return { offset, lengthBytes: Math.min(clusters * CLUSTER_BYTES, this.lengthBytes - offset) };
    });
  }

  /** What was written, exactly, in whole clusters and in order. */
  *writtenExtents(): Generator<ByteRange & { isZero: boolean }> {
    for (const { first, clusters, isZero } of this.#slots.runs()) {
      const offset = first * CLUSTER_BYTES;
      yield { offset, lengthBytes: Math.min(clusters * CLUSTER_BYTES, this.lengthBytes - offset), isZero };
    }
  }

  read(offset: number, into: Uint8Array): void {
    this.#checkRange(offset, into.length);
    for (let done = 0; done < into.length;) {
      const run = this.#runAt(offset + done, into.length - done);
      const part = into.subarray(done, done + run.lengthBytes);
      if (run.slot === undefined) this.#lower.read(offset + done, part);
      else if (run.slot === ZERO_SLOT) part.fill(0);
      else part.fill(0, this.#scratch.readAt(run.scratchOffset, part));
      done += run.lengthBytes;
    }
  }

  write(offset: number, from: Uint8Array): void {
    this.#checkRange(offset, from.length);
    for (let done = 0; done < from.length;) {
      const at = offset + done;
      const run = this.#runAt(at, from.length - done);
      if (run.slot !== undefined && run.slot !== ZERO_SLOT && run.slot >= this.#slotsKept) {
        this.#scratch.writeAt(run.scratchOffset, from.subarray(done, done + run.lengthBytes));
        done += run.lengthBytes;
      } else done += this.#writeNewSlots(at, from.subarray(done, done + run.lengthBytes));
    }
  }

  writeZeroes(offset: number, lengthBytes: number): void {
    this.#checkRange(offset, lengthBytes);
    const end = offset + lengthBytes;
    const first = Math.ceil(offset / CLUSTER_BYTES);
    // The disk may end inside its last cluster; zeroing up to that end zeroes all of it.
    const last = end === this.lengthBytes ? Math.ceil(end / CLUSTER_BYTES) : Math.floor(end / CLUSTER_BYTES);
    if (first >= last) return this.#zeroPart(offset, end);
    this.#zeroPart(offset, first * CLUSTER_BYTES);
    this.#slots.setZero(first, last);
    this.#zeroPart(last * CLUSTER_BYTES, end);
  }

  *dataRanges(offset: number, lengthBytes: number): Generator<ByteRange> {
    this.#checkRange(offset, lengthBytes);
    const end = offset + lengthBytes;
    let done = offset;
    const clusters = [Math.floor(offset / CLUSTER_BYTES), Math.ceil(end / CLUSTER_BYTES)];
    for (const run of this.#slots.runs(clusters[0], clusters[1])) {
      const start = Math.max(offset, run.first * CLUSTER_BYTES);
      if (done < start) yield* this.#lower.dataRanges(done, start - done);
      done = Math.min(end, (run.first + run.clusters) * CLUSTER_BYTES);
      if (!run.isZero) yield { offset: start, lengthBytes: done - start };
    }
    if (done < end) yield* this.#lower.dataRanges(done, end - done);
  }

  /** Nothing here is meant to last. */
  flush(): void {}

  /** Closes the scratch file; the device below belongs to the caller. */
  close(): void {
    this.#scratch.close();
  }

  /** Parts of clusters. Those that are zeroes otherwise become zeroes as a whole, and take no slot. */
  #zeroPart(offset: number, end: number): void {
    if (offset >= end) return;
    const first = Math.floor(offset / CLUSTER_BYTES);
    const last = Math.ceil(end / CLUSTER_BYTES);
    const start = first * CLUSTER_BYTES;
    const isAllZero = isEmpty(this.dataRanges(start, Math.min(last * CLUSTER_BYTES, this.lengthBytes) - start));
    if (isAllZero) this.#slots.setZero(first, last);
    else this.write(offset, new Uint8Array(end - offset));
  }

  /** One file write for a run of clusters that have no slot yet, filled up from what they show now. */
  #writeNewSlots(offset: number, data: Uint8Array): number {
    const first = Math.floor(offset / CLUSTER_BYTES);
    const start = first * CLUSTER_BYTES;
    const clusters = Math.ceil((offset + data.length - start) / CLUSTER_BYTES);
    const bytes = new Uint8Array(clusters * CLUSTER_BYTES);
    const head = offset - start;
    const tail = head + data.length;
    const visible = Math.min(bytes.length, this.lengthBytes - start);
    if (head > 0) this.read(start, bytes.subarray(0, head));
    if (tail < visible) this.read(start + tail, bytes.subarray(tail, visible));
    bytes.set(data, head);
    this.#scratch.writeAt(this.#slotsUsed * CLUSTER_BYTES, bytes);
    for (let i = 0; i < clusters; i++) this.#slots.set(first + i, this.#slotsUsed++);
    return data.length;
  }

  /** How far from `offset` on the bytes lie in one piece: below, in the scratch file, or nowhere (zeroes). */
  #runAt(offset: number, lengthMax: number) {
    const first = Math.floor(offset / CLUSTER_BYTES);
    const inCluster = offset - first * CLUSTER_BYTES;
    const slot = this.#slots.get(first);
    const step = slot === undefined || slot === ZERO_SLOT ? 0 : 1;
    let lengthBytes = CLUSTER_BYTES - inCluster;
    for (let i = 1; lengthBytes < lengthMax; i++) {
      const next = this.#slots.get(first + i);
      // A run is all kept or all free to be written.
      if (next === this.#slotsKept && slot !== undefined && slot >= 0) break;
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

  #checkRange(offset: number, lengthBytes: number): void {
    assert(offset >= 0 && offset + lengthBytes <= this.lengthBytes, `${this.name}: range outside the disk`);
  }
}

// Guest file systems write pages: smaller clusters would only fill the map.
const CLUSTER_BYTES = 4096;
