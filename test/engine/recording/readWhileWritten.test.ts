/** A recording can be read while it is being written, and opening it does not read the log. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { RecordingReader } from '../../../debug-adapter/engine/recording/recordingReader.ts';
import { RecordingWriter } from '../../../debug-adapter/engine/recording/recordingWriter.ts';
import {
  compression,
  events,
  HEADER,
  KERNEL,
  MemoryFile,
  open,
  Random,
  randomLog,
  typed,
  userErrorOf,
} from './support.ts';

const NOT_YET_WRITTEN = typed(2 ** 50, 65);

test("a reader that uses the writer's list of chunks returns the same entries as a reader that scans the file", () => {
  const random = new Random(1);
  const { writer, file } = begin();
  const entries = randomLog(random, 6_000);
  for (const [index, entry] of entries.entries()) {
    writer.append(entry);
    if (index % 2000 !== 1999) continue;
    writer.flush(entry.position);
    const scanned = open(file.bytes);
    const informed = new RecordingReader(file, compression, writer.contents());
    assert.deepEqual(informed.header, scanned.header);
    assert.equal(informed.lastPosition, scanned.lastPosition);
    assert.equal(informed.complete, false);
    assert.deepEqual(informed.bootFile('kernel'), scanned.bootFile('kernel'));
    assert.deepEqual(events(informed), entries.slice(0, index + 1));
    const from = random.pick(entries).position;
    assert.deepEqual(events(informed, from), events(scanned, from));
  }
});

test('opening a recording that is being written reads nothing, and reading an entry reads one chunk', () => {
  const { writer, file } = begin();
  const entries = randomLog(new Random(2), 30_000);
  for (const entry of entries) writer.append(entry);
  writer.flush(entries.at(-1)!.position);
  const reads: number[] = [];
  const counted = Object.assign(new MemoryFile(file.bytes), {
    readAt: (offset: number, into: Uint8Array) => (reads.push(into.length), file.readAt(offset, into)),
  });
  const reader = new RecordingReader(counted, compression, writer.contents());
  assert.deepEqual(reads, []);
  reader.entriesFrom(entries[15_000].position).next();
  assert.equal(reads.length, 1);
  assert.ok(reads[0] < 66_000);
});

test('a reader does not return entries that are written after it was opened', () => {
  const { writer, file } = begin();
  const entries = randomLog(new Random(3), 1000);
  for (const entry of entries) writer.append(entry);
  writer.flush(entries.at(-1)!.position);
  const reader = new RecordingReader(file, compression, writer.contents());
  writer.append(NOT_YET_WRITTEN);
  writer.flush(NOT_YET_WRITTEN.position);
  assert.equal(reader.lastPosition, entries.at(-1)!.position);
  assert.deepEqual(events(reader), entries);
});

test('a chunk that changed after it was written is rejected when it is read', () => {
  const { writer, file } = begin();
  const entries = randomLog(new Random(4), 1000);
  for (const entry of entries) writer.append(entry);
  writer.flush(entries.at(-1)!.position);
  const reader = new RecordingReader(file, compression, writer.contents());
  file.bytes[file.bytes.length - 1] ^= 1;
  const error = userErrorOf(() => events(reader));
  assert.equal(error?.code, 'recording-damaged');
  assert.match(error.message, /the chunk has an incorrect checksum/);
});

function begin() {
  const file = new MemoryFile();
  const writer = new RecordingWriter(file, compression);
  writer.writeHeader(HEADER, [KERNEL]);
  return { file, writer };
}
