/** Events and answers on any input port are recorded, replayed and described without code specific to that port. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { ByteWriter } from '../../../debug-adapter/engine/base/bytes.ts';
import type { Inputs } from '../../../debug-adapter/engine/machine/inputs.ts';
import { CLOCK_PORT } from '../../../debug-adapter/engine/machine/ports/clockPort.ts';
import { DevicePorts } from '../../../debug-adapter/engine/machine/ports/devicePorts.ts';
import { ENTROPY_PORT } from '../../../debug-adapter/engine/machine/ports/entropyPort.ts';
import { HOST_FILE_PORT } from '../../../debug-adapter/engine/machine/ports/hostFilePort.ts';
import type { EventPort, QueryPort } from '../../../debug-adapter/engine/machine/ports/inputPort.ts';
import { PortTable } from '../../../debug-adapter/engine/machine/ports/portTable.ts';
import { CHUNK_FLAG, CHUNK_TYPE, encodeChunk } from '../../../debug-adapter/engine/recording/chunk.ts';
import { describeEntry, entryAsJson } from '../../../debug-adapter/engine/recording/describeEntry.ts';
import { EventsEncoder } from '../../../debug-adapter/engine/recording/eventsEncoder.ts';
import type { LogEntry } from '../../../debug-adapter/engine/recording/logEntry.ts';
import { Player } from '../../../debug-adapter/engine/recording/player.ts';
import { entriesNamed, entryName } from '../../../debug-adapter/engine/recording/portEntries.ts';
import { Recorder } from '../../../debug-adapter/engine/recording/recorder.ts';
import { RecordingReader } from '../../../debug-adapter/engine/recording/recordingReader.ts';
import { RecordingWriter } from '../../../debug-adapter/engine/recording/recordingWriter.ts';
import { ofVersion } from '../../support/recordings.ts';
import {
  answer,
  compression,
  events,
  HEADER,
  input,
  KERNEL,
  lastChunkChecksum,
  MemoryFile,
  open,
  typed,
  userErrorOf,
  write,
} from './support.ts';

interface Dice extends EventPort<string> {
  answers: QueryPort<{ sides: number }, number>['answers'];
}

/**
 * The port of a device that exists only in this test: dice that the user can shake, and that ask the host for each
 * roll.
 */
const DICE_PORT: Dice = {
  number: 1000,
  events: {
    kind: 'shake',
    encode: (how) => Buffer.from(how),
    decode: (payload) => Buffer.from(payload).toString(),
    fields: (how) => ({ how }),
    describe: (how) => `the dice are shaken ${how}`,
    expectation: (how) => `a ${how} shake`,
  },
  answers: {
    kind: 'roll',
    encode: (eyes) => Uint8Array.of(eyes),
    decode: (payload) => payload[0],
    fields: (eyes) => ({ eyes }),
    describe: (eyes) => `the dice show ${eyes}`,
    expectation: (eyes) => `a roll of ${eyes}`,
    requested: 'a roll',
    isPossible: (eyes, { sides }) => eyes <= sides,
  },
};
const PORTS = new PortTable([DICE_PORT]);

/**
 * Runs a machine whose only device is a pair of dice, for 20 steps. The dice accept one shake, at position 9 or later.
 * Each number in `rolls` is a position at which the guest rolls the dice.
 */
function runDice(inputs: Inputs, { rolls = [5, 12, 12], sides = 6 } = {}): string[] {
  const seen: string[] = [];
  let ready = 9;
  let position = 0;
  const ports = new DevicePorts(
    () => inputs,
    () => position,
  );
  ports.connect(DICE_PORT, {
    receive: (how) => {
      seen.push(`${position}: ${how}`);
      ready = Infinity;
    },
    readyNanoseconds: () => ready,
  });
  const readyNanoseconds = ports.readyNanoseconds.bind(ports);
  for (; position < 20; position++) {
    const status = { position, nanoseconds: position, readyNanoseconds, idle: false, wakeNanoseconds: Infinity };
    const event = inputs.nextPosition(status) <= position ? inputs.takeEvent(status) : undefined;
    if (event?.kind === 'input') ports.deliver(event.port, event.payload);
    for (const roll of rolls) if (roll === position) seen.push(`${position}: ${ports.ask(DICE_PORT, { sides })}`);
  }
  return seen;
}

/** Makes a recording in which the dice are shaken once, and each roll shows a higher number than the one before. */
function recordDice(): { seen: string[]; reader: RecordingReader } {
  let eyes = 0;
  const shake = { kind: 'input', port: DICE_PORT.number, payload: DICE_PORT.events.encode('gentle') } as const;
  const live: Inputs = {
    nextPosition: (status) => status.readyNanoseconds(DICE_PORT),
    takeEvent: () => shake,
    answer: () => DICE_PORT.answers.encode(++eyes),
    digestOf: () => 0n,
    blockRequest() {},
    blockCompletion() {},
  };
  const file = new MemoryFile();
  const writer = new RecordingWriter(file, compression);
  writer.writeHeader(HEADER, [KERNEL]);
  const seen = runDice(new Recorder(live, writer));
  writer.close({ position: 20, reason: 'stopAt' });
  return { seen, reader: new RecordingReader(new MemoryFile(file.bytes), compression, undefined, PORTS) };
}

test('the input of a new device is recorded and replayed', () => {
  const { seen, reader } = recordDice();
  assert.deepEqual(seen, ['5: 1', '9: gentle', '12: 2', '12: 3']);
  assert.deepEqual(runDice(new Player(reader)), seen);
});

