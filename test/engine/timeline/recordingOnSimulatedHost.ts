import assert from 'node:assert/strict';
import { encodeCbor } from '../../../debug-adapter/engine/base/cbor.ts';
import { xxh3 } from '../../../debug-adapter/engine/base/xxh3.ts';
import { BlkreplayFilter } from '../../../debug-adapter/engine/block/blkreplay.ts';
import type { BlockOperation } from '../../../debug-adapter/engine/block/blockRequest.ts';
import { Qcow2Image } from '../../../debug-adapter/engine/block/qcow2/image.ts';
import { RawImage } from '../../../debug-adapter/engine/block/raw.ts';
import { LiveInputs } from '../../../debug-adapter/engine/recording/inputs/liveInputs.ts';
import type { HeaderFields } from '../../../debug-adapter/engine/recording/header.ts';
import { Recorder } from '../../../debug-adapter/engine/recording/recorder.ts';
import { RecordingWriter } from '../../../debug-adapter/engine/recording/recordingWriter.ts';
import { liveImage } from '../../../debug-adapter/engine/timeline/snapshotImage.ts';
import { SnapshotImages } from '../../../debug-adapter/engine/timeline/snapshotImages.ts';
import { nodeCompression } from '../../../debug-adapter/host/compression.ts';
import { MemoryFile } from '../../support/memoryFile.ts';
import { SeededRandom } from '../../support/seededRandom.ts';
import { SimulatedHost } from '../../support/simulatedHost.ts';

/**
 * A recording without a machine. A simulated guest makes random disk requests on two drives, which are recorded as in a
 * session. Snapshots are taken at the live end and in the history, and are renamed and deleted. The class also keeps
 * the state that must exist after a crash.
 */
export const DRIVES = ['hd0', 'hd1'] as const;
export const DISK_BYTES = 12 * 1024;
export const BASE = new Uint8Array(DISK_BYTES).map((_, i) => i >> 9);
const CLUSTER_BYTES = 512;
const VM_BYTES = 3000;

type Drive = (typeof DRIVES)[number];
type Disks = Record<Drive, Uint8Array>;
export type SnapshotPositions = ReadonlyMap<string, number>;

export interface Request {
  operation: BlockOperation;
  offset: number;
  data: Uint8Array;
}

export class RecordingOnSimulatedHost {
  readonly disk = new SimulatedHost();
  /** The requests of each drive, indexed by request id. */
  readonly requests: Record<Drive, Request[]> = { hd0: [], hd1: [] };
  /** The contents of the disks at each position after a change, and at each snapshot. */
  readonly disksAt = new Map<number, Disks>();
  /**
   * What must survive a crash after this number of file calls: a replay reaches `position`, and the overlays contain
   * `disks`.
   */
  readonly guarantees: { calls: number; position: number; disks: Disks }[] = [];
  /**
   * The snapshots that are in the images after this number of file calls. After a crash between two entries of this
   * list, the images may contain the snapshots of either entry.
   */
  readonly snapshots: { calls: number; kept: SnapshotPositions }[] = [];
  readonly changes: { calls: number; disks: Disks }[] = [];
  position = 0;
  private disks: Disks = { hd0: BASE.slice(), hd1: BASE.slice() };
  private kept = new Map<string, number>();
  /** Whether the newest snapshot might not be durable yet. */
  private isPending = false;
  private random: SeededRandom;
  private filters!: Record<Drive, BlkreplayFilter>;
  private overlays!: Record<Drive, Qcow2Image>;
  private recorder!: Recorder;
  private writer!: RecordingWriter;
  private images!: SnapshotImages;

  constructor(random: SeededRandom) {
    this.random = random;
    if (random.chance(0.7)) this.disk.syncs = new SeededRandom(random.below(2 ** 31));
  }

  /**
   * Starts the recording with the steps of `openRecord`: header, overlays, first snapshot. Nothing is guaranteed until
   * this returns.
   */
  start(): void {
    const { disk } = this;
    this.writer = new RecordingWriter(disk.create('a.rr'), nodeCompression);
    this.writer.writeHeader(HEADER, []);
    this.recorder = new Recorder(new LiveInputs([]), this.writer);
    const overlays = DRIVES.map((id) =>
      Qcow2Image.create(disk.create(`${id}.qcow2`), {
        lengthBytes: DISK_BYTES,
        clusterSizeBytes: CLUSTER_BYTES,
        backing: { name: 'base.img', format: 'raw' },
        backingDevice: baseDevice(),
      }),
    );
    this.overlays = { hd0: overlays[0], hd1: overlays[1] };
    const filter = (id: Drive) => new BlkreplayFilter({ id, device: this.overlays[id], log: this.recorder });
    this.filters = { hd0: filter('hd0'), hd1: filter('hd1') };
    const images = DRIVES.map((id) => liveImage(this.overlays[id], id));
    this.images = new SnapshotImages(images[0], images);
    this.take('init');
    this.promise();
  }

