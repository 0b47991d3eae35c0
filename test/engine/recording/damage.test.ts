/** A damaged recording is rejected with a message or read up to its last complete chunk, but never misread. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { CHUNK_FLAG, decodeChunkHeader, encodeChunk } from '../../../debug-adapter/engine/recording/chunk.ts';
import { RecordingWriter } from '../../../debug-adapter/engine/recording/recordingWriter.ts';
import { ofVersion } from '../../support/recordings.ts';
import {
  compression,
  events,
  HEADER,
  KERNEL,
  lastChunkChecksum,
  MemoryFile,
  open,
  Random,
  randomLog,
  userErrorOf,
  write,
} from './support.ts';
import { longTest, times } from '../../support/extent.ts';

const ROUNDS = times({ quick: 1000, long: 4000 }, 'FUZZ_ROUNDS');
const KILLED = { entries: randomLog(new Random(1), 60) };

/** Writes a recording with several chunks, which is flushed every ten entries, optionally to stable storage. */
function flushedRecording({ durably = false, close = false } = {}) {
  const file = new MemoryFile();
  const writer = new RecordingWriter(file, compression);
  writer.writeHeader(HEADER, [KERNEL]);
  const startBytes = writer.lengthBytes;
  const entries = randomLog(new Random(2), 100);
  const chunkEnds: { lengthBytes: number; position: number; entries: number }[] = [];
  entries.forEach((entry, index) => {
    writer.append(entry);
    if (index % 10 !== 9) return;
    if (durably) writer.flushDurably(entry.position);
    else writer.flush(entry.position);
    chunkEnds.push({ lengthBytes: writer.lengthBytes, position: entry.position, entries: index + 1 });
  });
  if (close) writer.close({ position: entries.at(-1)!.position, reason: 'powerOff' });
  return { bytes: file.bytes, startBytes, entries, chunkEnds };
}

longTest(
  'a recording truncated in its header is rejected; if it is truncated later, the complete chunks before the cut can be read',
  () => {
    const { bytes, startBytes, entries, chunkEnds } = flushedRecording({ close: true });
    for (let length = 0; length < bytes.length; length++) {
      const cut = bytes.subarray(0, length);
      const error = userErrorOf(() => open(cut));
      if (length < startBytes) {
        assert.equal(error?.code, 'recording-cut-short', `at ${length}`);
        continue;
      }
      assert.equal(error, undefined, `at ${length}: ${error?.message}`);
      const reader = open(cut);
      const last = chunkEnds.findLast((chunk) => chunk.lengthBytes <= length);
      assert.equal(reader.complete, false);
      assert.equal(reader.lastPosition, last?.position ?? 0, `at ${length}`);
      assert.deepEqual(events(reader), entries.slice(0, last?.entries ?? 0));
    }
  },
);

test('log data that a power cut damaged after the last sync is treated as a torn tail', () => {
  const { bytes, chunkEnds } = flushedRecording();
  const torn = bytes.slice();
  // The file system kept the file's length and the last chunk, but lost the two chunks before it.
  torn.fill(0, chunkEnds[6].lengthBytes, chunkEnds[8].lengthBytes);
  const reader = open(torn);
  assert.equal(reader.lastPosition, chunkEnds[6].position);
  assert.equal(reader.complete, false);
});

test('a recording is rejected if data that had been synced is damaged', () => {
  const { bytes, chunkEnds } = flushedRecording({ durably: true });
  for (const at of [chunkEnds[2].lengthBytes + 1, chunkEnds[2].lengthBytes + 30, chunkEnds[3].lengthBytes - 1]) {
    const damaged = bytes.slice();
    damaged[at] ^= 0x10;
    const error = userErrorOf(() => open(damaged));
    assert.equal(error?.code, 'recording-damaged', `byte ${at}`);
    const named = /^test\.rr is damaged at byte (\d+): .*\. Copy it again/.exec(error.message);
    assert.ok(Number(named?.[1]) >= chunkEnds[2].lengthBytes && Number(named?.[1]) <= at, error.message);
  }
});

test('a recording that was closed is rejected if any chunk other than the last one is damaged', () => {
  const { bytes, startBytes } = flushedRecording({ close: true });
  const lastChunk = bytes.length - 40;
  for (let at = startBytes; at < lastChunk; at++) {
    const damaged = bytes.slice();
    damaged[at] ^= 1;
    assert.equal(userErrorOf(() => open(damaged))?.code, 'recording-damaged', `byte ${at}`);
  }
});

