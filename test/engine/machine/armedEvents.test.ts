/** Disk and console points stop right after the step that makes a request or completes a match, and report each hit. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { BlockRequest } from '../../../debug-adapter/engine/block/blockRequest.ts';
import { BlkreplayFilter, NULL_REQUEST_LOG } from '../../../debug-adapter/engine/block/blkreplay.ts';
import { RawImage } from '../../../debug-adapter/engine/block/raw.ts';
import { bootElf } from '../../../debug-adapter/engine/machine/boot/bootElf.ts';
import type { StepHit, StopPoints } from '../../../debug-adapter/engine/target/stopPoints.ts';
import { guest } from '../../support/guests.ts';
import { MemoryFile } from '../../support/memoryFile.ts';
import { a, type Item } from './cpu/assembler.ts';
import { type BareMachine, bareMachine, digestOf, machineWith } from './cpu/bareMachine.ts';

interface Observed {
  machine: BareMachine;
  requests: BlockRequest[];
  bytes: { byte: number; position: number }[];
}

const END = 6_000_000;
/** The minimum length of the output up to END. */
const OUTPUT_BYTES = 145;

/** A machine that runs the demo guest, and the guest's disk requests and output so far. */
function demo(): Observed {
  const requests: BlockRequest[] = [];
  const disk = new MemoryFile('disk.img', new Uint8Array(4 << 20));
  const log = { ...NULL_REQUEST_LOG, blockRequest: (request: BlockRequest) => void requests.push(request) };
  const drive = new BlkreplayFilter({ id: 'hd0', device: new RawImage(disk, { writable: true }), log });
  const bytes: Observed['bytes'] = [];
  const onConsoleByte = (byte: number, position: number): void => void bytes.push({ byte, position });
  const machine = bareMachine({ memoryBytes: 32 << 20, drives: [drive], onConsoleByte });
  bootElf(machine, { kernel: { name: 'demo', bytes: readFileSync(guest('demo/demo')) } });
  return { machine, requests, bytes };
}

const NONE: StopPoints = { breakpoints: new Set(), watchpoints: [] };

/** Returns all hits up to a position, and checks that each stop is one step after the position of its hits. */
function hitsOf(machine: BareMachine, points: Partial<StopPoints>, until = END): StepHit[] {
  machine.setStopPoints({ ...NONE, ...points });
  const found: StepHit[] = [];
  for (let stop = machine.run(until); stop.kind === 'hit'; stop = machine.run(until)) {
    for (const hit of stop.hits) assert.equal(hit.position, machine.position - 1);
    found.push(...stop.hits);
  }
  return found;
}

const sectorsOf = ({ offset, lengthBytes }: BlockRequest) => ({ first: offset / 512, count: lengthBytes / 512 });

test('a disk point stops after the step that makes a request, and reports each request once', () => {
  const plain = demo();
  plain.machine.run(END);
  const { requests } = plain;
  assert.ok(requests.length > 20);
  const [some] = requests.filter(({ operation }) => operation === 'write').slice(5);
  const range = sectorsOf(some);
  for (const [name, point, matches] of [
    ['every request', { requests: ['read', 'write', 'flush'] }, () => true],
    ['only writes', { requests: ['write'], drive: 'hd0' }, ({ operation }) => operation === 'write'],
    ['only flushes', { requests: ['flush'] }, ({ operation }) => operation === 'flush'],
    ['another drive', { requests: ['read', 'write', 'flush'], drive: 'hd1' }, () => false],
    [
      'one sector',
      { requests: ['read', 'write', 'flush'], sectors: { first: range.first, count: 1 } },
      ({ operation, offset, lengthBytes }) =>
        operation !== 'flush' && offset <= some.offset && offset + lengthBytes > some.offset,
    ],
  ] as [string, object, (request: BlockRequest) => boolean][]) {
    const watched = demo();
    const hits = hitsOf(watched.machine, { disks: [{ id: 4, ...point } as never] });
    assert.deepEqual(
      hits,
      requests.filter(matches).map((request) => ({
        kind: 'disk',
        id: 4,
        position: request.position,
        request: {
          drive: 'hd0',
          kind: request.operation,
          firstSector: request.offset / 512,
          sectors: request.lengthBytes / 512,
        },
      })),
      name,
    );
    assert.equal(digestOf(watched.machine), digestOf(plain.machine), `${name}: the guest is not affected`);
  }
});