  step(): void {
    const random = this.random;
    const dice = random.below(100);
    this.position += 1 + random.below(9);
    if (random.chance(0.3)) this.images.continuePending();
    if (dice < 45) this.request('write');
    else if (dice < 53) this.request(random.pick(['discard', 'writeZeroes']));
    else if (dice < 57) this.request('read');
    else if (dice < 65) this.request('flush');
    else if (dice < 73) this.writeBack();
    else if (dice < 78) this.take(`s${this.position}`);
    else if (dice < 83) this.takeLater(`s${this.position}`);
    else if (dice < 88) this.takeInHistory();
    else if (dice < 94) this.delete();
    else this.rename();
  }

  close(): void {
    for (const drive of DRIVES) this.overlays[drive].close();
    this.writer.close({ position: this.position, reason: 'powerOff' });
    this.promise();
  }

  private request(operation: BlockOperation): void {
    const random = this.random;
    const drive = random.pick(DRIVES);
    const filter = this.filters[drive];
    const lengthBytes = operation === 'flush' ? 0 : 512 * (1 + random.below(4));
    const offset = operation === 'flush' ? 0 : 512 * random.below((DISK_BYTES - lengthBytes) / 512);
    const data = operation === 'write' ? random.bytes(lengthBytes) : new Uint8Array(lengthBytes);
    const after = { ...this.disks, [drive]: changed(this.disks[drive], { operation, offset, data }) };
    this.requests[drive].push({ operation, offset, data });
    const id = filter.begin({ position: this.position, operation, offset, lengthBytes });
    // After a crash while the request is in flight, the disk may be in the old or the new state.
    this.changes.push({ calls: this.disk.log.length, disks: after });
    this.position += 2;
    filter.complete({ position: this.position, id, data: operation === 'read' ? data.slice() : data });
    this.disks = after;
    this.disksAt.set(++this.position, after);
    this.boundary();
    if (operation === 'flush') this.promise([drive]);
  }

  /**
   * Moves the recorder to the next position; if the guest has flushed a disk, the recorder then makes the log durable.
   */
  private boundary(): void {
    const { position } = this;
    const never = { readyNanoseconds: () => Infinity, wakeNanoseconds: Infinity, idle: false };
    this.recorder.nextPosition({ position, nanoseconds: position, ...never });
  }

  /** Writes data back, so that it survives a kill; a power cut may lose it. */
  private writeBack(): void {
    for (const drive of DRIVES) this.overlays[drive].writeBack();
    this.writer.flush(this.position);
  }

  /** Takes a snapshot without waiting until it is durable, as is done for automatic snapshots. */
  private takeLater(name: string): void {
    this.finishPending();
    this.disksAt.set(this.position, this.disks);
    this.kept = new Map([...this.kept, [name, this.position]]);
    // Until the snapshot is durable, a crash may leave the images with or without it.
    this.snapshots.push({ calls: this.disk.log.length, kept: this.kept });
    this.isPending = true;
    const before = this.writer.startFlush(this.position);
    this.images.add(
      name,
      (image, { id, isStateImage, later }) => {
        if (isStateImage) image.vmState.write(0, machineAt(this.position));
        image.snapshots.createLater({ id, ...entryOf(name, this.position, isStateImage) }, later!.before);
      },
      { before },
    );
    this.recorder.recordSnapshot(this.position, name);
  }

  private finishPending(): void {
    if (!this.isPending) return;
    for (const drive of DRIVES) this.overlays[drive].snapshots.finishPending();
    this.isPending = false;
    this.snapshots.push({ calls: this.disk.log.length, kept: this.kept });
  }

  private take(name: string): void {
    this.disksAt.set(this.position, this.disks);
    this.writer.flushDurably(this.position);
    this.changeKept(new Map([...this.kept, [name, this.position]]), () => {
      this.images.add(name, (image, { id, isStateImage }) => {
        if (isStateImage) image.vmState.write(0, machineAt(this.position));
        image.snapshots.create({ id, ...entryOf(name, this.position, isStateImage) });
      });
      this.recorder.recordSnapshot(this.position, name);
    });
    this.writer.flushDurably(this.position);
    this.promise();
  }

