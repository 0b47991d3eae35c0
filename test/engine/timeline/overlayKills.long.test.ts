/** Commands that change overlays can be killed between any two writes without damaging an image.
 *
 * Afterwards, no image has errors other than leaked clusters, and each overlay, together with its base, contains either
 * the old or the new disk contents.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { Host, HostFile } from '../../../debug-adapter/engine/base/host.ts';
import {
  applyStoredSnapshot,
  deleteStoredSnapshot,
  renameStoredSnapshot,
} from '../../../debug-adapter/engine/timeline/files/storedSnapshots.ts';
import { commitOverlay, discardOverlay } from '../../../debug-adapter/engine/timeline/files/overlayChanges.ts';
import { withWritableOverlay, withReadOnlyOverlay } from '../../../debug-adapter/engine/timeline/files/overlayFile.ts';
import { rebaseOverlay } from '../../../debug-adapter/engine/timeline/files/rebase.ts';
import { Qcow2Image } from '../../../debug-adapter/engine/block/qcow2/image.ts';
import { withAllowedPaths } from '../../../debug-adapter/engine/base/host.ts';
import { nodeHost } from '../../../debug-adapter/host/nodeHost.ts';
import { SeededRandom } from '../../support/seededRandom.ts';
import { afterKill, type FileChange } from '../../support/simulatedFile.ts';
import { requireTool } from '../../support/tools.ts';
import { filled, KIB, readAll, takeSnapshot, temporaryFolder } from '../block/qcow2/support.ts';

const CONFIRMED = { confirmed: true };
const DISK_BYTES = 640 * KIB;

const COMMANDS: { what: string; overlay: string; run: (host: Host, path: (name: string) => string) => void }[] = [
  { what: 'discard', overlay: 'o.qcow2', run: (host, at) => discardOverlay(host, at('o.qcow2'), CONFIRMED) },
  {
    what: 'commit into a raw base',
    overlay: 'o.qcow2',
    run: (host, at) => commitOverlay(host, at('o.qcow2'), CONFIRMED),
  },
  {
    what: 'commit into a qcow2 base with a snapshot',
    overlay: 'q.qcow2',
    run: (host, at) => commitOverlay(host, at('q.qcow2'), CONFIRMED),
  },
  {
    what: 'rebase onto other contents',
    overlay: 'o.qcow2',
    run: (host, at) =>
      rebaseOverlay(host, at('o.qcow2'), { path: at('other.img'), format: 'raw' }, { ...CONFIRMED, nameOnly: false }),
  },
  {
    what: 'snapshot apply',
    overlay: 'o.qcow2',
    run: (host, at) => applyStoredSnapshot(host, at('o.qcow2'), 'one', CONFIRMED),
  },
  {
    what: 'snapshot delete',
    overlay: 'o.qcow2',
    run: (host, at) => deleteStoredSnapshot(host, at('o.qcow2'), 'one', CONFIRMED),
  },
  {
    what: 'snapshot rename',
    overlay: 'o.qcow2',
    run: (host, at) => renameStoredSnapshot(host, at('o.qcow2'), 'one', 'another', CONFIRMED),
  },
];

for (const clusterSizeBytes of [4 * KIB, 64 * KIB]) {
  for (const command of COMMANDS) {
    test(`${command.what} can be killed after every write, with ${clusterSizeBytes / KIB} KiB clusters`, (t) => {
      const random = SeededRandom.forTest(t);
      const folder = temporaryFolder(t);
      makeFiles(folder, clusterSizeBytes, random);
      const start = new Map(fs.readdirSync(folder).map((name) => [name, fs.readFileSync(join(folder, name))]));
      const before = shown(folder, command.overlay);
      const log: Log = [];
      command.run(watched(hostOf(folder), log), (name) => join(folder, name));
      const after = shown(folder, command.overlay);
      const samples = new Set(Array.from({ length: 3 }, () => random.below(log.length + 1)));
      for (let calls = 0; calls <= log.length; calls++) {
        const what = `after ${calls} of ${log.length} calls`;
        for (const [name, bytes] of start) {
          const changes = log.slice(0, calls).filter(({ file }) => file === name);
          fs.writeFileSync(
            join(folder, name),
            afterKill(
              bytes,
              changes.map(({ change }) => change),
              Infinity,
            ),
          );
        }
        checkImages(t, folder, { withQemu: samples.has(calls) }, what);
        const disk = shown(folder, command.overlay);
        assert.ok(disk.equals(before) || disk.equals(after), `${what}: the disk is neither the old nor the new one`);
      }
    });
  }
}

/** Makes overlays with two snapshots each, on a raw base and on a qcow2 base that also has a snapshot. */
function makeFiles(folder: string, clusterSizeBytes: number, random: SeededRandom): void {
  const host = hostOf(folder);
  fs.writeFileSync(join(folder, 'base.img'), random.bytes(DISK_BYTES));
  fs.writeFileSync(join(folder, 'other.img'), random.bytes(DISK_BYTES / 2));
  create(host, folder, 'base.qcow2', clusterSizeBytes);
  withWritableOverlay(host, join(folder, 'base.qcow2'), (image) => {
    scribble(image, random);
    takeSnapshot(image, 'below');
    scribble(image, random);
  });
  create(host, folder, 'o.qcow2', clusterSizeBytes, { name: 'base.img', format: 'raw' });
  create(host, folder, 'q.qcow2', clusterSizeBytes, { name: 'base.qcow2', format: 'qcow2' });
  for (const name of ['o.qcow2', 'q.qcow2']) {
    withWritableOverlay(host, join(folder, name), (image) => {
      for (const snapshot of ['one', 'two']) {
        scribble(image, random);
        image.vmState.write(0, filled(20 * KIB, random.below(255) + 1));
        takeSnapshot(image, snapshot);
      }
      scribble(image, random);
    });
  }
}

