/** QEMU and blkreplay take turns changing images of every kind, and agree on them after every change.
 *
 * First QEMU writes, zeroes and discards ranges and takes snapshots, then blkreplay does, then QEMU again. Both must
 * read the same bytes from the disk and from each snapshot, and report the same results for `info`, `map` and `check`.
 * Operations that QEMU or blkreplay cannot perform on a particular kind of image, such as taking a snapshot in an image
 * with one-bit refcounts, are left out.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { join } from 'node:path';
import { suite, test, type TestContext } from 'node:test';
import { Qcow2Image } from '../../../../debug-adapter/engine/block/qcow2/image.ts';
import { checkOverlay, overlayInfo, overlayMap } from '../../../../debug-adapter/engine/timeline/files/overlayInfo.ts';
import {
  withWritableOverlay,
  withReadOnlyOverlay,
} from '../../../../debug-adapter/engine/timeline/files/overlayFile.ts';
import { nodeHost } from '../../../../debug-adapter/host/nodeHost.ts';
import { SeededRandom } from '../../../support/seededRandom.ts';
import { requireTool, runTool } from '../../../support/tools.ts';
import { assertSameBytes, filled, KIB, MIB, readAll, takeSnapshot, temporaryFolder } from './support.ts';

interface Kind {
  what: string;
  /** Options for `qemu-img create -o`; for images created by blkreplay, only the cluster size is used. */
  options: Record<string, string | number>;
  backing: Backing;
  by: 'QEMU' | 'us';
}

type Backing = 'nothing' | 'a shorter raw file' | 'a shorter qcow2 on a raw file, in folders below';

/** A disk size that is not a multiple of the cluster size or of the page size. */
const DISK_BYTES = 5 * MIB + 3 * 512;
const BACKINGS: Backing[] = ['nothing', 'a shorter raw file', 'a shorter qcow2 on a raw file, in folders below'];
const CLUSTER_SIZES = Array.from({ length: 13 }, (_, i) => 512 << i);

for (const by of ['QEMU', 'us'] as const) {
  suite(`images made by ${by}`, () => {
    for (const kind of kinds(by)) {
      test(`${kind.what}, on ${kind.backing}`, (t) => {
        if (requireTool('qemu-img', t) && requireTool('qemu-io', t)) alternateWrites(t, kind);
      });
    }
  });
}

function kinds(by: Kind['by']): Kind[] {
  const clusters = CLUSTER_SIZES.map((size) => ({ what: `clusters of ${size} bytes`, cluster_size: size }));
  const others =
    by === 'us'
      ? []
      : [
          ...[512, 65536, 2 * MIB].map((size) => ({
            ...{ what: `version 2, clusters of ${size} bytes`, compat: '0.10', cluster_size: size },
          })),
          ...[1, 2, 4, 8, 16, 32, 64].map((bits, i) => ({
            ...{ what: `refcounts of ${bits} bits`, refcount_bits: bits, cluster_size: [512, 65536][i % 2] },
          })),
          { what: 'lazy refcounts', lazy_refcounts: 'on' },
        ];
  return [...clusters, ...others].flatMap(({ what, ...options }, i) => {
    // All combinations would take too long, so only common cluster sizes are combined with all three kinds of backing.
    const onAll = 'cluster_size' in options && [4096, 65536].includes(options.cluster_size) && i < clusters.length;
    const backings = onAll ? BACKINGS : [BACKINGS[i % BACKINGS.length]];
    return backings.map((backing) => ({ what, options, backing, by }));
  });
}

function alternateWrites(t: TestContext, kind: Kind): void {
  const location = new Scenario(temporaryFolder(t), kind, SeededRandom.forTest(t));
  // A cluster shared by the active disk and n snapshots has n + 1 references, and one more while QEMU applies a
  // snapshot.
  const snapshotsMax = 2 ** Number(kind.options.refcount_bits ?? 16) - 3;
  const keepsSnapshots = snapshotsMax > 0;
  location.make();
  location.assertAgreement('made');
  qemuChanges(location, { snapshot: keepsSnapshots ? 'by qemu' : undefined });
  location.assertAgreement('after QEMU');
  weChange(location, snapshotsMax);
  location.assertAgreement('after us');
  if (keepsSnapshots) {
    const [newest] = overlayInfo(nodeHost, location.image).snapshots.slice(-1);
    location.qemuImg('snapshot', '-a', newest.name, location.image);
    location.assertAgreement('after QEMU applied one');
    location.qemuImg('snapshot', '-d', newest.name, location.image);
    qemuChanges(location, { snapshot: 'by qemu again' });
    location.assertAgreement('after QEMU deleted it');
    withWritableOverlay(nodeHost, location.image, (image) => image.snapshots.apply('by qemu again'));
    location.assertAgreement('after we applied QEMU’s');
    withWritableOverlay(nodeHost, location.image, (image) =>
      image.snapshots.deleteMany(image.snapshots.list.map(({ name }) => name)),
    );
    location.assertAgreement('after we deleted all');
  }
  assert.deepEqual(location.backingBytes(), location.below, 'the backing files are unchanged');
}

