/** Values typed for disk and console breakpoints are checked, and each configuration has its own breakpoint list. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EventBreakpoint } from '../../debug-adapter/dap/customProtocol.ts';
import { EventBreakpointLists, type SetResponse } from '../../extension/commands/eventBreakpointLists.ts';
import {
  breakpointLabel,
  consoleTextProblem,
  diskBreakpoint,
  sectorsProblem,
} from '../../extension/commands/eventBreakpointText.ts';

test('the user can enter one sector, an inclusive range, or nothing for the whole disk', () => {
  const sectorsOf = (sectors: string) => diskBreakpoint({ drive: 'hd0', requests: ['write'], sectors }).sectors;
  assert.deepEqual(sectorsOf('8'), { first: 8, count: 1 });
  assert.deepEqual(sectorsOf(' 8 - 15 '), { first: 8, count: 8 });
  assert.equal(sectorsOf(''), undefined);
  for (const valid of ['', ' ', '0', '8-8', '8-8191']) assert.equal(sectorsProblem(valid, 8191), undefined, valid);
});

test('sectors that are malformed, reversed or outside the disk are refused', () => {
  for (const text of ['x', '-1', '8-', '15-8', '8-15-20', '0x8', '1.5']) {
    assert.match(sectorsProblem(text, 8191)!, /^Enter a sector such as/, text);
  }
  assert.equal(sectorsProblem('8000-8192', 8191), 'Enter sectors from 0 to 8191.');
  assert.notEqual(sectorsProblem('99999999999999999999'), undefined, 'even if the size of the disk is not known');
});

test('a disk breakpoint on a range of sectors does not apply to flushes, which have no sectors', () => {
  const requestsOn = (sectors: string) =>
    diskBreakpoint({ drive: undefined, requests: ['write', 'flush'], sectors }).requests;
  assert.deepEqual(requestsOn(''), ['write', 'flush']);
  assert.deepEqual(requestsOn('8'), ['write']);
});

test('the text of a console breakpoint must have 1 to 256 bytes in UTF-8', () => {
  assert.equal(consoleTextProblem('x'.repeat(256)), undefined);
  assert.equal(consoleTextProblem('x'.repeat(257)), 'Enter at most 256 bytes.');
  assert.equal(consoleTextProblem('é'.repeat(129)), 'Enter at most 256 bytes.');
  assert.equal(consoleTextProblem(''), 'Enter the text to wait for.');
});

const WRITES: EventBreakpoint = { kind: 'disk', drive: 'hd0', requests: ['write'], sectors: { first: 8, count: 8 } };
const PANIC: EventBreakpoint = { kind: 'console', text: 'panic:\u001b' };

test('a breakpoint is described in one line', () => {
  assert.equal(breakpointLabel(WRITES), 'hd0: write, sectors 8-15');
  assert.equal(
    breakpointLabel({ kind: 'disk', sectors: { first: 2, count: 1 } }),
    'Every drive: read, write, flush, sector 2',
  );
  assert.equal(breakpointLabel(PANIC), 'Console: "panic:\\u001b"', 'control characters are escaped');
});

/** Creates breakpoint lists, records their requests in `sent`, and answers the requests with `respond`. */
function recordedLists(
  respond: (breakpoints: EventBreakpoint[]) => SetResponse,
  stored = new Map<string, readonly EventBreakpoint[]>(),
) {
  const sent: [string, EventBreakpoint[]][] = [];
  const lists = new EventBreakpointLists<Session>({
    storage: { get: (key) => stored.get(key), set: (key, breakpoints) => void stored.set(key, breakpoints) },
    keyOf: ({ configuration }) => configuration,
    send: ({ id }, breakpoints) => {
      sent.push([id, breakpoints]);
      return Promise.resolve(respond(breakpoints));
    },
  });
  return { lists, sent };
}

interface Session {
  id: string;
  configuration: string;
}

const accepted = (breakpoints: EventBreakpoint[]) => ({ breakpoints: breakpoints.map(() => ({ verified: true })) });
const FIRST: Session = { id: 'first', configuration: 'Record' };
const SECOND: Session = { id: 'second', configuration: 'Replay' };

test('each change sends the whole breakpoint list of the session', async () => {
  const { lists, sent } = recordedLists(accepted);
  await lists.add(FIRST, WRITES);
  await lists.add(SECOND, PANIC);
  await lists.add(FIRST, PANIC);
  await lists.remove(FIRST, [WRITES]);
  assert.deepEqual(sent, [
    ['first', [WRITES]],
    ['second', [PANIC]],
    ['first', [WRITES, PANIC]],
    ['first', [PANIC]],
  ]);
  assert.deepEqual([lists.of(FIRST), lists.of(SECOND)], [[PANIC], [PANIC]]);
});

test('after a restart, and in the next session of the same configuration, the breakpoints are set again', async () => {
  const stored = new Map<string, readonly EventBreakpoint[]>();
  const before = recordedLists(accepted, stored);
  await before.lists.add(FIRST, WRITES);
  await before.lists.add(FIRST, PANIC);
  const { lists, sent } = recordedLists(accepted, stored);
  const next: Session = { id: 'next', configuration: FIRST.configuration };
  assert.equal(await lists.restore(next), 2);
  assert.equal(await lists.restore(SECOND), 0);
  assert.deepEqual(sent, [['next', [WRITES, PANIC]]], 'another configuration has no breakpoints');
  await lists.remove(next, [WRITES]);
  assert.deepEqual(stored.get(FIRST.configuration), [PANIC]);
});

test('a breakpoint on a drive that a session does not have is kept for later sessions', async () => {
  const refusing = recordedLists(
    (breakpoints) => ({ breakpoints: breakpoints.map(({ kind }) => ({ verified: kind !== 'disk' })) }),
    new Map([[FIRST.configuration, [WRITES, PANIC]]]),
  );
  assert.equal(await refusing.lists.restore(FIRST), 1);
  assert.deepEqual(refusing.lists.of(FIRST), [WRITES, PANIC]);
});

test('a breakpoint that the adapter refuses is not added to the list, and the reason is returned', async () => {
  const { lists, sent } = recordedLists((breakpoints) => ({
    breakpoints: breakpoints.map(({ kind }) => ({ verified: kind === 'disk', message: 'No console.' })),
  }));
  assert.deepEqual(await lists.add(FIRST, WRITES), { kind: 'added' });
  assert.deepEqual(await lists.add(FIRST, PANIC), { kind: 'refused', message: 'No console.' });
  assert.deepEqual(lists.of(FIRST), [WRITES]);
  await lists.add(FIRST, WRITES);
  assert.deepEqual(sent.at(-1), ['first', [WRITES, WRITES]], 'the refused one is not sent again');
});

test('a breakpoint list stays the same if the request fails', async () => {
  let response: typeof accepted | (() => undefined) = accepted;
  const { lists } = recordedLists((breakpoints) => response(breakpoints));
  await lists.add(FIRST, WRITES);
  response = () => undefined;
  assert.deepEqual(await lists.add(FIRST, PANIC), { kind: 'refused', message: undefined });
  await lists.remove(FIRST, [WRITES]);
  assert.deepEqual(lists.of(FIRST), [WRITES]);
});