test('the log entries of a new device are described in the words that its port defines', () => {
  const { reader } = recordDice();
  const entries = [...reader.entriesFrom(0)].filter((entry) => entryName(entry, PORTS).match(/shake|roll/));
  assert.deepEqual(
    entries.map((entry) => describeEntry(entry, PORTS)),
    ['the dice show 1', 'the dice are shaken gentle', 'the dice show 2', 'the dice show 3'],
  );
  assert.deepEqual(entryAsJson(entries[0], PORTS), { kind: 'roll', position: 5, eyes: 1 });
  assert.deepEqual([...entriesNamed(reader, 0, ['shake'])], [entries[1]]);
  assert.deepEqual([...entriesNamed(reader, 6, ['roll', 'clockJump'])], entries.slice(2));
});

test('a divergence at a new device is reported in the words that its port defines', () => {
  const says = (run: Parameters<typeof runDice>[1]) =>
    userErrorOf(() => runDice(new Player(recordDice().reader), run))?.message;
  assert.match(
    says({ rolls: [4] })!,
    /at position 4: expected a roll of 1 at position 5, but a device requested a roll\./,
  );
  assert.match(
    says({ rolls: [] })!,
    /at position 5: expected a roll of 1, but the machine reached position 6 without it/,
  );
  assert.match(says({ sides: 1 })!, /at position 12: expected a roll of 2, but a device requested a roll\./);
});

test('a recording with data for an unknown device is rejected, and the message names the port', () => {
  const bytes = write({ entries: [input(DICE_PORT, 5, 'hard')] }).bytes;
  const error = userErrorOf(() => events(open(bytes)));
  assert.equal(error?.code, 'recording-future-port');
  assert.match(
    error.message,
    /device that this version of blkreplay does not have \(input port 1000, .*or a newer one/,
  );
  // The clock port has no events, so an event on it counts as data for an unknown device.
  const payload = Uint8Array.of(1);
  const event: LogEntry = { kind: 'input', position: 5, port: CLOCK_PORT.number, payload };
  assert.equal(userErrorOf(() => events(open(write({ entries: [event] }).bytes)))?.code, 'recording-future-port');
});

test('a payload that its port cannot decode is reported as damage', () => {
  const port = CLOCK_PORT.number;
  for (const payload of [new Uint8Array(), Uint8Array.of(1, 2), new Uint8Array(9).fill(0xff)]) {
    const error = userErrorOf(() =>
      events(open(write({ entries: [{ kind: 'answer', position: 5, port, payload }] }).bytes)),
    );
    assert.equal(error?.code, 'recording-damaged');
  }
});

test('port numbers and payloads of any size are read back as they were written', () => {
  const all: EventPort<Uint8Array>[] = [0, 1, 6, 7, 8, 127, 2 ** 40].map((number) => ({
    number,
    events: { ...ENTROPY_PORT.answers, kind: `port ${number}` },
  }));
  const payloads = [0, 1, 2, 127, 128, 70_000].map((length) => new Uint8Array(length).fill(7));
  const entries = all.flatMap((port) => payloads.map((payload) => input(port, 3, payload)));
  const reader = new RecordingReader(
    new MemoryFile(write({ entries }).bytes),
    compression,
    undefined,
    new PortTable(all),
  );
  assert.deepEqual(events(reader), entries);
});

test('in format versions 2 to 5, entries have a separate kind for each device; they are read as entries of ports', () => {
  const chunk = new ByteWriter();
  for (const value of [100, 20, (1 << 0) | (1 << 10) | (1 << 11) | (1 << 12)]) chunk.varint(value);
  const piece = Uint8Array.of(9, 8, 7);
  const entry = (code: number, ...values: number[]) => {
    chunk.byte(code);
    for (const value of values) chunk.varint(value);
  };
  entry(1, 0, 0x41);
  entry(11, 5, 1_700_000_000_123);
  entry(12, 5, piece.length);
  chunk.bytes(piece);
  entry(13, 10, 2, 300, piece.length);
  chunk.bytes(piece);
  const start = write({ header: ofVersion(5, HEADER) }).bytes;
  start[8] = 5;
  const { bytes } = encodeChunk(
    { type: CHUNK_TYPE.events, flags: CHUNK_FLAG.critical, payload: chunk.view() },
    lastChunkChecksum(start),
  );
  const reader = open(Buffer.concat([start, bytes]));
  const [key, time, entropy, file] = [
    typed(100, 0x41),
    answer(CLOCK_PORT, 105, 1_700_000_000_123),
    answer(ENTROPY_PORT, 110, piece),
    answer(HOST_FILE_PORT, 120, { error: 2, lengthBytes: 300, bytes: piece }),
  ];
  assert.deepEqual(events(reader), [key, time, entropy, file]);
  assert.deepEqual([...reader.entriesFrom(0, ['input'])], [key]);
  assert.deepEqual([...reader.entriesFrom(106, ['answer'])], [entropy, file]);
  assert.deepEqual([...entriesNamed(reader, 0, ['consoleInput', 'hostFile'])], [key, file]);
});

test('log entries for disk requests and console input have the same size as in format version 5', () => {
  const encoder = new EventsEncoder(() => 0);
  const sizeOf = (...entries: LogEntry[]) => {
    const before = encoder.lengthBytes;
    for (const entry of entries) encoder.add(entry);
    return encoder.lengthBytes - before;
  };
  const request = { id: 0, drive: 'hd0', operation: 'read', offset: 512 * 1000, lengthBytes: 4096 } as const;
  const completion = { id: 0, drive: 'hd0', status: 'ok', digest: 5n } as const;
  assert.equal(sizeOf({ kind: 'blockRequest', ...request, position: 5 }), 1 + 1 + 1 + 2 + 1);
  assert.equal(sizeOf({ kind: 'blockCompletion', ...completion, position: 10_005 }), 1 + 2 + 1 + 8);
  assert.equal(sizeOf(typed(10_006, 65)), 1 + 1 + 1);
});
