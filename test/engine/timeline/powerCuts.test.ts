/** A kill or power cut at any file call of a recording loses no durable data.
 *
 * Random recordings with two drives are interrupted at every file call. Afterwards both overlays and the recording open
 * undamaged, flushed data is present, and each snapshot is complete in all images or in none. A replay of the log from
 * the newest snapshot reproduces the disks at the last durable position.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Qcow2Image } from '../../../debug-adapter/engine/block/qcow2/image.ts';
import { RecordingReader } from '../../../debug-adapter/engine/recording/recordingReader.ts';
import { liveImage } from '../../../debug-adapter/engine/timeline/snapshotImage.ts';
import { SnapshotImages } from '../../../debug-adapter/engine/timeline/snapshotImages.ts';
import { nodeCompression } from '../../../debug-adapter/host/compression.ts';
import type { MemoryFile } from '../../support/memoryFile.ts';
import { SeededRandom } from '../../support/seededRandom.ts';
import { CrashReplay } from '../../support/simulatedHost.ts';
import { assertSameBytes } from '../block/qcow2/support.ts';
import {
  baseDevice,
  changed,
  digestOf,
  DISK_BYTES,
  DRIVES,
  machineAt,
  RecordingOnSimulatedHost,
} from './recordingOnSimulatedHost.ts';
import { times } from '../../support/extent.ts';

const CUTS = times({ quick: 100, long: 24_000 }, 'BLKREPLAY_CUTS');

test(`${CUTS} kills and power cuts lose no durable data in the overlays and the recording`, (t) => {
  const random = SeededRandom.forTest(t);
  let cuts = 0;
  while (cuts < CUTS) {
    const run = recordSome(random, 40);
    const end = new CrashReplay(run.disk);
    for (; !end.isOver && cuts < CUTS; end.next()) {
      if (end.calls < run.guarantees[0].calls) continue;
      checkAfter(run, end.calls, end.afterPowerCut(random), 'power cut');
      checkAfter(run, end.calls, end.afterPowerCut(random), 'power cut');
      checkAfter(run, end.calls, end.afterKill(), 'kill');
      cuts += 3;
    }
  }
});

test("if the host's disk becomes full at any file call, the recording ends and no durable data is lost", (t) => {
  const { seed } = SeededRandom.forTest(t);
  const whole = recordSome(new SeededRandom(seed), 25);
  const calls = whole.disk.log.length;
  for (let changes = whole.guarantees[0].calls; changes < calls; changes++) {
    const run = new RecordingOnSimulatedHost(new SeededRandom(seed));
    run.disk.changesLeft = changes;
    assert.throws(() => runOn(run, 25), /no space left/);
    const end = new CrashReplay(run.disk);
    while (!end.isOver) end.next();
    checkAfter(run, end.calls, end.afterKill(), `failure of call ${changes}`);
    checkAfter(run, end.calls, end.afterPowerCut(new SeededRandom(changes)), `failure of call ${changes}, power cut`);
  }
});

function recordSome(random: SeededRandom, steps: number): RecordingOnSimulatedHost {
  const run = new RecordingOnSimulatedHost(random);
  runOn(run, steps);
  return run;
}

function runOn(run: RecordingOnSimulatedHost, steps: number): void {
  run.start();
  for (let step = 0; step < steps; step++) run.step();
  run.close();
}

function checkAfter(run: RecordingOnSimulatedHost, calls: number, files: Map<string, MemoryFile>, how: string): void {
  const what = `${how} after ${calls} of ${run.disk.log.length} calls`;
  for (const drive of DRIVES) {
    const image = openOverlay(files, drive, false);
    assert.deepEqual(image.check().corruptions, [], `${what}: ${drive}`);
  }
  const overlays = { hd0: openOverlay(files, 'hd0', true), hd1: openOverlay(files, 'hd1', true) };
  for (const drive of DRIVES) {
    assert.deepEqual(overlays[drive].check(), { corruptions: [], leaks: 0 }, `${what}: ${drive}`);
    checkFlushed(run, calls, drive, overlays[drive], what);
  }
  const reader = new RecordingReader(files.get('a.rr')!, nodeCompression);
  const kept = checkSnapshots(run, calls, overlays, reader, what);
  const promised = run.guarantees.findLast((promise) => promise.calls <= calls)!;
  assert.ok(reader.lastPosition >= promised.position, `${what}: the log ends at ${reader.lastPosition}`);
  checkReplay(run, reader, overlays, kept, what);
}

const openOverlay = (files: Map<string, MemoryFile>, drive: string, writable: boolean): Qcow2Image =>
  Qcow2Image.open(files.get(`${drive}.qcow2`)!, { writable, backing: baseDevice() });

type Overlays = Record<(typeof DRIVES)[number], Qcow2Image>;

/** Asserts that each sector contains the data that was last flushed or the data of a later write. */
function checkFlushed(
  run: RecordingOnSimulatedHost,
  calls: number,
  drive: (typeof DRIVES)[number],
  image: Qcow2Image,
  what: string,
) {
  const promised = run.guarantees.findLast((promise) => promise.calls <= calls)!;
  const shown = new Uint8Array(DISK_BYTES);
  image.read(0, shown);
  const since = run.guarantees.find((promise) => promise.disks[drive] === promised.disks[drive])!.calls;
  const possible = run.changes.filter((change) => change.calls >= since && change.calls <= calls);
  for (let at = 0; at < DISK_BYTES; at += 512) {
    const sector = shown.subarray(at, at + 512);
    const isThat = (disk: Uint8Array) => Buffer.compare(sector, disk.subarray(at, at + 512)) === 0;
    const isKnown = isThat(promised.disks[drive]) || possible.some(({ disks }) => isThat(disks[drive]));
    assert.ok(isKnown, `${what}: sector ${at / 512} of ${drive} is neither flushed nor newer data`);
  }
}