function qemuChanges(location: Scenario, { snapshot }: { snapshot: string | undefined }): void {
  location.qemuIo('write -P 1 10k 300k', 'write -P 2 1M 100k', `write -P 3 ${DISK_BYTES - 512} 512`);
  location.qemuIo('write -z 90k 70k', 'write -z -u 1088k 64k', 'discard 200k 64k', 'write -z 4M 512k');
  if (snapshot === undefined) return;
  location.qemuImg('snapshot', '-c', snapshot, location.image);
  location.qemuIo('write -P 4 5k 20k', 'write -P 5 2M 200k', 'discard 1M 64k', 'write -z 3M 130k');
}

function weChange(location: Scenario, snapshotsMax: number): void {
  withWritableOverlay(nodeHost, location.image, (image) => {
    for (const [round, name] of ['ours', 'gone', 'last'].entries()) {
      for (let i = 0; i < 12; i++) location.writeSome(image);
      if (image.snapshots.list.length >= snapshotsMax) continue;
      image.vmState.write(round * 4096, filled(9000, round + 1));
      takeSnapshot(image, name, { icount: 1000 + round, vmStateSizeBytes: 20_000 });
    }
    const has = (name: string) => image.snapshots.list.some((snapshot) => snapshot.name === name);
    if (has('gone')) image.snapshots.delete('gone');
    if (has('by qemu')) image.snapshots.rename('by qemu', 'renamed');
  });
}

class Scenario {
  readonly folder: string;
  readonly image: string;
  /** The original bytes of the image's backing files. */
  below: Buffer[] = [];
  private kind: Kind;
  private random: SeededRandom;

  constructor(folder: string, kind: Kind, random: SeededRandom) {
    this.folder = folder;
    this.image = join(folder, 'image.qcow2');
    this.kind = kind;
    this.random = random;
  }

  make(): void {
    const backing = this.makeBacking();
    const { options, by } = this.kind;
    if (by === 'QEMU') {
      const list = Object.entries(options).map(([name, value]) => `${name}=${value}`);
      const below = backing ? ['-b', backing.name, '-F', backing.format] : [];
      this.qemuImg('create', '-q', '-f', 'qcow2', '-o', list.join(','), ...below, this.image, String(DISK_BYTES));
    } else {
      const file = nodeHost.files.open(this.image, { write: true, create: 'new' });
      const clusterSizeBytes = options.cluster_size as number;
      Qcow2Image.create(file, { lengthBytes: DISK_BYTES, clusterSizeBytes, backing }).close();
    }
    this.below = this.backingBytes();
  }

  backingBytes(): Buffer[] {
    return overlayInfo(nodeHost, this.image)
      .chain.slice(1)
      .map(({ file }) => fs.readFileSync(file));
  }

  /** Asserts that the reports of both programs on the image agree, and that neither finds an error. */
  assertAgreement(when: string): void {
    const { image } = this;
    assert.deepEqual(checkOverlay(nodeHost, image, { repair: false }), { corruptions: [], leaks: 0 }, when);
    this.qemuImg('check', '-q', '-f', 'qcow2', image);
    this.agreeOnInfo(when);
    this.agreeOnMap(when);
    const disk = withReadOnlyOverlay(nodeHost, image, readAll);
    const ours = join(this.folder, 'ours.img');
    fs.writeFileSync(ours, disk);
    this.qemuImg('compare', '-q', '-f', 'qcow2', '-F', 'raw', image, ours);
    this.qemuReads(disk);
    for (const { name } of overlayInfo(nodeHost, image).snapshots) {
      const shown = withReadOnlyOverlay(nodeHost, image, (opened) => readAll(opened.snapshots.open(name).disk));
      assertSameBytes(shown, this.converted(name), `${when}: ${name}`);
    }
  }

  writeSome(image: Qcow2Image): void {
    const { random } = this;
    const offset = random.below(DISK_BYTES / 512) * 512;
    const length = Math.min(DISK_BYTES - offset, 512 * (1 + random.below(random.pick([3, 400]))));
    if (random.chance(0.3)) image.writeZeroes(offset, length);
    else image.write(offset, random.chance(0.3) ? random.bytes(length) : filled(length, 1 + random.below(255)));
  }

  qemuImg(command: string, ...args: string[]): string {
    return runTool('qemu-img', [command, ...args]);
  }

  qemuIo(...commands: string[]): string {
    return runTool('qemu-io', [
      '-t',
      'unsafe',
      '-f',
      'qcow2',
      ...commands.flatMap((command) => ['-c', command]),
      this.image,
    ]);
  }

