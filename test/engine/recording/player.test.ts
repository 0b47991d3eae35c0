/** A replay delivers every recorded event at its position, and reports the first divergence. */
import assert from 'node:assert/strict';
import test from 'node:test';
import type { BlockCompletion, BlockRequest } from '../../../debug-adapter/engine/block/blockRequest.ts';
import type { InputStatus } from '../../../debug-adapter/engine/machine/inputs.ts';
import { CLOCK_PORT } from '../../../debug-adapter/engine/machine/ports/clockPort.ts';
import { CONSOLE_PORT } from '../../../debug-adapter/engine/machine/ports/consolePort.ts';
import { ENTROPY_PORT } from '../../../debug-adapter/engine/machine/ports/entropyPort.ts';
import { HOST_FILE_PORT, type HostFileQuery } from '../../../debug-adapter/engine/machine/ports/hostFilePort.ts';
import type { QueryPort } from '../../../debug-adapter/engine/machine/ports/inputPort.ts';
import type { EndEntry, LogEntry } from '../../../debug-adapter/engine/recording/logEntry.ts';
import { Player } from '../../../debug-adapter/engine/recording/player.ts';
import { answer, open, typed, userErrorOf, write } from './support.ts';

const REQUEST: BlockRequest = {
  id: 0,
  drive: 'hd0',
  operation: 'read',
  offset: 6144,
  lengthBytes: 1024,
  position: 100,
};
const COMPLETION: BlockCompletion = { id: 0, drive: 'hd0', status: 'ok', digest: 0xabcn, position: 200 };
const SECOND: BlockRequest = { id: 1, drive: 'hd0', operation: 'write', offset: 512, lengthBytes: 512, position: 300 };
const SECOND_DONE: BlockCompletion = { id: 1, drive: 'hd0', status: 'ok', digest: 0x123n, position: 400 };
const PARTS = [
  { name: 'RAM', value: 1n },
  { name: 'hart0', value: 2n },
  { name: 'virtio0', value: 3n },
  { name: 'drive hd0', value: 4n },
];

const LOG: LogEntry[] = [
  typed(50, 65),
  { kind: 'blockRequest', ...REQUEST },
  { kind: 'digest', position: 150, parts: PARTS },
  { kind: 'blockCompletion', ...COMPLETION },
  { kind: 'clockJump', position: 250, nanoseconds: 900 },
  { kind: 'blockRequest', ...SECOND },
  { kind: 'snapshot', position: 350, name: 'auto-350' },
  { kind: 'digest', position: 350, parts: PARTS },
  { kind: 'blockCompletion', ...SECOND_DONE },
];
const END = { position: 1000, reason: 'powerOff', guestExit: 0 };

function player(entries = LOG, end: Omit<EndEntry, 'kind'> | null = END): Player {
  return new Player(open(write({ entries, end: end ?? undefined }).bytes, 'boot.rr'));
}

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

/** Calls the player as the machine in the recording would, up to but not including `position`. */
function playTo(position: number): Player {
  const played = player();
  if (position > 50) played.takeEvent(at(50));
  if (position > 100) played.blockRequest(REQUEST);
  if (position > 200) played.blockCompletion(COMPLETION);
  if (position > 250) played.takeEvent(at(250, { idle: true }));
  if (position > 300) played.blockRequest(SECOND);
  if (position > 400) played.blockCompletion(SECOND_DONE);
  return played;
}

test('a machine that repeats the recorded execution gets every event at the recorded position, and no divergence is reported', () => {
  const played = player();
  assert.equal(played.lastPosition, 1000);
  assert.deepEqual(played.end, { kind: 'end', ...END });
  assert.equal(played.nextPosition(at(0)), 50);
  assert.equal(played.takeEvent(at(20)), undefined);
  assert.deepEqual(played.takeEvent(at(50)), { kind: 'input', port: CONSOLE_PORT.number, payload: Uint8Array.of(65) });
  assert.equal(played.nextPosition(at(51)), 250);
  played.blockRequest(REQUEST);
  assert.equal(played.nextDigestPosition, 150);
  assert.equal(played.checkDigest(149, []), false);
  assert.equal(played.checkDigest(150, PARTS), true);
  assert.equal(played.nextDigestPosition, 350);
  played.blockCompletion(COMPLETION);
  assert.equal(played.takeEvent(at(240, { idle: true, wakeNanoseconds: 260 })), undefined);
  assert.deepEqual(played.takeEvent(at(250, { idle: true })), { kind: 'clockJump', nanoseconds: 900 });
  assert.equal(played.nextPosition(at(251)), Infinity);
  played.blockRequest(SECOND);
  assert.equal(played.checkDigest(350, PARTS), true);
  assert.equal(played.nextDigestPosition, Infinity);
  played.blockCompletion(SECOND_DONE);
  played.checkEnd(END);
});