  /** Takes a snapshot at an earlier position, based on the last snapshot before it. */
  private takeInHistory(): void {
    const positions = [...this.disksAt.keys()].filter((position) => position <= this.position);
    const position = this.random.pick(positions);
    const name = `p${this.position}`;
    const from = [...this.kept].filter(([, at]) => at <= position).sort((a, b) => b[1] - a[1])[0][0];
    this.writer.flushDurably(this.position);
    this.changeKept(new Map([...this.kept, [name, position]]), () =>
      this.images.add(name, (image, { id, isStateImage, driveId }) =>
        image.snapshots.createFrom(from, { id, ...entryOf(name, position, isStateImage) }, (draft) => {
          draft.setDisk(0, this.disksAt.get(position)![DRIVES[isStateImage ? 0 : 1]]);
          assert.equal(driveId, DRIVES[isStateImage ? 0 : 1]);
          if (isStateImage) draft.setVmState(0, machineAt(position));
        }),
      ),
    );
  }

  private delete(): void {
    const name = this.pickName();
    if (name === undefined) return;
    const rest = new Map(this.kept);
    rest.delete(name);
    this.changeKept(rest, () => this.images.delete([this.images.named(name).id]));
  }

  private rename(): void {
    const name = this.pickName();
    if (name === undefined) return;
    const newName = `r${this.position}`;
    const renamed = new Map([...this.kept].map(([each, position]) => [each === name ? newName : each, position]));
    this.changeKept(renamed, () => this.images.rename(this.images.named(name).id, newName));
  }

  private pickName(): string | undefined {
    const names = [...this.kept.keys()].filter((name) => name !== 'init');
    return names.length > 0 ? this.random.pick(names) : undefined;
  }

  private changeKept(kept: Map<string, number>, work: () => void): void {
    this.finishPending();
    this.snapshots.push({ calls: this.disk.log.length, kept });
    work();
    this.kept = kept;
    this.snapshots.push({ calls: this.disk.log.length, kept });
  }

  /**
   * Adds a guarantee for the given drives only, since a flush of one drive does not make data on the other drive
   * durable.
   */
  private promise(drives: readonly Drive[] = DRIVES): void {
    const before = this.guarantees.at(-1)?.disks ?? { hd0: BASE, hd1: BASE };
    const disks = { ...before };
    for (const drive of drives) disks[drive] = this.disks[drive];
    this.guarantees.push({ calls: this.disk.log.length, position: this.position, disks });
  }
}

export const baseDevice = (): RawImage => new RawImage(new MemoryFile('base.img', BASE));

/**
 * The bytes of the VM state at a position: a minimal valid machine state, followed by parts that depend on the position
 * and parts that do not.
 */
export function machineAt(position: number): Uint8Array {
  const state = new Uint8Array(VM_BYTES).fill(1);
  const encoded = encodeCbor({ version: 1 });
  new DataView(state.buffer).setBigUint64(0, BigInt(encoded.length));
  state.set(encoded, 8);
  new DataView(state.buffer).setUint32(8 + encoded.length, position);
  return state.fill(position, 1200, 1300);
}

export function changed(disk: Uint8Array, { operation, offset, data }: Request): Uint8Array {
  if (operation === 'read' || operation === 'flush') return disk;
  const after = disk.slice();
  after.set(data, offset);
  return after;
}

export const digestOf = ({ operation, data }: Request): bigint => (operation === 'write' ? xxh3(data) : 0n);

const entryOf = (name: string, position: number, isState: boolean) => ({
  ...{ name, icount: position, vmStateSizeBytes: isState ? VM_BYTES : 0 },
  ...{ dateSeconds: 1, dateNanoseconds: 0, vmClockNanoseconds: position },
});

const HEADER: HeaderFields = {
  blkreplayVersion: '0.0.0',
  machine: { kind: 'virt', memoryBytes: 16 << 20, harts: 1, isa: 'rv64' },
  ...{ idle: 'warp', append: '', rrsnapshot: 'init', stateFile: null },
  drives: DRIVES.map((id) => ({
    ...{ id, format: 'raw' as const, readOnly: false, lengthBytes: DISK_BYTES, contentDigest: '0'.repeat(16) },
    ...{ image: 'base.img', overlay: `${id}.qcow2` },
  })),
};