  /**
   * Writes a base without holes, since QEMU also queries the file system for holes. The base is shorter than the image
   * and has a relative name.
   */
  private makeBacking(): { name: string; format: 'raw' | 'qcow2' } | undefined {
    if (this.kind.backing === 'nothing') return undefined;
    const base = filled(3 * MIB + 512, 7);
    base.set(this.random.bytes(100 * KIB), MIB);
    if (this.kind.backing === 'a shorter raw file') {
      fs.writeFileSync(join(this.folder, 'base.img'), base);
      return { name: 'base.img', format: 'raw' };
    }
    fs.mkdirSync(join(this.folder, 'below/deeper'), { recursive: true });
    fs.writeFileSync(join(this.folder, 'below/deeper/base.img'), base);
    const middle = join(this.folder, 'below/middle.qcow2');
    this.qemuImg('create', '-q', '-f', 'qcow2', '-b', 'deeper/base.img', '-F', 'raw', middle, '4M');
    runTool('qemu-io', ['-f', 'qcow2', '-c', 'write -P 9 100k 900k', '-c', 'write -z 2M 100k', middle]);
    return { name: 'below/middle.qcow2', format: 'qcow2' };
  }

  private agreeOnInfo(when: string): void {
    const ours = overlayInfo(nodeHost, this.image);
    const chain = JSON.parse(this.qemuImg('info', '--backing-chain', '--output=json', this.image)) as QemuInfo[];
    const [theirs] = chain;
    assert.deepEqual([ours.virtualBytes, ours.clusterBytes], [theirs['virtual-size'], theirs['cluster-size']], when);
    assert.deepEqual(
      ours.chain.map(({ file, format, virtualBytes }) => [fs.realpathSync(file), format, virtualBytes]),
      chain.map((link) => [fs.realpathSync(link.filename), link.format, link['virtual-size']]),
      when,
    );
    assert.deepEqual(
      ours.snapshots.map(({ name, position }) => [name, position ?? 0]),
      (theirs.snapshots ?? []).map(({ name, icount }) => [name, icount ?? 0]),
      when,
    );
    const listed = this.qemuImg('snapshot', '-l', this.image);
    for (const { name } of ours.snapshots) assert.ok(listed.includes(name), `${when}: ${name}`);
  }

  private agreeOnMap(when: string): void {
    const theirs = withoutHoles(JSON.parse(this.qemuImg('map', '--output=json', this.image)) as QemuExtent[]);
    const ours = overlayMap(nodeHost, this.image).map(
      ({ lengthBytes, isPresent, isZero, hasData, hostOffset, ...rest }) => ({
        ...{
          start: rest.start,
          length: lengthBytes,
          depth: rest.depth,
          present: isPresent,
          zero: isZero,
          data: hasData,
        },
        ...(hostOffset === undefined ? {} : { offset: hostOffset }),
      }),
    );
    assert.deepEqual(ours, theirs, when);
  }

  /**
   * Makes `qemu-io` read random sectors in which all bytes are equal, since `qemu-io` compares all bytes of a read with
   * one value.
   */
  private qemuReads(disk: Uint8Array): void {
    const commands: string[] = [];
    for (let i = 0; i < 12; i++) {
      const offset = this.random.below(DISK_BYTES / 512) * 512;
      const sector = disk.subarray(offset, offset + 512);
      if (sector.every((byte) => byte === sector[0])) commands.push(`read -P ${sector[0]} ${offset} 512`);
    }
    assert.doesNotMatch(this.qemuIo(...commands), /Pattern verification failed/);
  }

  private converted(snapshot: string): Uint8Array {
    const raw = join(this.folder, 'theirs.img');
    this.qemuImg('convert', '-l', `snapshot.name=${snapshot}`, '-f', 'qcow2', '-O', 'raw', this.image, raw);
    return fs.readFileSync(raw);
  }
}

interface QemuInfo {
  filename: string;
  format: string;
  'virtual-size': number;
  'cluster-size': number;
  snapshots?: { name: string; icount?: number }[];
}

interface QemuExtent {
  start: number;
  length: number;
  depth: number;
  offset?: number;
  zero: boolean;
  data: boolean;
}

/**
 * QEMU also queries the file system for holes in the image file. This comparison counts those holes as data consisting
 * of zeroes.
 */
function withoutHoles(extents: readonly QemuExtent[]): QemuExtent[] {
  const whole: QemuExtent[] = [];
  for (const extent of extents) {
    const { length, ...rest } = { ...extent, zero: extent.zero && !extent.data };
    const last = whole.at(-1);
    const isNext = last?.depth === rest.depth && rest.offset === last.offset! + last.length;
    const continues = isNext && last.data && rest.data;
    if (continues) last.length += length;
    else whole.push({ ...rest, length });
  }
  return whole;
}