const ANSWERS: LogEntry[] = [
  answer(CLOCK_PORT, 60, 1_700_000_000_123),
  answer(ENTROPY_PORT, 70, Uint8Array.of(1, 2, 3)),
  answer(ENTROPY_PORT, 80, Uint8Array.of(4)),
  answer(HOST_FILE_PORT, 85, { error: 0, lengthBytes: 9, bytes: new Uint8Array() }),
  answer(HOST_FILE_PORT, 85, { error: 0, lengthBytes: 0, bytes: Uint8Array.of(7, 8) }),
];
const FILE = { kind: 'length', name: 'a' } as const;
const PIECE = { kind: 'bytes', name: 'a', offset: 0, lengthBytes: 2 } as const;

const hostTime = (p: Player, position: number) => ask(p, position, CLOCK_PORT, undefined);
const entropy = (p: Player, position: number, lengthBytes: number) => ask(p, position, ENTROPY_PORT, lengthBytes);
const hostFile = (p: Player, position: number, query: HostFileQuery) => ask(p, position, HOST_FILE_PORT, query);

function ask<Query, Answer>(p: Player, position: number, port: QueryPort<Query, Answer>, query: Query): Answer {
  return port.answers.decode(p.answer(position, port, query));
}

test('devices get the recorded answers to their host requests, even after a seek', () => {
  const played = player(ANSWERS);
  assert.equal(played.nextPosition(at(0)), Infinity, 'answers are part of the steps that ask');
  assert.equal(hostTime(played, 60), 1_700_000_000_123);
  assert.deepEqual(entropy(played, 70, 3), Uint8Array.of(1, 2, 3));
  assert.deepEqual(entropy(played, 80, 1), Uint8Array.of(4));
  assert.equal(hostFile(played, 85, FILE).lengthBytes, 9);
  assert.deepEqual(hostFile(played, 85, PIECE).bytes, Uint8Array.of(7, 8));
  played.seek(70);
  assert.deepEqual(entropy(played, 70, 3), Uint8Array.of(1, 2, 3));
});

for (const [what, asks, says] of [
  [
    'at a different position',
    (p: Player) => hostTime(p, 61),
    /position 60: expected a device request for the time, but a/,
  ],
  ['for something else', (p: Player) => entropy(p, 60, 1), /at position 60: .* but a device requested entropy/],
  [
    'for a different length',
    (p: Player) => [hostTime(p, 60), entropy(p, 70, 2)],
    /at position 70: expected .* 3 bytes of/,
  ],
  [
    'for less of a file than was recorded',
    (p: Player) => {
      p.seek(85);
      hostFile(p, 85, FILE);
      hostFile(p, 85, { ...PIECE, lengthBytes: 1 });
    },
    /at position 85: expected a device request for access to a file or the console, but a device requested access to a file/,
  ],
  [
    'not at all',
    (p: Player) => p.nextPosition(at(61)),
    /at position 60: .* but the machine reached position 61 without/,
  ],
  [
    'once more',
    (p: Player) => [p.seek(85), hostFile(p, 85, FILE), hostFile(p, 85, PIECE), hostTime(p, 90)],
    /at position 90: expected no more requests to the host, but a device requested the time/,
  ],
] as const) {
  test(`a divergence is reported if a device makes its host requests ${what}`, () => {
    const error = userErrorOf(() => asks(player(ANSWERS)));
    assert.equal(error?.code, 'divergence-input');
    assert.match(error.message, says);
  });
}

