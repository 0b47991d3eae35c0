/** A recording's header, boot files and log are read exactly as written, and the file is only ever appended to. */
import assert from 'node:assert/strict';
import test from 'node:test';
import type { LogEntry } from '../../../debug-adapter/engine/recording/logEntry.ts';
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
  write,
} from './support.ts';
import { longTest } from '../../support/extent.ts';

test('a random log is read back as it was written', () => {
  for (let seed = 1; seed <= 40; seed++) {
    const entries = randomLog(new Random(seed), seed * 50);
    const position = entries.at(-1)!.position;
    const reader = open(write({ entries, end: { position, reason: 'powerOff', guestExit: 7 } }).bytes);
    const end = { kind: 'end', position, reason: 'powerOff', guestExit: 7 };
    assert.deepEqual(events(reader), [...entries, end], `seed ${seed}`);
    assert.deepEqual(reader.end, end);
    assert.equal(reader.complete, true);
    assert.equal(reader.lastPosition, position);
  }
});

test('the header and the boot files are read back as they were written', () => {
  const bootFiles = [
    KERNEL,
    { role: 'initrd', name: 'dir/initrd ü.cpio', bytes: new Uint8Array(100_000) },
    { role: 'bios', name: 'empty', bytes: new Uint8Array(0) },
  ] as const;
  const reader = open(write({ bootFiles: [...bootFiles] }).bytes);
  const { formatVersion, bootFiles: lines, ...rest } = reader.header;
  assert.equal(formatVersion, 6);
  assert.deepEqual(rest, HEADER);
  assert.deepEqual(
    lines.map(({ role, name, lengthBytes }) => ({ role, name, lengthBytes })),
    bootFiles.map(({ role, name, bytes }) => ({ role, name, lengthBytes: bytes.length })),
  );
  for (const file of bootFiles) {
    const read = reader.bootFile(file.role);
    assert.equal(read.name, file.name);
    assert.deepEqual([...read.bytes], [...file.bytes]);
  }
});

test('loaded files are read back in order, with their addresses', () => {
  const bootFiles = [
    { role: 'bios', name: 'u-boot.bin', bytes: new Uint8Array(50) },
    { role: 'load', name: 'data', bytes: new Uint8Array(3), address: 0x8400_0001 },
    { role: 'load', name: 'app.elf', bytes: new Uint8Array(9) },
    { role: 'dtb', name: 't.dtb', bytes: new Uint8Array(40) },
  ] as const;
  const reader = open(write({ bootFiles: [...bootFiles] }).bytes);
  assert.deepEqual(
    bootFiles.map((_, index) => reader.bootFileAt(index)),
    bootFiles,
  );
  assert.equal(reader.hasBootFile('kernel'), false);
});

test('reading a boot file that was not recorded is an error', () => {
  const reader = open(write({}).bytes);
  assert.equal(reader.hasBootFile('initrd'), false);
  assert.equal(userErrorOf(() => reader.bootFile('initrd'))?.code, 'recording-no-boot-file');
});

longTest('entries can be read starting at any position, and filtered by kind', () => {
  const entries = randomLog(new Random(5), 20_000);
  const reader = open(write({ entries }).bytes);
  const random = new Random(6);
  for (let i = 0; i < 40; i++) {
    const from = random.pick(entries).position + random.below(3) - 1;
    assert.deepEqual(
      events(reader, from),
      entries.filter((entry) => entry.position >= from),
    );
    assert.deepEqual(
      [...reader.entriesFrom(from, ['digest', 'input'])],
      entries.filter((entry) => entry.position >= from && (entry.kind === 'digest' || entry.kind === 'input')),
    );
  }
  assert.deepEqual(events(reader, Number.MAX_SAFE_INTEGER), []);
});

test('a recording without events ends at position 0', () => {
  const file = new MemoryFile();
  new RecordingWriter(file, compression).writeHeader(HEADER, [KERNEL]);
  const reader = open(file.bytes);
  assert.equal(reader.lastPosition, 0);
  assert.equal(reader.complete, false);
  assert.deepEqual(events(reader), []);
});

test('the file is only ever appended to, in writes of about 64 KiB', () => {
  const entries = randomLog(new Random(9), 30_000);
  const file = write({ entries, end: { position: entries.at(-1)!.position, reason: 'powerOff' } });
  let at = 0;
  for (const { offset, lengthBytes } of file.writes) {
    assert.equal(offset, at);
    assert.ok(lengthBytes < 66_000, `${lengthBytes} bytes in one write`);
    at += lengthBytes;
  }
  assert.ok(file.closed);
  assert.equal(file.syncedLengths.at(-1), file.bytes.length);
});

test('a flush writes the entries to the file, and a durable flush writes them to stable storage', () => {
  const file = new MemoryFile();
  const writer = new RecordingWriter(file, compression);
  writer.writeHeader(HEADER, [KERNEL]);
  assert.deepEqual(file.syncedLengths, [file.bytes.length]);
  writer.append(typed(5, 65));
  assert.equal(open(file.bytes).lastPosition, 0);
  writer.flush(9);
  assert.equal(open(file.bytes).lastPosition, 9);
  assert.equal(file.syncedLengths.length, 1);
  writer.flushDurably(9);
  assert.deepEqual(file.syncedLengths.slice(1), [file.bytes.length]);
  const length = file.bytes.length;
  writer.flushDurably(9);
  assert.equal(file.syncedLengths.length, 2, 'nothing new: no sync');
  assert.equal(file.bytes.length, length, 'nothing new: no chunk');
});

