/** The recorder passes inputs and disk requests on unchanged, and writes them to the log. */
import assert from 'node:assert/strict';
import test from 'node:test';
import type { Inputs, InputStatus, OutsideEvent } from '../../../debug-adapter/engine/machine/inputs.ts';
import { CLOCK_PORT } from '../../../debug-adapter/engine/machine/ports/clockPort.ts';
import { CONSOLE_PORT } from '../../../debug-adapter/engine/machine/ports/consolePort.ts';
import { ENTROPY_PORT } from '../../../debug-adapter/engine/machine/ports/entropyPort.ts';
import { ByteWriter } from '../../../debug-adapter/engine/base/bytes.ts';
import { ConsoleInput } from '../../../debug-adapter/engine/recording/inputs/consoleInput.ts';
import { LiveInputs } from '../../../debug-adapter/engine/recording/inputs/liveInputs.ts';
import { RealtimeIdle } from '../../../debug-adapter/engine/recording/inputs/realtimeIdle.ts';
import { Player } from '../../../debug-adapter/engine/recording/player.ts';
import { Recorder } from '../../../debug-adapter/engine/recording/recorder.ts';
import { RecordingWriter } from '../../../debug-adapter/engine/recording/recordingWriter.ts';
import { compression, events, HEADER, KERNEL, MemoryFile, open, typed } from './support.ts';

function at(position: number, status: Partial<InputStatus> = {}): InputStatus {
  return {
    position,
    nanoseconds: position,
    readyNanoseconds: () => 0,
    idle: false,
    wakeNanoseconds: Infinity,
    ...status,
  };
}

const BYTE_TYPED: OutsideEvent = { kind: 'input', port: CONSOLE_PORT.number, payload: Uint8Array.of(66) };

function recorder(live: Inputs) {
  const file = new MemoryFile();
  const writer = new RecordingWriter(file, compression);
  writer.writeHeader(HEADER, [KERNEL]);
  return { file, writer, recorder: new Recorder(live, writer) };
}

test('a recorder passes on all events and requests, and logs them', () => {
  const received: unknown[] = [];
  const live: Inputs = {
    nextPosition: () => 7,
    takeEvent: (status) => (status.position === 7 ? BYTE_TYPED : undefined),
    answer: (position, port, query) => Uint8Array.of(position, port.number, Number(query)),
    digestOf: () => 0n,
    blockRequest: (request) => received.push(request),
    blockCompletion: (completion) => received.push(completion),
  };
  const { file, writer, recorder: recording } = recorder(live);
  const request = { id: 0, drive: 'hd0', operation: 'write', offset: 0, lengthBytes: 512, position: 8 } as const;
  const completion = { id: 0, drive: 'hd0', status: 'ok', digest: 5n, position: 9 } as const;
  assert.equal(recording.nextPosition(at(0)), 7);
  assert.equal(recording.takeEvent(at(3)), undefined);
  assert.equal(recording.takeEvent(at(7)), BYTE_TYPED);
  assert.deepEqual(recording.answer(7, ENTROPY_PORT, 5), Uint8Array.of(7, 3, 5));
  recording.blockRequest(request);
  recording.blockCompletion(completion);
  recording.recordSnapshot(10, 'auto-10');
  recording.digest(10, [{ name: 'RAM', value: 3n }]);
  writer.close({ position: 11, reason: 'stopAt' });
  assert.deepEqual(received, [request, completion]);
  assert.deepEqual(events(open(file.bytes)), [
    typed(7, 66),
    { kind: 'answer', position: 7, port: 3, payload: Uint8Array.of(7, 3, 5) },
    { kind: 'blockRequest', ...request },
    { kind: 'blockCompletion', ...completion },
    { kind: 'snapshot', position: 10, name: 'auto-10' },
    { kind: 'digest', position: 10, parts: [{ name: 'RAM', value: 3n }] },
    { kind: 'end', position: 11, reason: 'stopAt' },
  ]);
});

test("at the first position after a guest's flush completes, the recording is made durable up to that position", () => {
  const { file, recorder: recording } = recorder(new LiveInputs([]));
  recording.blockRequest({ id: 0, drive: 'hd0', operation: 'flush', offset: 0, lengthBytes: 0, position: 5 });
  recording.nextPosition(at(6));
  assert.equal(file.syncedLengths.length, 1, 'not durable before the flush completes');
  recording.blockCompletion({ id: 0, drive: 'hd0', status: 'ok', digest: 0n, position: 9 });
  recording.nextPosition(at(10));
  assert.equal(file.syncedLengths.at(-1), file.bytes.length);
  assert.equal(open(file.bytes).lastPosition, 10);
  recording.nextPosition(at(11));
  assert.equal(file.syncedLengths.length, 2);
});

/**
 * Runs a minimal machine to test input sources. The machine has a timer, and a console that takes a given time per
 * character. Returns every event with its position and virtual time.
 */
