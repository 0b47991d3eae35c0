/** If a file changes during a replay, the first request that reads changed data reports the file and the sector. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { test } from 'node:test';
import type { MachineTimeline } from '../../../debug-adapter/engine/timeline/machineTimeline.ts';
import { Qcow2Image } from '../../../debug-adapter/engine/block/qcow2/image.ts';
import { UserError } from '../../../debug-adapter/messages/userError.ts';
import { RecordingReader } from '../../../debug-adapter/engine/recording/recordingReader.ts';
import { nodeCompression } from '../../../debug-adapter/host/compression.ts';
import { openFile } from '../../../debug-adapter/host/nodeFiles.ts';
import { DEMO, type Stage, stageOf } from './travelSupport.ts';

const SECTOR_BYTES = 512;

test('if the base image is changed while a replay has it open, the change is reported', (t) => {
  const stage = recorded(stageOf(DEMO, t));
  const { image } = stage.setup.drives[0];
  const [read] = readsOf(stage);
  const replay = stage.replay();
  replay.advance(1);
  flipBytes(image, [read.offset]);
  refusedAt(replay, read.offset / SECTOR_BYTES, [image, 'disk.img']);
});

test('if an overlay is changed while a replay reads a snapshot in it, the change is reported', (t) => {
  const stage = recorded(stageOf(DEMO, t));
  const { overlay } = stage.setup.drives[0];
  const from = 1 << 24;
  const rrsnapshot = `auto-${from}`;
  const found = readsOf(stage, { since: from })
    .map((read) => ({ read, copies: copiesInOverlay(overlay!, rrsnapshot, read.offset) }))
    .find(({ copies }) => copies.length > 0);
  assert.ok(found, 'the guest reads what it wrote before the snapshot');
  const replay = stage.replay({ rrsnapshot });
  replay.advance(from + 1);
  flipBytes(overlay!, found.copies);
  refusedAt(replay, found.read.offset / SECTOR_BYTES, [overlay!, 'hd0.qcow2']);
});

function recorded(stage: Stage): Stage {
  // Gives each sector different contents.
  const { image } = stage.setup.drives[0];
  const bytes = fs.readFileSync(image);
  for (let at = 0; at < bytes.length; at += SECTOR_BYTES) bytes.writeUInt32LE(at, at + 100);
  fs.writeFileSync(image, bytes);
  const live = stage.record();
  const end = live.advance(1e9);
  live.close(end!);
  return stage;
}

/**
 * Returns the guest's read requests after a position, except those for sectors that the guest has written since that
 * position.
 */
function readsOf({ setup }: Stage, { since = 0 } = {}): { offset: number }[] {
  const reader = new RecordingReader(openFile(setup.rrfile, { write: false, create: 'never' }), nodeCompression);
  const written = new Set<number>();
  const reads: { offset: number }[] = [];
  for (const entry of reader.entriesFrom(since + 1, ['blockRequest'])) {
    if (entry.kind !== 'blockRequest') continue;
    if (entry.operation === 'write') written.add(entry.offset);
    if (entry.operation === 'read' && !written.has(entry.offset)) reads.push(entry);
  }
  reader.close();
  return reads;
}

/**
 * Returns the file offsets of all copies of a snapshot's sector: in the disk's data, and also in the snapshot's RAM if
 * the guest had read the sector before. There are no copies if the sector is in the base.
 */
function copiesInOverlay(overlay: string, snapshot: string, offset: number): number[] {
  const file = openFile(overlay, { write: false, create: 'never' });
  const view = Qcow2Image.open(file, { writable: false }).snapshots.open(snapshot);
  const isInside = view
    .allocatedRanges()
    .some((range) => range.offset <= offset && offset < range.offset + range.lengthBytes);
  const sector = new Uint8Array(SECTOR_BYTES);
  view.disk.read(offset, sector);
  file.close();
  const bytes = fs.readFileSync(overlay);
  const copies: number[] = [];
  for (let at = bytes.indexOf(sector); isInside && at >= 0; at = bytes.indexOf(sector, at + 1)) copies.push(at);
  return copies;
}

/** Changes bytes of the file in place, so that every open handle reads the changed bytes. */
function flipBytes(path: string, offsets: readonly number[]): void {
  const file = fs.openSync(path, 'r+');
  const byte = new Uint8Array(1);
  for (const offset of offsets) {
    fs.readSync(file, byte, 0, 1, offset);
    byte[0] ^= 0x20;
    fs.writeSync(file, byte, 0, 1, offset);
  }
  fs.closeSync(file);
}

function refusedAt(replay: MachineTimeline, sector: number, [file, name]: string[]): void {
  assert.throws(
    () => replay.advance(1e9),
    (error) => {
      assert.ok(error instanceof UserError && error.code === 'divergence-completion', String(error));
      assert.match(error.message, new RegExp(`read different data from drive hd0 at sector ${sector}: `));
      assert.ok(error.message.includes(file) && error.message.includes(name), error.message);
      return true;
    },
  );
  replay.abandon();
}