test('the player can seek to any position', () => {
  const played = player();
  played.seek(350);
  assert.equal(played.nextDigestPosition, 350);
  assert.equal(played.checkDigest(350, PARTS), true);
  played.blockCompletion(SECOND_DONE);
  played.seek(40);
  assert.equal(played.nextPosition(at(40)), 50);
  played.takeEvent(at(50));
  played.blockRequest(REQUEST);
});

test('after a seek to a position at which a request is in flight, request ids continue from the restored ones', () => {
  const played = player();
  played.seek(100, { hd0: 0 });
  played.blockRequest(REQUEST);
  played.seek(100, { hd0: 1 });
  played.blockCompletion(COMPLETION);
});

test('a replay of a truncated recording ends where the recording was cut, and the error message says so', () => {
  const played = player(LOG.slice(0, 2), null);
  assert.equal(played.lastPosition, 100);
  assert.equal(played.end, undefined);
  played.takeEvent(at(50));
  played.blockRequest(REQUEST);
  const error = userErrorOf(() => played.blockCompletion(COMPLETION));
  assert.equal(error?.code, 'recording-ends-here');
  assert.match(error.message, /^boot\.rr was not closed properly and ends at position 100, but request 0/);
});

const DIVERGENCES: {
  title: string;
  position: number;
  does: (played: Player) => unknown;
  code: string;
  says: RegExp;
}[] = [
  {
    title: 'a request for a different sector',
    position: 100,
    does: (played) => played.blockRequest({ ...REQUEST, offset: 512 }),
    code: 'divergence-request',
    says: /boot\.rr at position 100: expected a read of 1024 bytes at sector 12 of drive hd0 \(request 0\), but the guest made a read of 1024 bytes at sector 1 /,
  },
  {
    title: 'another operation',
    position: 100,
    does: (played) => played.blockRequest({ ...REQUEST, operation: 'discard' }),
    code: 'divergence-request',
    says: /expected a read .* but the guest made a discard/,
  },
  {
    title: 'a different length',
    position: 100,
    does: (played) => played.blockRequest({ ...REQUEST, lengthBytes: 512 }),
    code: 'divergence-request',
    says: /expected a read of 1024 bytes .* a read of 512 bytes/,
  },
  {
    title: 'another drive',
    position: 100,
    does: (played) => played.blockRequest({ ...REQUEST, drive: 'hd1' }),
    code: 'divergence-request',
    says: /of drive hd0 .* of drive hd1/,
  },
  {
    title: 'a different request id',
    position: 100,
    does: (played) => played.blockRequest({ ...REQUEST, id: 7 }),
    code: 'divergence-request',
    says: /\(request 0\), .* \(request 7\)/,
  },
  {
    title: 'a request too early',
    position: 100,
    does: (played) => played.blockRequest({ ...REQUEST, position: 90 }),
    code: 'divergence-request',
    says: /at position 90: expected .*\(request 0\) at position 100, but the guest made [^.]*\(request 0\)\./,
  },
  {
    title: 'a request too late',
    position: 100,
    does: (played) => played.blockRequest({ ...REQUEST, position: 110 }),
    code: 'divergence-request',
    says: /at position 100: expected [^.]*\(request 0\), but [^.]* at position 110\./,
  },
  {
    title: 'a request instead of a completion',
    position: 200,
    does: (played) => played.blockRequest({ ...SECOND, position: 200 }),
    code: 'divergence-request',
    says: /expected the completion of request 0 of drive hd0 with status ok .* but the guest made a write/,
  },
  {
    title: 'a completion instead of a request',
    position: 300,
    does: (played) => played.blockCompletion({ ...SECOND_DONE, position: 300 }),
    code: 'divergence-completion',
    says: /expected a write .* but request 1 of drive hd0 completed/,
  },
  {
    title: 'a request after the last one',
    position: 500,
    does: (played) => played.blockRequest({ ...SECOND, id: 2, position: 500 }),
    code: 'divergence-request',
    says: /position 500: expected no more disk requests/,
  },
  {
    title: 'a missing request',
    position: 100,
    does: (played) => played.nextPosition(at(101)),
    code: 'divergence-request',
    says: /position 100: expected a read .* but the machine reached position 101 without it/,
  },
  {
    title: 'a missing completion',
    position: 200,
    does: (played) => played.checkDigest(350, PARTS),
    code: 'divergence-completion',
    says: /position 200: .* without it/,
  },
  {
    title: 'different data read',
    position: 200,
    does: (played) => played.blockCompletion({ ...COMPLETION, digest: 1n }),
    code: 'divergence-completion',
    says: /data digest 0000000000000abc, but .*data digest 0000000000000001\. The guest read different data from drive hd0 at sector 12: disk\.img or its overlay hd0\.qcow2 has changed/,
  },
  {
    title: 'different data written',
    position: 400,
    does: (played) => played.blockCompletion({ ...SECOND_DONE, digest: 1n }),
    code: 'divergence-completion',
    says: /The guest wrote different data to drive hd0 at sector 1/,
  },
  {
    title: 'another result',
    position: 200,
    does: (played) => played.blockCompletion({ ...COMPLETION, status: 'ioError', digest: 0n }),
    code: 'divergence-completion',
    says: /with status ok .* completed with status ioError .*Drive hd0 completed the request with a different status/,
  },
  {
    title: 'a key that the UART does not take',
    position: 50,
    does: (played) => played.takeEvent(at(51)),
    code: 'divergence-input',
    says: /position 50: expected console input \(byte 0x41\), but the machine reached position 51 without it/,
  },
  {
    title: 'a clock jump while the machine runs',
    position: 250,
    does: (played) => played.takeEvent(at(250)),
    code: 'divergence-input',
    says: /position 250: expected a clock jump of 900 ns .* but the machine is not waiting/,
  },
  {
    title: 'a different end',
    position: 500,
    does: (played) => played.checkEnd({ ...END, reason: 'failure', guestExit: 3 }),
    code: 'divergence-end',
    says: /expected the machine to end with "powerOff" and guest exit code 0, but the machine ended with "failure" and guest exit code 3/,
  },
  {
    title: 'an end too early',
    position: 500,
    does: (played) => played.checkEnd({ ...END, position: 900 }),
    code: 'divergence-end',
    says: /position 900: expected execution to continue to position 1000/,
  },
  {
    title: 'an end too late',
    position: 500,
    does: (played) => played.checkEnd({ ...END, position: 1001 }),
    code: 'divergence-end',
    says: /expected the machine to end with "powerOff" and guest exit code 0 at position 1000/,
  },
];

