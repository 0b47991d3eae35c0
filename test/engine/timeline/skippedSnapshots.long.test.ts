/** An automatic snapshot that cannot be written is skipped completely, and the recording continues.
 *
 * The first skipped snapshot is reported, and no image keeps any part of a skipped snapshot. If a snapshot that the
 * user requests cannot be written, the request fails and the session stays unchanged.
 */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import type { HostFile } from '../../../debug-adapter/engine/base/host.ts';
import { Qcow2Image } from '../../../debug-adapter/engine/block/qcow2/image.ts';
import { errors, type Notice } from '../../../debug-adapter/engine/index.ts';
import { ActiveVmState } from '../../../debug-adapter/engine/timeline/activeVmState.ts';
import { RamSnapshot } from '../../../debug-adapter/engine/timeline/ramSnapshots.ts';
import { liveImage } from '../../../debug-adapter/engine/timeline/snapshotImage.ts';
import { SnapshotImages } from '../../../debug-adapter/engine/timeline/snapshotImages.ts';
import { encodeSnapshot } from '../../../debug-adapter/engine/timeline/vmState.ts';
import { openFile } from '../../../debug-adapter/host/nodeFiles.ts';
import { MemoryFile } from '../../support/memoryFile.ts';
import { SeededRandom } from '../../support/seededRandom.ts';
import { requireTool, runTool } from '../../support/tools.ts';
import { wrapWrittenFiles } from '../../support/wrappedFiles.ts';
import { DEMO, type Stage, stageOf } from './travelSupport.ts';

const AUTOMATIC = 1 << 24;

test('while the disk that holds an overlay is full, automatic snapshots are skipped, but only the first one is reported', (t) => {
  const { stage, notices, overlay } = prepare(t);
  const timeline = stage.record();
  timeline.advance(AUTOMATIC - 1);
  overlay.isFull = true;
  timeline.advance(AUTOMATIC + 1);
  assert.throws(
    () => timeline.snapshots.take('mine'),
    (error) => error instanceof errors.UserError && error.code === 'host-disk-full',
  );
  const digest = timeline.digest();
  overlay.isFull = false;
  timeline.snapshots.take('mine');
  timeline.advance(2 * AUTOMATIC - 1);
  overlay.isFull = true;
  timeline.advance(2 * AUTOMATIC + 1);
  overlay.isFull = false;
  const end = timeline.advance(Infinity)!;
  timeline.close(end);

  const [notice, ...more] = notices;
  assert.deepEqual([notice.code, more], ['snapshot-failed', []]);
  assert.match(notice.message, /^The automatic snapshot at position 16777216 was skipped\. .*hd1\.qcow2.* full/);
  const names = ['replay_init', 'mine', ...[3, 4, 5].map((i) => `auto-${i * AUTOMATIC}`)];
  const replay = stage.replay({ rrsnapshot: 'mine' });
  assert.equal(replay.digest(), digest);
  assert.deepEqual(
    replay.snapshots.list().map(({ name }) => name),
    names,
  );
  assert.deepEqual(replay.advance(Infinity), end);
  replay.close(end);
  for (const { overlay } of stage.setup.drives) checkImage(overlay!, names);
});

test('if the disk that holds the log is full, the recording ends', (t) => {
  const { stage, notices, log } = prepare(t);
  const timeline = stage.record();
  timeline.advance(AUTOMATIC - 1);
  log.isFull = true;
  assert.throws(
    () => timeline.advance(AUTOMATIC + 1),
    (error) => error instanceof errors.UserError && error.code === 'host-disk-full',
  );
  timeline.abandon();
  assert.deepEqual(notices, []);
});

test("an automatic snapshot does not replace a snapshot with the same name in the user's own image", (t) => {
  const { stage, notices } = prepare(t);
  const name = `auto-${AUTOMATIC}`;
  const image = ownImage(stage, (made) => made.snapshots.create({ ...NOTHING, name }));
  const timeline = stage.record();
  const end = timeline.advance(Infinity)!;
  timeline.close(end);
  assert.equal(notices.length, 1);
  assert.match(notices[0].message, /mine\.qcow2 already has a snapshot named "auto-16777216"/);
  const names = [name, 'replay_init', ...[2, 3, 4, 5].map((i) => `auto-${i * AUTOMATIC}`)];
  checkImage(image, names);
  const replay = stage.replay();
  assert.deepEqual(replay.advance(Infinity), end);
  replay.close(end);
});