function runConsoleMachine(inputs: Inputs, { steps = 2000, byteTime = 300, busy = 100, tick = 1000 } = {}) {
  const log: (OutsideEvent & { position: number; nanoseconds: number })[] = [];
  let [position, nanoseconds, ready] = [0, 0, 0];
  while (position < steps) {
    // The machine is busy in the first part of each tick, and then waits for the next tick.
    const idle = nanoseconds % tick >= busy;
    const wake = (Math.floor(nanoseconds / tick) + 1) * tick;
    const status = { position, nanoseconds, readyNanoseconds: () => ready, idle, wakeNanoseconds: wake };
    const event = idle || inputs.nextPosition(status) <= position ? inputs.takeEvent(status) : undefined;
    if (event) {
      log.push({ ...event, position, nanoseconds });
      if (event.kind === 'clockJump') nanoseconds += event.nanoseconds;
      else ready = nanoseconds + byteTime;
    } else nanoseconds = idle ? wake : nanoseconds + 1;
    position++;
  }
  return { log, position };
}

test('console input arrives as soon as the UART accepts it, and advances the clock of an idle machine', () => {
  const { log } = runConsoleMachine(new LiveInputs([new ConsoleInput(Buffer.from('abcde'))]));
  const bytes = log.flatMap((event) => (event.kind === 'input' ? [event] : []));
  assert.equal(Buffer.from(bytes.map((event) => CONSOLE_PORT.events.decode(event.payload))).toString(), 'abcde');
  // The bytes arrive one character time apart. The fourth wait ends in the next tick; the machine is busy in the first
  // 100 ns of each tick.
  assert.deepEqual(
    bytes.map((event) => event.nanoseconds),
    [0, 300, 600, 900, 1200],
  );
  const jumps = log.filter((event) => event.kind === 'clockJump');
  assert.ok(
    jumps.length > 0 && jumps.every((event) => event.nanoseconds % 1000 >= 100),
    'the clock jumps only while idle',
  );
});

test('console input waits until the guest reads the console', () => {
  const source = new ConsoleInput(Buffer.from('a'));
  const notListening = { readyNanoseconds: () => Infinity };
  assert.equal(source.nextPosition(at(5, notListening)), Infinity);
  assert.equal(source.take(at(5, { ...notListening, idle: true })), undefined);
  assert.equal(source.nextPosition(at(5, { readyNanoseconds: () => 15 })), 15);
  assert.equal(source.take(at(5, { idle: true, readyNanoseconds: () => 15, wakeNanoseconds: 15 })), undefined);
  assert.deepEqual(source.take(at(15, { readyNanoseconds: () => 15 })), {
    ...BYTE_TYPED,
    payload: Uint8Array.of(97),
  });
  assert.equal(source.nextPosition(at(16)), Infinity);
});

test('replaying a recording delivers the same events as were recorded', () => {
  const {
    file,
    writer,
    recorder: recording,
  } = recorder(new LiveInputs([new ConsoleInput(Buffer.from('hello, world\n'))]));
  const recorded = runConsoleMachine(recording);
  writer.close({ position: recorded.position, reason: 'stopAt' });
  const replayed = runConsoleMachine(new Player(open(file.bytes)));
  assert.deepEqual(replayed.log, recorded.log);
});

test('pending output is printed before an idle machine sleeps', () => {
  let shown = 0;
  const clock = { sleepUntil: (nanoseconds: number, beforeSleep: () => void) => (beforeSleep(), nanoseconds) };
  const idle = new RealtimeIdle(clock, { waitsForKeys: true, beforeSleep: () => shown++ });
  idle.take(at(5, { wakeNanoseconds: 1000 }));
  assert.equal(shown, 0, 'the machine runs');
  idle.take(at(5, { idle: true, wakeNanoseconds: 1000 }));
  idle.take(at(5, { idle: true, readyNanoseconds: () => 5 }));
  assert.equal(shown, 2);
});

test("if a machine's idle time passes in real time, only waits that ended early are recorded", () => {
  const asked: number[] = [];
  let slept: number[] = [];
  const idle = new RealtimeIdle({
    sleepUntil: (nanoseconds) => {
      asked.push(nanoseconds);
      return slept.shift() ?? nanoseconds;
    },
  });
  const waiting = { idle: true, wakeNanoseconds: 1000 };
  assert.equal(idle.take(at(5, { wakeNanoseconds: 1000 })), undefined);
  assert.equal(idle.take(at(5, { idle: true })), undefined);
  assert.deepEqual(asked, [], 'no sleep while running, and none without an end');
  assert.equal(idle.take(at(5, waiting)), undefined);
  slept = [400, 0, 2000];
  assert.deepEqual(idle.take(at(6, waiting)), { kind: 'clockJump', nanoseconds: 400 });
  assert.deepEqual(idle.take(at(6, waiting)), { kind: 'clockJump', nanoseconds: 1 });
  assert.equal(idle.take(at(6, waiting)), undefined);
  assert.deepEqual(asked, [995, 994, 994, 994]);
  assert.equal(idle.nextPosition(), Infinity);
});

test("if the host's clock is set to a time before 1970, the guest reads the start of 1970, which a recording can store", () => {
  const live = new LiveInputs([], { dateMilliseconds: () => -1234.5, entropy: () => new Uint8Array(0) });
  assert.equal(CLOCK_PORT.answers.decode(live.answer(0, CLOCK_PORT, undefined)), 0);
  assert.throws(() => new ByteWriter().varint(-1), /exact integer/);
  assert.throws(() => new ByteWriter().varint(2 ** 53), /exact integer/);
});