test('after a write fails on a full disk, all data flushed before the failure can be read', () => {
  const file = new MemoryFile();
  const writer = new RecordingWriter(file, compression);
  writer.writeHeader(HEADER, [KERNEL]);
  writer.append(typed(5, 65));
  writer.flush(10);
  file.fullAtBytes = file.bytes.length;
  writer.append(typed(15, 66));
  assert.equal(userErrorOf(() => writer.flush(20))?.kind, 'hostFailure');
  // Space is available again, but the byte typed at position 15 is lost, so writing an end chunk would be wrong.
  file.fullAtBytes = Infinity;
  assert.throws(() => writer.append(typed(25, 67)), /between the header and the end/);
  writer.close({ position: 30, reason: 'powerOff' });
  assert.equal(open(file.bytes).lastPosition, 10);
  assert.ok(file.closed);
});

test('appending an entry with a lower position than the last one fails an assertion', () => {
  const fall: LogEntry[] = [typed(5, 65), typed(4, 65)];
  assert.throws(() => write({ entries: fall }), /order of their positions/);
});

test('requests are logged correctly whatever offset the guest chooses', () => {
  const wild: LogEntry = {
    kind: 'blockRequest',
    id: 0,
    drive: 'hd0',
    operation: 'read',
    offset: 2 ** 63,
    lengthBytes: 512,
    position: 1,
  };
  const [read] = events(open(write({ entries: [wild] }).bytes));
  assert.deepEqual(read, { ...wild, offset: Number.MAX_SAFE_INTEGER });
});

test('in the log, a disk request and its completion take at most 40 bytes, and a key press takes about 3 bytes', (t) => {
  const random = new Random(3);
  const requests = 20_000;
  const entries: LogEntry[] = [];
  for (let id = 0, position = 0; id < requests; id++) {
    const operation = random.pick(['read', 'write'] as const);
    const offset = random.below(2 ** 31) * 512; // an offset on a 1 TB drive
    position += random.below(1_000_000);
    entries.push({ kind: 'blockRequest', id, drive: 'hd0', operation, offset, lengthBytes: 4096, position });
    position += 100_000;
    entries.push({ kind: 'blockCompletion', id, drive: 'hd0', status: 'ok', digest: random.u64(), position });
  }
  const empty = write({}).bytes.length;
  const bytesPerRequest = (write({ entries }).bytes.length - empty) / requests;
  t.diagnostic(`${bytesPerRequest.toFixed(1)} bytes a request with its completion`);
  assert.ok(bytesPerRequest <= 40);

  for (const [what, distance, most] of [
    ['while the guest is waiting for it', 100, 3.1],
    ['at 115200 baud', 86_805, 5.1],
  ] as const) {
    const keys = Array.from({ length: 10_000 }, (_, i) => typed(i * distance, 97));
    const bytesPerKey = (write({ entries: keys }).bytes.length - empty) / keys.length;
    t.diagnostic(`${bytesPerKey.toFixed(2)} bytes a key ${what}`);
    assert.ok(bytesPerKey <= most);
  }
});

test('if an older header lacks a setting, the setting has the value that all machines had at that time', () => {
  const { kind, memoryBytes, harts, isa } = HEADER.machine;
  const machine = { kind, memoryBytes, harts, isa };
  const { slot: _slot, virtio: _virtio, ...hd0 } = HEADER.drives[0];
  const hd1 = { ...hd0, id: 'hd1', overlay: 'hd1.qcow2' };
  const { header } = open(write({ header: { ...HEADER, machine, drives: [hd0, hd1] } }).bytes);
  const { mmu, rng, rngSeed, noReboot, semihosting } = header.machine;
  assert.deepEqual([mmu, rng, rngSeed, noReboot, semihosting], ['sv39', false, null, false, false]);
  assert.deepEqual(
    header.drives.map(({ slot, virtio }) => [slot, virtio]),
    [
      [0, 'modern'],
      [1, 'modern'],
    ],
  );
});

test('console output is read back with its positions, however the log is flushed', () => {
  const random = new Random(7);
  const file = new MemoryFile();
  const writer = new RecordingWriter(file, compression);
  writer.writeHeader(HEADER, [KERNEL]);
  const printed: [number, number][] = [];
  let position = 0;
  for (let i = 0; i < 100_000; i++) {
    position += random.below(3);
    printed.push([i & 255, position]);
    writer.printed(i & 255, position);
    if (random.below(1000) === 0) writer.flush(position + 1);
    if (random.below(1000) === 0) writer.append(typed(position, 65));
  }
  writer.close({ position: position + 1, reason: 'powerOff' });
  assert.deepEqual(outputOf(open(file.bytes)), printed);
});

test('output before the last flush is in the file, and a damaged part of it is left out without affecting the log', () => {
  const file = new MemoryFile();
  const writer = new RecordingWriter(file, compression);
  writer.writeHeader(HEADER, [KERNEL]);
  const ends = ['one', 'two', 'lost'].map((text, i) => {
    for (const byte of Buffer.from(text)) writer.printed(byte, 10 * i);
    if (text !== 'lost') writer.flush(10 * i + 1);
    return writer.lengthBytes;
  });
  const textOf = (bytes: Uint8Array) => Buffer.from(outputOf(open(bytes)).map(([byte]) => byte)).toString();
  assert.equal(textOf(file.bytes), 'onetwo');
  const damaged = file.bytes.slice();
  damaged[damaged.indexOf(0x6f, ends[0] - 40)] ^= 1;
  assert.equal(textOf(damaged), 'two');
  assert.deepEqual(events(open(damaged)), events(open(file.bytes)));
  writer.closeUnfinished();
});

/** The bytes of console output in a recording, each with its position. */
const outputOf = (reader: ReturnType<typeof open>): [number, number][] =>
  [...reader.consoleOutput()].flatMap(({ bytes, positions }) =>
    Array.from(bytes, (byte, i): [number, number] => [byte, positions[i]]),
  );