test('an image with two-bit refcounts can hold only two snapshots, but the recording still runs to completion', (t) => {
  if (!requireTool('qemu-img', t)) return;
  const { stage, notices } = prepare(t);
  const image = ownImage(stage, undefined, 'refcount_bits=2,cluster_size=4096');
  const timeline = stage.record();
  const end = timeline.advance(Infinity)!;
  assert.throws(
    () => timeline.snapshots.take('mine'),
    (error) => error instanceof errors.UserError && error.code === 'refcounts-too-narrow',
  );
  timeline.snapshots.delete(timeline.snapshots.named(`auto-${AUTOMATIC}`).id);
  timeline.snapshots.take('mine');
  timeline.close(end);
  assert.equal(notices.length, 1);
  checkImage(image, ['replay_init', 'mine']);
  const replay = stage.replay();
  assert.deepEqual(replay.advance(Infinity), end);
  replay.close(end);
});

test('an image that cannot hold the first snapshot is rejected before any file is created', (t) => {
  if (!requireTool('qemu-img', t)) return;
  const refused = (options: string, code: string, change?: (path: string) => void) => {
    const { stage } = prepare(t);
    const image = ownImage(stage, undefined, options);
    change?.(image);
    const before = filesIn(stage);
    assert.throws(
      () => stage.record(),
      (error) => error instanceof errors.UserError && error.code === code,
    );
    assert.deepEqual(filesIn(stage), before);
    runTool('qemu-img', ['check', image]);
  };
  refused('refcount_bits=1', 'refcounts-too-narrow');
  const fill = (image: string) => {
    runTool('qemu-io', ['-c', 'write 0 64k', image]);
    for (const name of ['a', 'b']) runTool('qemu-img', ['snapshot', '-c', name, image]);
  };
  if (requireTool('qemu-io', t)) refused('refcount_bits=2', 'refcounts-too-narrow', fill);
  refused('extended_l2=on', 'image-has-subclusters');
  refused('cluster_size=4096', 'image-has-bitmaps', (image) => runTool('qemu-img', ['bitmap', '--add', image, 'b']));
});

test("a command line too long for a recording's header is rejected before any file is created", (t) => {
  const { stage } = prepare(t);
  stage.setup.append = 'x'.repeat(1 << 20);
  const before = filesIn(stage);
  assert.throws(
    () => stage.record(),
    (error) => error instanceof errors.UserError && error.code === 'recording-header-too-long',
  );
  assert.deepEqual(filesIn(stage), before);
});

test('if any write of a snapshot fails, no image keeps any part of the snapshot, and the next snapshot is correct', (t) => {
  const random = SeededRandom.forTest(t);
  for (const [failing, clusterSizeBytes] of [
    [0, 4096],
    [1, 4096],
    [0, 512],
  ]) {
    for (let changes = 0, isOver = false; !isOver; changes++) {
      const pair = new OverlayPair(random, clusterSizeBytes);
      pair.take('first');
      pair.write();
      pair.files[failing].changesLeft = changes;
      isOver = succeeds(() => pair.take('failed'));
      pair.files[failing].changesLeft = Infinity;
      pair.write();
      // RAM pages from before the failed attempt become current again, as after a jump back in the history.
      pair.restore('first');
      pair.take('second');
      pair.check(
        ['first', ...(isOver ? ['failed'] : []), 'second'],
        `file ${failing} of clusters of ${clusterSizeBytes}, change ${changes}`,
      );
    }
  }
});

const PAGES = 24;
const DISK_BYTES = 64 << 10;

/** Two overlays that contain the snapshots of one recording. Arbitrary bytes serve as the machine state. */
class OverlayPair {
  readonly files = [new MemoryFile('a'), new MemoryFile('b')];
  private readonly images: Qcow2Image[];
  private readonly snapshots: SnapshotImages;
  private readonly active = new ActiveVmState();
  private readonly random: SeededRandom;
  private ram: Uint8Array[];
  private disks: Uint8Array[];
  private position = 0;
  private readonly taken = new Map<string, { ram: Uint8Array[]; disks: Uint8Array[] }>();

  constructor(random: SeededRandom, clusterSizeBytes: number) {
    this.random = random;
    this.images = this.files.map((file) => Qcow2Image.create(file, { lengthBytes: DISK_BYTES, clusterSizeBytes }));
    const images = this.images.map((image, i) => liveImage(image, `hd${i}`));
    this.snapshots = new SnapshotImages(images[0], images);
    this.ram = Array.from({ length: PAGES }, () => random.bytes(4096));
    this.disks = this.files.map(() => new Uint8Array(DISK_BYTES));
  }

  write(): void {
    const random = this.random;
    this.position++;
    this.ram = this.ram.map((page) => (random.chance(0.5) ? random.bytes(4096) : page));
    this.images.forEach((image, i) => {
      const [offset, bytes] = [4096 * random.below(DISK_BYTES / 4096), random.bytes(4096)];
      image.write(offset, bytes);
      this.disks[i] = Uint8Array.from(this.disks[i]);
      this.disks[i].set(bytes, offset);
    });
  }