test('a chunk that is removed, duplicated or taken from a different recording is rejected', () => {
  const { bytes, chunkEnds } = flushedRecording({ durably: true });
  const [from, to] = [chunkEnds[3].lengthBytes, chunkEnds[4].lengthBytes];
  const without = Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)]);
  const twice = Buffer.concat([bytes.subarray(0, to), bytes.subarray(from)]);
  assert.equal(userErrorOf(() => open(without))?.code, 'recording-damaged');
  assert.equal(userErrorOf(() => open(twice))?.code, 'recording-damaged');
});

test('a file that is not a recording is reported as such', () => {
  for (const bytes of [Buffer.from('QFI\xfb and so on, and on, and on'), Buffer.from('x'), new Uint8Array(5000)]) {
    const error = userErrorOf(() => open(bytes, 'disk.img'));
    assert.equal(error?.code, 'recording-not-one');
    assert.match(error.message, /^disk\.img is not a blkreplay recording/);
  }
});

test('a recording with a future format version is rejected with a message that names both version numbers', () => {
  const bytes = write(KILLED).bytes.slice();
  bytes[8] = 9;
  const error = userErrorOf(() => open(bytes));
  assert.equal(error?.code, 'recording-future-version');
  assert.match(error.message, /format version 9.*reads versions up to 6/);
});

test('a version 2 recording, in which all boot files are deflated, can be read', () => {
  const deflating = { ...compression, compress: compression.deflate };
  const file = new MemoryFile();
  const kernel = { ...KERNEL, bytes: new Uint8Array(100_000).fill(1) };
  const writer = new RecordingWriter(file, deflating);
  writer.writeHeader(ofVersion(2, HEADER), [kernel]);
  writer.closeUnfinished();
  const bytes = file.bytes.slice();
  assert.equal(userErrorOf(() => open(bytes))?.code, 'recording-damaged', 'its two version numbers differ');
  bytes[8] = 2;
  assert.deepEqual(new Uint8Array(open(bytes).bootFile('kernel').bytes), kernel.bytes);
});

test('a version 1 recording is rejected because its disk digests are of a different kind, and the message says what to do', () => {
  const bytes = write(KILLED).bytes.slice();
  bytes[8] = 1;
  const error = userErrorOf(() => open(bytes));
  assert.equal(error?.code, 'recording-past-version');
  assert.match(
    error.message,
    /format version 1; .*reads version 2 and later\. Replay it with the version of blkreplay that recorded it, or record/,
  );
});

test('chunks of unknown types, from later versions, are skipped, or rejected if they are critical', () => {
  const bytes = write({}).bytes;
  const lastChecksum = lastChunkChecksum(bytes);
  const payload = Buffer.from('from the future');
  const skippable = encodeChunk({ type: 99, flags: 0, payload }, lastChecksum);
  assert.equal(open(Buffer.concat([bytes, skippable.bytes])).lastPosition, 0);
  const critical = encodeChunk({ type: 99, flags: CHUNK_FLAG.critical, payload }, lastChecksum);
  const error = userErrorOf(() => open(Buffer.concat([bytes, critical.bytes])));
  assert.equal(error?.code, 'recording-future-chunk');
  assert.match(error.message, /chunk type 99/);
});

test('a damaged boot file is rejected when it is read', () => {
  const bytes = write({}).bytes.slice();
  const at = Buffer.from(bytes).lastIndexOf('kernel.elf') + 100;
  bytes[at] ^= 1;
  const reader = open(bytes);
  const error = userErrorOf(() => reader.bootFile('kernel'));
  assert.equal(error?.code, 'recording-damaged');
  assert.match(error.message, /kernel\.elf/);
});

test('a header with a missing field, or a field of the wrong type, is reported as damaged', () => {
  for (const spoil of [
    { machine: { ...HEADER.machine, memoryBytes: 'much' } },
    { drives: [{ id: 'hd0' }] },
    { drives: {} },
    { idle: 'sometimes' },
    { stateFile: 5 },
    { rrsnapshot: undefined },
  ]) {
    const header = { ...HEADER, ...spoil } as unknown as typeof HEADER;
    const error = userErrorOf(() => open(write({ header }).bytes));
    assert.equal(error?.code, 'recording-damaged', JSON.stringify(spoil));
    assert.match(error.message, /has (no valid|a bad) header\./);
  }
});

