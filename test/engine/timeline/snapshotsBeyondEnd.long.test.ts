/** A snapshot is listed only when the log up to its position is on stable storage.
 *
 * Earlier builds could leave a snapshot past the end of a killed recording. Such a snapshot is not offered for seeking,
 * is rejected as the start of a replay, and can be deleted.
 */
import assert from 'node:assert/strict';
import { statSync, truncateSync } from 'node:fs';
import { test, type TestContext } from 'node:test';
import { complete } from '../../../debug-adapter/engine/base/sliced.ts';
import type { HostFile } from '../../../debug-adapter/engine/base/host.ts';
import {
  closedRecording,
  errors,
  listStoredSnapshots,
  deleteStoredSnapshot,
  renameStoredSnapshot,
} from '../../../debug-adapter/engine/index.ts';
import { RecordingReader } from '../../../debug-adapter/engine/recording/recordingReader.ts';
import { nodeHost } from '../../../debug-adapter/host/nodeHost.ts';
import { wrapWrittenFiles } from '../../support/wrappedFiles.ts';
import { DEMO, type Stage, stageOf } from './travelSupport.ts';

const AUTOMATIC = 1 << 24;

test('when an overlay lists a new snapshot, the log up to its position is on stable storage', (t) => {
  const stage = stageOf(DEMO, t);
  const [drive] = stage.setup.drives;
  const second = { ...drive, id: 'hd1', overlay: drive.overlay!.replace('hd0', 'hd1') };
  stage.setup.drives = [drive, second];
  const listed = watchSnapshots(stage, t);
  const timeline = stage.record();
  timeline.advance(AUTOMATIC + 1000);
  timeline.snapshots.take('mine');
  timeline.advance(AUTOMATIC + 3000);
  complete(timeline.travel!.seekTo(AUTOMATIC + 2000));
  timeline.snapshots.take('past');
  timeline.snapshots.rename(timeline.snapshots.named(`auto-${AUTOMATIC}`).id, 'renamed');
  timeline.advance(2 * AUTOMATIC);
  timeline.close({ reason: 'interrupted' });
  const names = ['replay_init', `auto-${AUTOMATIC}`, 'mine', 'past', 'renamed', `auto-${2 * AUTOMATIC}`];
  assert.deepEqual([...new Set(listed.map(({ name }) => name))], names);
  for (const { name, position, reached, isSynced } of listed) {
    assert.ok(reached >= position && isSynced, `${name} at ${position}, the log reached ${reached}`);
  }
});

test('a snapshot past the end of the recording is not offered for seeking, and can be deleted', (t) => {
  const { stage, end, digest } = cutBeforeSnapshot(t);
  const name = `auto-${AUTOMATIC}`;
  const replay = stage.replay();
  assert.deepEqual(
    replay.snapshots.list().map((snapshot) => snapshot.name),
    ['replay_init'],
  );
  assert.equal(replay.travel!.end, end);
  assert.deepEqual(replay.advance(Infinity), { reason: 'endOfRecording' });
  assert.deepEqual([replay.position, replay.digest()], [end, digest]);
  complete(replay.travel!.seekTo(end - 1000));
  replay.snapshots.take('near the end');
  assert.throws(() => replay.snapshots.take('auto-1'), /reserved for automatic snapshots/);
  replay.snapshots.rename(replay.snapshots.named(name).id, 'lost');
  assert.throws(() => replay.snapshots.take('lost'), /A snapshot named "lost" already exists/);
  replay.snapshots.delete(replay.snapshots.named('lost').id);
  replay.snapshots.take('lost');
  replay.close({ reason: 'interrupted' });
});

test('a snapshot past the end is rejected as the start of a replay, and is marked in the list of stored snapshots', (t) => {
  const { stage, end } = cutBeforeSnapshot(t);
  const { rrfile } = stage.setup;
  renameStoredSnapshot(nodeHost, rrfile, `auto-${AUTOMATIC}`, 's', { confirmed: false });
  assert.throws(
    () => stage.replay({ rrsnapshot: 's' }),
    (error) =>
      error instanceof errors.UserError &&
      error.code === 'snapshot-beyond-end' &&
      error.message.includes(`is at position ${AUTOMATIC}, but ${rrfile} ends at ${end},`),
  );
  assert.deepEqual(
    listStoredSnapshots(nodeHost, rrfile).map(({ name, isBeyondEnd }) => [name, isBeyondEnd]),
    [
      ['replay_init', false],
      ['s', true],
    ],
  );
  const reader = readerOf(rrfile);
  assert.deepEqual(
    closedRecording(nodeHost, rrfile, reader).snapshots!.map(({ name }) => name),
    ['replay_init'],
  );
  reader.close();
  deleteStoredSnapshot(nodeHost, rrfile, 's', { confirmed: false });
  const replay = stage.replay();
  assert.deepEqual(replay.advance(Infinity), { reason: 'endOfRecording' });
  replay.close({ reason: 'endOfRecording' });
});

