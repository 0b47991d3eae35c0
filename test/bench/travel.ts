import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { complete } from '../../debug-adapter/engine/base/sliced.ts';
import { LiveInputs, openRecord, openReplay, type Timeline } from '../../debug-adapter/engine/index.ts';
import { nodeHost } from '../../debug-adapter/host/nodeHost.ts';
import { interactivePaces } from '../../debug-adapter/host/snapshotPace.ts';
import { LINUX_FOLDER, linuxFile } from '../support/linuxGuest.ts';
import { SeededRandom } from '../support/seededRandom.ts';
import { reportTimes } from './figures.ts';

const STEPS = 10e9;
/** The number of steps between two measurements of the first step back from the live end. */
const STRETCH = 250e6;
const SLICE = 10e6;
const JUMPS = 200;

/**
 * Measures moves through a long recording of Linux, which mounts a disk, copies a file and hashes it in a loop: the
 * first step back from the live end after a run, and jumps to random positions, while recording and in a new replay.
 */
export async function measureTravel(steps = STEPS): Promise<void> {
  if (LINUX_FOLDER === undefined) {
    console.log('\ntravel is skipped: BLKREPLAY_LINUX_GUEST names no folder with a Linux guest');
    return;
  }
  const folder = mkdtempSync(path.join(tmpdir(), 'blkreplay-bench-'));
  try {
    console.log(`\nmoves through ${steps / 1e9} G steps of a Linux disk job with 128 MiB of RAM`);
    const files = guestIn(folder);
    const random = new SeededRandom(1);
    const live = openRecord(nodeHost, {
      ...files,
      ...{ bios: null, append: 'console=ttyS0', memoryBytes: 128 << 20, idle: 'warp' },
      ...{ live: new LiveInputs([], nodeHost), otherInputs: [], overwrite: false, rrsnapshot: null, version: 'bench' },
      ...{ onConsoleByte: () => {}, ...interactivePaces() },
    });
    await measureLive(live, steps, random);
    live.close({ reason: 'interrupted' });
    const megabytes = statSync(files.drives[0].overlay).size / 2 ** 20;
    console.log(`  overlay: ${megabytes.toFixed(0)} MiB, resident set: ${rss()} MB`);
    const start = performance.now();
    const replay = openReplay(nodeHost, {
      ...{ ...files, kernel: null, initrd: null, bios: null, append: null, memoryBytes: null, rrsnapshot: null },
      ...{ onConsoleByte: () => {}, cachePace: interactivePaces().cachePace },
    });
    console.log(`  opening the replay: ${(performance.now() - start).toFixed(0)} ms`);
    measureJumps(replay, steps, random, 'in a new replay');
    console.log(`  resident set: ${rss()} MB`);
    replay.abandon();
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function measureLive(live: Timeline, steps: number, random: SeededRandom): Promise<void> {
  const stepsBack: number[] = [];
  let runMs = 0;
  while (live.position < steps) {
    const target = Math.min(steps, live.position + STRETCH);
    const start = performance.now();
    while (live.position < target) {
      complete(live.forward(Math.min(target, live.position + SLICE)));
      // Lets the event loop report that data is on stable storage.
      await new Promise(setImmediate);
    }
    runMs += performance.now() - start;
    stepsBack.push(elapsedMs(() => complete(live.goTo(target - 1))));
    complete(live.goTo(target));
  }
  const automatic = live.snapshots.list().length;
  console.log(`  recording: ${(runMs / 1000).toFixed(1)} s, ${automatic} snapshots in the overlay`);
  reportTimes('first step back from the live end', stepsBack, 100);
  measureJumps(live, steps, random, 'while recording');
}

function measureJumps(timeline: Timeline, steps: number, random: SeededRandom, when: string): void {
  const times = Array.from({ length: JUMPS }, () => {
    const target = 1 + random.below(steps - 1);
    return elapsedMs(() => complete(timeline.goTo(target)));
  });
  reportTimes(`to a random position, ${when}`, times, 500);
}

function elapsedMs(move: () => void): number {
  const start = performance.now();
  move();
  return performance.now() - start;
}

const rss = (): string => (process.memoryUsage().rss / 1e6).toFixed(0);

/** The guest of BLKREPLAY_LINUX_GUEST with an `init` that repeats the disk job forever. */
function guestIn(folder: string) {
  const image = path.join(folder, 'disk.raw');
  spawnSync('bash', [path.join(LINUX_FOLDER!, 'make-disk.sh'), image]);
  const initrd = path.join(folder, 'initramfs.gz');
  // Linux unpacks several archives one after the other, and later files replace earlier ones.
  const archive = Buffer.concat([cpioEntry('init', Buffer.from(INIT), 0o100755), cpioEntry('TRAILER!!!')]);
  writeFileSync(initrd, Buffer.concat([readFileSync(linuxFile('initramfs.cpio.gz')), gzipSync(archive)]));
  const overlay = path.join(folder, 'hd0.qcow2');
  return {
    kernel: linuxFile('Image'),
    ...{ initrd, rrfile: path.join(folder, 'a.rr') },
    drives: [{ id: 'hd0', image, format: 'raw' as const, overlay, readOnly: false }],
  };
}

const INIT = `#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev
for m in virtio_mmio virtio_blk crc16 crc32c_generic libcrc32c mbcache jbd2 ext4; do insmod /lib/modules/$m.ko; done
while true; do
  mount -t ext4 /dev/vda /mnt
  sha256sum /mnt/data.bin
  dd if=/mnt/data.bin of=/mnt/copy.bin bs=64k; sync
  sha256sum /mnt/copy.bin
  umount /mnt
done
`;

/** One file of a cpio archive in the "newc" format (cpio(5)). */
function cpioEntry(name: string, data = Buffer.alloc(0), mode = 0): Buffer {
  const fields = [1, mode, 0, 0, 1, 0, data.length, 0, 0, 0, 0, name.length + 1, 0];
  const head = `070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}${name}\0`;
  return Buffer.concat([padded(Buffer.from(head)), padded(data)]);
}

const padded = (bytes: Buffer): Buffer => Buffer.concat([bytes, Buffer.alloc(-bytes.length & 3)]);

if (import.meta.main) await measureTravel(Number(process.argv[2] ?? STEPS));