  restore(name: string): void {
    this.ram = this.taken.get(name)!.ram;
  }

  take(name: string): void {
    const ram = this.ram;
    const snapshot = encodeSnapshot({ state: { version: 1, name }, ram: RamSnapshot.of(ram), first: 'first' });
    this.snapshots.add(name, (image, { id, isStateImage }) => {
      if (isStateImage) this.active.update(image, snapshot);
      const vmStateSizeBytes = isStateImage ? snapshot.lengthBytes : 0;
      image.snapshots.create({ ...NOTHING, id, name, vmStateSizeBytes, icount: this.position });
    });
    this.taken.set(name, { ram, disks: [...this.disks] });
  }

  check(names: readonly string[], what: string): void {
    for (const [i, image] of this.images.entries()) {
      assert.deepEqual(image.snapshots.list.map(({ name }) => name).sort(), [...names].sort(), what);
      assert.deepEqual(image.check().corruptions, [], what);
      image.close();
      const reopened = Qcow2Image.open(this.files[i], { writable: true });
      assert.deepEqual(reopened.check(), { corruptions: [], leaks: 0 }, what);
      for (const name of names) {
        const view = reopened.snapshots.open(name);
        const disk = new Uint8Array(DISK_BYTES);
        view.disk.read(0, disk);
        assert.ok(Buffer.from(disk).equals(this.taken.get(name)!.disks[i]), `${what}: disk of ${name}`);
        this.taken.get(name)!.ram.forEach((page, number) => {
          const bytes = new Uint8Array(4096);
          view.readVmState((1 << 20) + 4096 * number, bytes);
          if (i === 0) assert.ok(Buffer.from(bytes).equals(page), `${what}: page ${number} of ${name}`);
        });
      }
    }
  }
}

const NOTHING = { dateSeconds: 0, dateNanoseconds: 0, vmClockNanoseconds: 0, vmStateSizeBytes: 0, icount: undefined };

function succeeds(act: () => void): boolean {
  try {
    act();
    return true;
  } catch {
    return false;
  }
}

interface Fullness {
  isFull: boolean;
}

/** Sets up the demo with a second drive. The second drive's overlay and the log can each be put on a full disk. */
function prepare(t: TestContext) {
  const stage = stageOf(DEMO, t);
  const [drive] = stage.setup.drives;
  const second = drive.overlay!.replace('hd0', 'hd1');
  stage.setup.drives = [drive, { ...drive, id: 'hd1', overlay: second }];
  const notices: Notice[] = [];
  stage.setup.onNotice = (notice) => notices.push(notice);
  const [overlay, log]: Fullness[] = [{ isFull: false }, { isFull: false }];
  wrapWrittenFiles(t, (file, name) => {
    const fullness = { [second]: overlay, [stage.setup.rrfile]: log }[name];
    return fullness ? onDisk(file, fullness) : file;
  });
  return { stage, notices, overlay, log };
}

/** Wraps a file so that writes that would extend it fail while the disk is full. */
function onDisk(file: HostFile, disk: Fullness): HostFile {
  const grow = (end: number): void => {
    if (disk.isFull && end > file.length()) throw errors.diskFull(file.name);
  };
  return {
    name: file.name,
    readAt: (offset, into) => file.readAt(offset, into),
    writeAt: (offset, from) => {
      grow(offset + from.length);
      file.writeAt(offset, from);
    },
    length: () => file.length(),
    truncate: (length) => {
      grow(length);
      file.truncate(length);
    },
    sync: () => file.sync(),
    close: () => file.close(),
  };
}

/**
 * Makes the user's own qcow2 image the only drive, without an overlay, so that the image itself contains the snapshots.
 */
function ownImage(stage: Stage, change?: (image: Qcow2Image) => void, options?: string): string {
  const [drive] = stage.setup.drives;
  const image = path.join(path.dirname(drive.image), 'mine.qcow2');
  if (options === undefined) {
    const made = Qcow2Image.create(openFile(image, { write: true, create: 'truncate' }), {
      lengthBytes: DEMO.diskBytes,
    });
    change?.(made);
    made.close();
  } else runTool('qemu-img', ['create', '-q', '-f', 'qcow2', '-o', options, image, String(DEMO.diskBytes)]);
  stage.setup.drives = [{ ...drive, image, format: 'qcow2', overlay: null }];
  return image;
}

const filesIn = ({ setup: { rrfile } }: Stage): string[] => readdirSync(path.dirname(rrfile)).sort();

function checkImage(name: string, names: readonly string[]): void {
  const image = Qcow2Image.open(openFile(name, { write: false, create: 'never' }), { writable: false });
  assert.deepEqual(image.check().corruptions, []);
  assert.deepEqual(new Set(image.snapshots.list.map((snapshot) => snapshot.name)), new Set(names));
  image.close();
}