/**
 * Asserts that the names and positions of the snapshots in both overlays are those from before or after the interrupted
 * operation.
 */
function checkSnapshots(
  run: RecordingOnSimulatedHost,
  calls: number,
  overlays: Overlays,
  reader: RecordingReader,
  what: string,
): Map<string, number> {
  const images = DRIVES.map((drive) => liveImage(overlays[drive], drive));
  const all = new SnapshotImages(images[0], images);
  all.repair();
  const index = run.snapshots.findLastIndex((known) => known.calls <= calls);
  // An operation adds its result to `run.snapshots` when it starts, so the images may still match the entry before it.
  const before = run.snapshots[Math.max(0, index - 1)].kept;
  const found = new Map(all.list().map(({ name, position }) => [name, position]));
  const isOne = [before, run.snapshots[index].kept].some((kept) => isSameMap(kept, found));
  assert.ok(isOne, `${what}: the snapshots are ${[...found.keys()].join()}`);
  assert.deepEqual(all.completeSnapshots(), all.list(), `${what}: listed in all images or in none`);
  for (const drive of DRIVES)
    assert.equal(overlays[drive].snapshots.list.length, found.size, `${what}: strays in ${drive}`);
  for (const [name, position] of found) {
    assert.ok(position <= reader.lastPosition, `${what}: the log ends before ${name}`);
    const state = new Uint8Array(machineAt(0).length);
    overlays.hd0.snapshots.open(name).readVmState(0, state);
    assertSameBytes(state, machineAt(position), `${what}: the machine in ${name}`);
    for (const drive of DRIVES) {
      assertSameBytes(diskIn(overlays[drive], name), run.disksAt.get(position)![drive], `${what}: ${drive} in ${name}`);
    }
  }
  return found;
}

/**
 * Replays from the newest snapshot that the log reaches, and asserts that the logged requests and the resulting disks
 * are correct.
 */
function checkReplay(
  run: RecordingOnSimulatedHost,
  reader: RecordingReader,
  overlays: Overlays,
  kept: Map<string, number>,
  what: string,
): void {
  const [name, from] = [...kept]
    .filter(([, position]) => position <= reader.lastPosition)
    .sort((a, b) => b[1] - a[1])[0];
  const disks = { hd0: diskIn(overlays.hd0, name), hd1: diskIn(overlays.hd1, name) };
  let position = from;
  for (const entry of reader.entriesFrom(from, ['blockCompletion'])) {
    if (entry.kind !== 'blockCompletion') continue;
    const drive = entry.drive as (typeof DRIVES)[number];
    const request = run.requests[drive][entry.id];
    if (request.operation !== 'read') assert.equal(entry.digest, digestOf(request), what);
    disks[drive] = changed(disks[drive], request);
    position = entry.position + 1;
  }
  const expected = run.disksAt.get(position);
  assert.ok(expected, `${what}: no change at ${position}`);
  for (const drive of DRIVES)
    assertSameBytes(disks[drive], expected[drive], `${what}: ${drive} replayed to ${position}`);
}

function diskIn(image: Qcow2Image, snapshot: string): Uint8Array {
  const bytes = new Uint8Array(DISK_BYTES);
  image.snapshots.open(snapshot).disk.read(0, bytes);
  return bytes;
}

function isSameMap(a: ReadonlyMap<string, number>, b: ReadonlyMap<string, number>): boolean {
  return a.size === b.size && [...a].every(([name, position]) => b.get(name) === position);
}