function outputOf({ bytes }: Observed): string {
  assert.ok(bytes.length >= OUTPUT_BYTES, `${bytes.length} bytes of output`);
  return Buffer.from(bytes.map(({ byte }) => byte)).toString('latin1');
}

const text = (string: string): Uint8Array => Buffer.from(string, 'latin1');

test('a console point stops after the step that prints the last byte of the text', () => {
  const plain = demo();
  plain.machine.run(END);
  const output = outputOf(plain);
  for (const part of [output.slice(100, 103), output.slice(20, 140), 'e', output.slice(0, 20), 'never printed']) {
    const expected: number[] = [];
    for (let at = output.indexOf(part); at >= 0; at = output.indexOf(part, at + 1)) expected.push(at + part.length - 1);
    const hits = hitsOf(demo().machine, { consoles: [{ id: 9, text: text(part) }] });
    assert.deepEqual(
      hits,
      expected.map((index) => ({ kind: 'console', id: 9, position: plain.bytes[index].position })),
      part,
    );
  }
});

test('text that was partly printed before a state was saved is found by a machine that continues from that state', () => {
  const plain = demo();
  plain.machine.run(END);
  const output = outputOf(plain);
  const part = output.slice(100, 130);
  const last = plain.bytes[129].position;
  const first = demo().machine;
  first.run(plain.bytes[118].position);
  const second = demo().machine;
  second.run(plain.bytes[140].position);
  second.loadState(first.saveState());
  for (let page = 0; page < first.ram.pageCount; page++) second.ram.restorePage(page, first.ram.page(page));
  const hits = hitsOf(second, { consoles: [{ id: 9, text: text(part) }] }, last + 1);
  assert.deepEqual(hits, [{ kind: 'console', id: 9, position: last }]);
  // Snapshots from older versions do not contain the recent output. They can still be loaded, but a console point then
  // finds only text that was printed entirely after the snapshot.
  const { recentOutput, ...old } = first.saveState();
  assert.ok(recentOutput instanceof Uint8Array);
  second.loadState(old);
  for (let page = 0; page < first.ram.pageCount; page++) second.ram.restorePage(page, first.ram.page(page));
  const consoles = [
    { id: 9, text: text(part) },
    { id: 10, text: text(part.slice(-10)) },
  ];
  assert.deepEqual(hitsOf(second, { consoles }, last + 1), [{ kind: 'console', id: 10, position: last }]);
});

test('text that a semihosting call prints is found in the single step that executes the call', () => {
  const DATA = 0x8000_2000;
  const call: Item[] = [a.slli(0, 0, 0x1f), a.ebreak, a.srai(0, 0, 7)];
  const machine = machineWith([a.li(10, 4), a.li(11, DATA), call, a.nop], { semihosting: true });
  machine.ram.write(DATA, text('one two one\0'));
  const consoles = ['one', 'two', 'three'].map((string, id) => ({ id, text: text(string) }));
  machine.setStopPoints({ ...NONE, consoles });
  const stop = machine.run(1000);
  assert.ok(stop.kind === 'hit');
  assert.deepEqual(
    stop.hits.map((hit) => [hit.id, hit.position]),
    [0, 1].map((id) => [id, machine.position - 1]),
  );
});

test('hits that the hit condition rejects do not stop the run', () => {
  const wanted = 5;
  const seen: StepHit[] = [];
  const { machine } = demo();
  const hitCondition: StopPoints['hitCondition'] = (hits) => {
    seen.push(...hits);
    return seen.length >= wanted ? hits.slice(0, 1) : [];
  };
  machine.setStopPoints({ ...NONE, disks: [{ id: 1, requests: ['read', 'write'] }], hitCondition });
  const stop = machine.run(END);
  assert.ok(stop.kind === 'hit');
  assert.equal(stop.hits.length, 1);
  assert.ok(seen.length >= wanted);
});