for (const { title, position, does, code, says } of DIVERGENCES) {
  test(`divergence: ${title}`, () => {
    const played = playTo(position);
    const error = userErrorOf(() => does(played));
    assert.equal(error?.kind, 'divergence');
    assert.equal(error?.code, code);
    assert.match(error.message, says);
  });
}

for (const [name, says] of [
  [
    'RAM',
    /position 150: expected digest 0000000000000001 of RAM, but it is 0000000000000063\. The machine did not repeat/,
  ],
  ['hart0', /of hart0, but it is 0000000000000063\./],
  ['virtio0', /of virtio0/],
  ['drive hd0', /of drive hd0, .*\. The content of drive hd0 differs: disk\.img or its overlay hd0\.qcow2 has changed/],
] as const) {
  test(`divergence: the digest of ${name} differs`, () => {
    const parts = PARTS.map((part) => (part.name === name ? { name, value: 0x63n } : part));
    const error = userErrorOf(() => playTo(150).checkDigest(150, parts));
    assert.equal(error?.code, 'divergence-digest');
    assert.match(error.message, says);
  });
}

test('divergence: several parts of the digest differ, or a part is missing or unexpected', () => {
  const says = (parts: typeof PARTS) => userErrorOf(() => playTo(150).checkDigest(150, parts))!.message;
  assert.match(
    says(PARTS.map(({ name }) => ({ name, value: 9n }))),
    /of RAM, .* \(also different: hart0, virtio0, drive hd0\)/,
  );
  assert.match(says(PARTS.slice(0, 3)), /digest 0000000000000004 of drive hd0, but it is none/);
  assert.match(says([...PARTS, { name: 'uart0', value: 5n }]), /digest none of uart0, but it is 0000000000000005/);
});
