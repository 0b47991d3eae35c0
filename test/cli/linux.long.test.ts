/** Debian's Linux boots with either firmware, on one or several harts, and replays identically.
 *
 * The kernel and busybox are not part of the project. BLKREPLAY_LINUX_GUEST names a folder with Image,
 * initramfs.cpio.gz and make-disk.sh; the guest's init mounts the disk, hashes a file, copies it and hashes the copy.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { suite, test, type TestContext } from 'node:test';
import { complete } from '../../debug-adapter/engine/base/sliced.ts';
import type { MachineTimeline } from '../../debug-adapter/engine/timeline/machineTimeline.ts';
import { openReplay } from '../../debug-adapter/engine/index.ts';
import { nodeHost } from '../../debug-adapter/host/nodeHost.ts';
import { type DriveSpec, type Outcome, type Session, Sandbox } from '../support/cli.ts';
import { SeededRandom } from '../support/seededRandom.ts';
import { requireTool, runTool } from '../support/tools.ts';

const FOLDER = process.env.BLKREPLAY_LINUX_GUEST;
const OPENSBI = '/usr/share/qemu/opensbi-riscv64-generic-fw_dynamic.bin';
/** The hash of data.bin, which make-disk.sh creates. */
const DATA_SHA256 = '431ad49c56b15bf5722dd44b50f6ab240a087866b0dd60e9f7054d6da3746bf9';

const DISK: DriveSpec = { image: 'disk.raw', overlay: 'hd0.qcow2' };