function create(
  host: Host,
  folder: string,
  name: string,
  clusterSizeBytes: number,
  backing?: { name: string; format: string },
): void {
  const file = host.files.open(join(folder, name), { write: true, create: 'new' });
  Qcow2Image.create(file, { lengthBytes: DISK_BYTES, clusterSizeBytes, backing }).close();
}

function scribble(image: Qcow2Image, random: SeededRandom): void {
  for (let i = 0; i < 6; i++) {
    image.write(random.below(DISK_BYTES / 512 - 64) * 512, filled((1 + random.below(64)) * 512, random.below(255) + 1));
  }
}

function shown(folder: string, name: string): Buffer {
  return withReadOnlyOverlay(hostOf(folder), join(folder, name), (image) => Buffer.from(readAll(image)));
}

function checkImages(t: TestContext, folder: string, { withQemu }: { withQemu: boolean }, what: string): void {
  for (const name of ['o.qcow2', 'q.qcow2', 'base.qcow2']) {
    const path = join(folder, name);
    const { corruptions } = withReadOnlyOverlay(hostOf(folder), path, (image) => {
      for (const snapshot of image.snapshots.list) readAll(image.snapshots.open(snapshot.name).disk);
      return image.check();
    });
    assert.deepEqual(corruptions, [], `${what}: ${name}`);
    if (!withQemu || !requireTool('qemu-img', t)) continue;
    const { status, stdout, stderr } = spawnSync('qemu-img', ['check', '-f', 'qcow2', path], { encoding: 'utf8' });
    assert.ok(status === 0 || status === 3, `${what}: ${name}: ${stdout}${stderr}`);
  }
}

type Log = { file: string; change: FileChange }[];

const hostOf = (folder: string): Host => withAllowedPaths(nodeHost, [folder]);

/** Wraps a host so that each change to a file is added to the log. */
function watched(host: Host, log: Log): Host {
  const open: Host['files']['open'] = (path, mode) => {
    const file = host.files.open(path, mode);
    const name = path.slice(path.lastIndexOf('/') + 1);
    const noted = (change: FileChange) => log.push({ file: name, change });
    const watching: HostFile = {
      name: file.name,
      readAt: (offset, into) => file.readAt(offset, into),
      writeAt: (offset, from) => {
        noted({ kind: 'write', offset, bytes: from.slice() });
        file.writeAt(offset, from);
      },
      length: () => file.length(),
      truncate: (length) => {
        noted({ kind: 'truncate', length });
        file.truncate(length);
      },
      sync: () => file.sync(),
      close: () => file.close(),
    };
    return watching;
  };
  return { ...host, files: { ...host.files, open } };
}