test('randomly modified recordings never make the reader crash, hang or return wrong data', (t) => {
  const seed = Number(process.env.BLKREPLAY_SEED ?? Date.now() % 1e9);
  const random = new Random(seed);
  const originals = [flushedRecording().bytes, flushedRecording({ close: true }).bytes, write({ bootFiles: [] }).bytes];
  let readable = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const bytes = mutate(random, originals);
    try {
      const reader = open(bytes);
      let position = 0;
      for (const entry of reader.entriesFrom(0)) {
        assert.ok(entry.position >= position && entry.position <= reader.lastPosition);
        position = entry.position;
      }
      if (reader.hasBootFile('kernel')) reader.bootFile('kernel');
      readable++;
    } catch (error) {
      const isSentence = (error as Error).name === 'UserError';
      if (!isSentence) throw new Error(`seed ${seed}, round ${round}`, { cause: error });
    }
  }
  t.diagnostic(`seed ${seed}: ${readable} of ${ROUNDS} still readable`);
});

test('chunks of random data with valid checksums are read or rejected with a message', () => {
  const seed = Number(process.env.BLKREPLAY_SEED ?? Date.now() % 1e9);
  const random = new Random(seed);
  const start = write({}).bytes;
  const checksum = lastChunkChecksum(start);
  for (let round = 0; round < ROUNDS; round++) {
    const payload = Uint8Array.from({ length: random.below(60) }, () =>
      random.below(3) ? random.below(20) : random.below(256),
    );
    const { bytes } = encodeChunk({ type: 3 + random.below(2), flags: 1, payload }, checksum);
    try {
      const reader = open(Buffer.concat([start, bytes]));
      for (const entry of reader.entriesFrom(0)) assert.ok(Number.isSafeInteger(entry.position));
    } catch (error) {
      if ((error as Error).name !== 'UserError') throw new Error(`seed ${seed}, round ${round}`, { cause: error });
    }
  }
});

test('modified chunks with valid checksums are read or rejected with a message', (t) => {
  const seed = Number(process.env.BLKREPLAY_SEED ?? Date.now() % 1e9);
  const random = new Random(seed);
  const originals = [flushedRecording({ close: true }).bytes, write({ bootFiles: [] }).bytes];
  let readable = 0;
  for (let round = 0; round < ROUNDS; round++) {
    try {
      const reader = open(withRightChecksums(random, random.pick(originals)));
      let position = 0;
      for (const entry of reader.entriesFrom(0)) {
        assert.ok(entry.position >= position && entry.position <= reader.lastPosition);
        position = entry.position;
      }
      if (reader.hasBootFile('kernel')) reader.bootFile('kernel');
      readable++;
    } catch (error) {
      if ((error as Error).name !== 'UserError') throw new Error(`seed ${seed}, round ${round}`, { cause: error });
    }
  }
  t.diagnostic(`seed ${seed}: ${readable} of ${ROUNDS} still readable`);
});

/** Changes chunks and corrects their checksums, as an attacker who knows the format would. */
function withRightChecksums(random: Random, original: Uint8Array): Uint8Array {
  const parts = [original.subarray(0, 12)];
  let checksum = 0n;
  for (let at = 12; at < original.length;) {
    const { type, flags, payloadBytes } = decodeChunkHeader(original, at)!;
    const payload = Uint8Array.from(original.subarray(at + 20, at + 20 + payloadBytes));
    if (payloadBytes > 0 && random.below(3) === 0) {
      const spoiled = random.below(payloadBytes);
      payload[spoiled] = random.pick([0, 1, 0x7f, 0x80, 0xff, payload[spoiled] ^ (1 << random.below(8))]);
    }
    const chunk = encodeChunk({ type, flags, payload }, checksum);
    if (random.below(20) > 0) parts.push(chunk.bytes);
    checksum = chunk.checksum;
    at += 20 + payloadBytes;
  }
  return Buffer.concat(parts);
}

function mutate(random: Random, originals: readonly Uint8Array[]): Uint8Array {
  let bytes = Uint8Array.from(random.pick(originals));
  for (let times = 1 + random.below(3); times > 0; times--) {
    const at = random.below(bytes.length);
    switch (random.below(4)) {
      case 0:
        bytes[at] ^= 1 << random.below(8);
        break;
      case 1:
        bytes.fill(random.pick([0, 0xff, 0xb1, random.below(256)]), at, at + random.below(64));
        break;
      case 2:
        bytes = bytes.slice(0, at + 1);
        break;
      default: {
        const other = random.pick(originals);
        const from = random.below(other.length);
        bytes = Uint8Array.from([
          ...bytes.subarray(0, at),
          ...other.subarray(from, from + random.below(500)),
          ...bytes.subarray(at),
        ]);
      }
    }
  }
  return bytes;
}