if (FOLDER === undefined) {
  // CI sets the variable on hosts that have the guest, and reports the hosts that lack it.
  if (!process.env.CI) test('Linux', (t) => t.skip('BLKREPLAY_LINUX_GUEST does not name a folder with a Linux guest'));
} else {
  suite('Linux', () => {
    test('Linux boots on the built-in firmware, uses its disk and powers off; the replay is identical', async (t) => {
      const location = placeWithDisk(t);
      if (!location) return;
      const session = linux(DISK, ['--rng']);
      const { summary } = await recordAndReplay(location, session);
      const { position, digest } = summary;
      for (const threshold of [0, 1, 2, 100]) {
        const again = openRecorded(location, threshold);
        assert.equal(again.advance(Infinity)?.reason, 'powerOff');
        assert.deepEqual([again.position, again.digest().toString(16).padStart(16, '0')], [position, digest]);
        again.close({ reason: 'powerOff' });
      }
      const copies = Array.from({ length: 4 }, () => location.copy(t));
      goesBack(t, openRecorded(location), openRecorded(copies[0]));
      for (const [i, threshold] of [2, 100].entries()) {
        goesBack(t, openRecorded(copies[1 + i], threshold), openRecorded(copies[3], 0), 20);
      }
    });

    test('Linux boots on OpenSBI with a legacy disk in the last slot; the replay is identical', async (t) => {
      const location = placeWithDisk(t);
      if (!location || !hasOpenSbi(t)) return;
      await recordAndReplay(location, linux({ ...DISK, slot: 7, virtio: 'legacy' }, ['--bios', OPENSBI]));
    });

    test('Linux boots on four harts with either firmware; the replay and the state after every rewind are identical', async (t) => {
      for (const firmware of [[], ...(fs.existsSync(OPENSBI) ? [['--bios', OPENSBI]] : [])]) {
        const location = placeWithDisk(t);
        if (!location) return;
        const { console } = await recordAndReplay(location, linux(DISK, ['--harts', '4', ...firmware]));
        assert.match(console, /smp: Brought up 1 node, 4 CPUs/);
        const copy = location.copy(t);
        goesBack(t, openRecorded(location), openRecorded(copy));
      }
    });

    test('the shell reads typed input, and the replay prints the same output', async (t) => {
      const sandbox = new Sandbox(t);
      const typed = [
        'echo sum $((6*7))',
        'dd if=/dev/zero bs=4k count=64 2>/dev/null | sha256sum',
        'sleep 20',
        RANDOM,
        'exit',
      ];
      sandbox.write('typed', typed.join('\n') + '\n');
      const session = { ...linux(undefined, [], 'shell=1'), stdin: 'typed' };
      const { console } = await recordAndReplay(sandbox, session, { hasDisk: false });
      // The kernel gets its seed from the device tree, so nothing has to wait for entropy.
      assert.match(console, /crng init done/);
      assert.match(console, /^( [0-9a-f]{2}){8}\r$/m);
      assert.match(console, /^GUEST# echo sum \$\(\(6\*7\)\)\r\nsum 42\r$/m);
      assert.match(console, /^8a39d2abd3999ab73c34db2476849cddf303ce389b35826850f9a700589b4a90 {2}-\r$/m);
    });
  });
}

const RANDOM = 'head -c 8 /dev/random | od -An -tx1';

/** The replay prints the recorded output. */
async function recordAndReplay(sandbox: Sandbox, session: Session, { hasDisk = true } = {}): Promise<Outcome> {
  const recorded = await sandbox.record(session);
  const summary = recorded.ended(0, 'powerOff');
  assert.match(recorded.console, /^INIT-DONE [\d.]+ 6\./m);
  assert.match(recorded.console, /^POWEROFF /m);
  if (hasDisk) {
    const sums = [...recorded.console.matchAll(/^([0-9a-f]{64}) {2}(\S+)\r$/gm)].map(([, sum, file]) => [sum, file]);
    assert.deepEqual(sums, [
      [DATA_SHA256, '/mnt/data.bin'],
      [DATA_SHA256, '/mnt/copy.bin'],
    ]);
  }
  const replayed = await sandbox.replay(session);
  const again = replayed.ended(0, 'powerOff');
  assert.equal(replayed.console, recorded.console);
  assert.deepEqual([again.position, again.digest], [summary.position, summary.digest]);
  return recorded;
}

const REWINDS = 100;

/**
 * Goes to random positions of the recording in random order, and checks that each state equals the state that the
 * uninterrupted run had at that position.
 */
function goesBack(t: TestContext, timeline: MachineTimeline, straight: MachineTimeline, rewinds = REWINDS): void {
  const random = SeededRandom.forTest(t);
  const { end } = timeline.travel!;
  const positions = Array.from({ length: rewinds }, () => random.below(end)).sort((a, b) => a - b);
  const digests = new Map(positions.map((location) => [location, (straight.advance(location), straight.digest())]));
  for (let i = 0; i < rewinds; i++) {
    const location = random.pick(positions);
    complete(timeline.travel!.seekTo(location));
    assert.equal(timeline.digest(), digests.get(location), `rewind ${i}, to ${location}`);
  }
  timeline.abandon();
  straight.abandon();
}

/**
 * Opens the recording of `linux(DISK, ...)`. Code is translated once it has been reached `translationThreshold` times.
 */
function openRecorded(sandbox: Sandbox, translationThreshold?: number): MachineTimeline {
  const unsaid = { bios: null, initrd: null, append: null, memoryBytes: null, rrsnapshot: null, translationThreshold };
  const files = { image: sandbox.path('disk.raw'), overlay: sandbox.path('hd0.qcow2') };
  const drives = [{ ...files, id: 'hd0', format: 'raw', readOnly: false } as const];
  return openReplay(nodeHost, { ...unsaid, rrfile: sandbox.path('a.rr'), drives, onConsoleByte: () => {} });
}

function linux(drive: DriveSpec | undefined, options: readonly string[], append = ''): Session {
  return {
    kernel: path.join(FOLDER!, 'Image'),
    drives: drive ? [drive] : [],
    options: [
      ...['--initrd', path.join(FOLDER!, 'initramfs.cpio.gz'), '--append', `console=ttyS0 ${append}`.trim()],
      ...['--memory', '256M', ...options],
    ],
  };
}

function placeWithDisk(t: TestContext): Sandbox | undefined {
  if (!requireTool('mkfs.ext4', t)) return undefined;
  const sandbox = new Sandbox(t);
  runTool('sh', [path.join(FOLDER!, 'make-disk.sh'), sandbox.path('disk.raw')]);
  return sandbox;
}

function hasOpenSbi(t: TestContext): boolean {
  if (fs.existsSync(OPENSBI)) return true;
  if (process.env.CI) throw new Error(`${OPENSBI} is missing: CI must have it`);
  t.skip(`${OPENSBI} is not installed`);
  return false;
}