test('a run to a position before the current one ends immediately', (t) => {
  const stage = stageOf(DEMO, t);
  const timeline = stage.record();
  timeline.advance(2_000_000);
  complete(timeline.travel!.seekTo(1_000_000));
  assert.equal(timeline.advance(500_000), undefined);
  assert.equal(timeline.position, 1_000_000);
  timeline.close({ reason: 'interrupted' });
  const replay = stage.replay();
  complete(replay.travel!.seekTo(1_000_000));
  for (const until of [0, 999_999, 1_000_000]) assert.equal(replay.advance(until), undefined);
  assert.equal(replay.position, 1_000_000);
  assert.deepEqual(replay.advance(3_000_000), { reason: 'endOfRecording' });
  replay.close({ reason: 'endOfRecording' });
});

/** Creates the files that a kill could leave in builds that wrote automatic snapshots before the log. */
function cutBeforeSnapshot(t: TestContext): { stage: Stage; end: number; digest: bigint } {
  const stage = stageOf(DEMO, t);
  const timeline = stage.record();
  timeline.advance(AUTOMATIC - 300_000);
  timeline.writeBack();
  const [end, digest, lengthBytes] = [timeline.position, timeline.digest(), statSync(stage.setup.rrfile).size];
  timeline.advance(AUTOMATIC);
  // Waits until the snapshot is in the file.
  timeline.writeBack();
  timeline.abandon();
  truncateSync(stage.setup.rrfile, lengthBytes);
  return { stage, end, digest };
}

function readerOf(rrfile: string): RecordingReader {
  return new RecordingReader(nodeHost.files.open(rrfile, { write: false, create: 'never' }), nodeHost.compression);
}

interface Listed {
  name: string;
  position: number;
  /** The last position in the log when the snapshot was listed. */
  reached: number;
  isSynced: boolean;
}

/** Collects each snapshot that an overlay's header is about to list, with the last position in the log at that time. */
function watchSnapshots({ setup: { rrfile, drives } }: Stage, t: TestContext): Listed[] {
  const listed: Listed[] = [];
  let isSynced = false;
  let log: HostFile | undefined;
  // Reads the log through its open file, which may not have its final name yet.
  const reached = () => new RecordingReader(log!, nodeHost.compression).lastPosition;
  wrapWrittenFiles(t, (file, path) => {
    if (path === rrfile) {
      log = file;
      return watching(file, { write: () => (isSynced = false), sync: () => (isSynced = true) });
    }
    if (!drives.some(({ overlay }) => overlay === path)) return file;
    const known = new Set<string>();
    return watching(file, {
      write: (offset, bytes) => {
        if (offset !== 0 || bytes.length < 72) return;
        for (const entry of snapshotsOf(file, bytes).filter(({ name }) => !known.has(name))) {
          listed.push({ ...entry, reached: reached(), isSynced });
          known.add(entry.name);
        }
      },
      sync: () => {},
    });
  });
  return listed;
}

/** The snapshots in the snapshot table that a qcow2 header points to. */
function snapshotsOf(file: HostFile, header: Uint8Array): { name: string; position: number }[] {
  const view = new DataView(header.buffer, header.byteOffset);
  let at = Number(view.getBigUint64(64));
  return Array.from({ length: view.getUint32(60) }, () => {
    const bytes = new Uint8Array(512);
    file.readAt(at, bytes);
    const entry = new DataView(bytes.buffer);
    const nameAt = 40 + entry.getUint32(36) + entry.getUint16(12);
    const nameEnd = nameAt + entry.getUint16(14);
    at += Math.ceil(nameEnd / 8) * 8;
    const name = new TextDecoder().decode(bytes.subarray(nameAt, nameEnd));
    return { name, position: Number(entry.getBigUint64(56)) };
  });
}

function watching(
  file: HostFile,
  seen: { write: (offset: number, bytes: Uint8Array) => void; sync: () => void },
): HostFile {
  return {
    name: file.name,
    readAt: (offset, into) => file.readAt(offset, into),
    writeAt: (offset, from) => {
      seen.write(offset, from);
      file.writeAt(offset, from);
    },
    length: () => file.length(),
    truncate: (length) => file.truncate(length),
    sync: () => {
      file.sync();
      seen.sync();
    },
    close: () => file.close(),
  };
}
