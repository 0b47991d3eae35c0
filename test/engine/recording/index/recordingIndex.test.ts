/** The index of a recording gives the same answers as reading the whole log. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { CONSOLE_PORT } from '../../../../debug-adapter/engine/machine/ports/consolePort.ts';
import type { LogEntry } from '../../../../debug-adapter/engine/recording/logEntry.ts';
import { RecordingReader } from '../../../../debug-adapter/engine/recording/recordingReader.ts';
import { RecordingWriter } from '../../../../debug-adapter/engine/recording/recordingWriter.ts';
import { times } from '../../../support/extent.ts';
import { compression, HEADER, KERNEL, MemoryFile, open, Random, typed, write } from '../support.ts';
import { compare, diskLog, pagesOf, withoutIndex } from './support.ts';

const SEEDS = times({ quick: 1, long: 30 });

for (let seed = 1; seed <= SEEDS; seed++) {
  const random = new Random(seed);
  const entries = diskLog({ random, length: 12_000 });
  const position = entries.at(-1)!.position;
  const closed = write({ entries, end: { position, reason: 'powerOff' } }).bytes;

  test(`log ${seed}: the index gives correct answers if it was written together with the recording`, () => {
    assert.ok(pagesOf(closed).length >= 3);
    compare(open(closed), random);
  });

  test(`log ${seed}: the index gives correct answers for a recording that was written without an index, as in earlier versions`, () => {
    const bytes = withoutIndex(closed);
    assert.equal(pagesOf(bytes).length, 0);
    compare(open(bytes), random);
  });

  test(`log ${seed}: the index gives correct answers for a recording with many short chunks that is still being written`, () => {
    const file = new MemoryFile();
    const writer = new RecordingWriter(file, compression);
    writer.writeHeader(HEADER, [KERNEL]);
    const first = entries.slice(0, 4000);
    for (const entry of first) {
      writer.append(entry);
      if (random.below(15) === 0) writer.flush(entry.position);
    }
    writer.flush(first.at(-1)!.position);
    compare(new RecordingReader(file, compression, writer.contents()), random);
    compare(open(file.bytes), random);
  });
}

test('the index finds the position of the nth byte of console input, and the number of such bytes before a position', () => {
  const entries = [...'login: root'].map((text, i) => typed(100 * i, text.charCodeAt(0)));
  const console = { kind: 'input', port: CONSOLE_PORT.number } as const;
  const { index } = open(write({ entries }).bytes);
  assert.deepEqual(index.nth(console, 7), typed(700, 'r'.charCodeAt(0)));
  assert.equal(index.numberAt(console, 700), 7);
  assert.equal(index.numberAt(console, 701), 8);
  assert.equal(index.count(console), 11);
  assert.equal(index.nth(console, 11), undefined);
  assert.equal(index.count({ kind: 'digest' }), 0);
});

test('a write request counts as the last writer of a sector only after the position at which the request completes', () => {
  const request = {
    kind: 'blockRequest',
    id: 0,
    drive: 'hd0',
    operation: 'write',
    offset: 512,
    lengthBytes: 512,
  } as const;
  const completion = { kind: 'blockCompletion', id: 0, drive: 'hd0', status: 'ok', digest: 1n } as const;
  const entries: LogEntry[] = [
    { ...request, position: 10 },
    { ...completion, position: 20 },
  ];
  const { index } = open(write({ entries }).bytes);
  const found = { request: entries[0], completion: entries[1] };
  assert.equal(index.lastWriter('hd0', 1, 20), undefined);
  assert.deepEqual(index.lastWriter('hd0', 1, 21), found);
  assert.deepEqual(index.nextWriter('hd0', 1, 20), found);
  assert.equal(index.nextWriter('hd0', 1, 21), undefined);
  assert.equal(index.lastWriter('hd0', 0, 21), undefined);
  assert.equal(index.lastWriter('hd1', 1, 21), undefined);
});

test('an empty recording has an empty index', () => {
  const file = new MemoryFile();
  new RecordingWriter(file, compression).writeHeader(HEADER, [KERNEL]);
  const { index } = open(file.bytes);
  assert.equal(index.lastWriter('hd0', 0, Infinity), undefined);
  assert.equal(index.nextWriter('hd0', 0, 0), undefined);
  assert.equal(index.count({ kind: 'blockRequest' }), 0);
  assert.equal(index.numberAt({ kind: 'blockRequest' }, 5), 0);
  assert.deepEqual([...index.entries({}), ...index.activity()], []);
});

test('the size of the index is at most 6% of a log of scattered requests, and at most 1% of a log of sequential requests', () => {
  for (const { scattered, ratio } of [
    { scattered: true, ratio: 0.06 },
    { scattered: false, ratio: 0.01 },
  ]) {
    const random = new Random(1);
    const entries = Array.from({ length: 120_000 }, (_, i): LogEntry => {
      const position = i * 500;
      const id = i >> 1;
      if (i % 2 === 1)
        return { kind: 'blockCompletion', id, drive: 'hd0', status: 'ok', digest: random.u64(), position };
      const offset = (scattered ? random.below(2 ** 28) : id) * 4096;
      return { kind: 'blockRequest', id, drive: 'hd0', operation: 'write', offset, lengthBytes: 4096, position };
    });
    const { bytes } = write({ entries });
    const indexBytes = pagesOf(bytes).reduce((sum, { payload }) => sum + payload.length, 0);
    assert.ok(indexBytes > 0 && indexBytes < ratio * bytes.length, `${indexBytes} of ${bytes.length} bytes`);
  }
});
