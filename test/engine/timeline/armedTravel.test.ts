/** Register, trap, disk and console stop points stop a replay where they stopped the recording, in both directions. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { complete } from '../../../debug-adapter/engine/base/sliced.ts';
import { csrNumber } from '../../../debug-adapter/engine/isa/csrs.ts';
import { NO_STOP_POINTS, type StopPoints } from '../../../debug-adapter/engine/target/stopPoints.ts';
import type { MachineTimeline } from '../../../debug-adapter/engine/timeline/machineTimeline.ts';
import { some, times } from '../../support/extent.ts';
import { DEMO, KERNEL, type Scene, stageOf } from './travelSupport.ts';

const HARTS: Scene = { kernel: 'test/guests/harts/harts.elf', diskBytes: 1 << 20 };
const CAUSES = new Set(Array.from({ length: 16 }, (_, cause) => cause));
const text = (string: string): Uint8Array => Buffer.from(string, 'latin1');

const POINTS: Record<string, Partial<StopPoints>> = {
  'changes of CSRs': {
    registers: ['mcause', 'mepc', 'scause', 'mip', 'sip'].map((name, id) => {
      return { id, what: { kind: 'csr', number: csrNumber(name) } };
    }),
  },
  'changes of registers': {
    registers: [8, 9].map((register) => ({ id: register, what: { kind: 'register', register } })),
  },
  traps: { traps: [{ id: 1, exceptions: CAUSES, interrupts: CAUSES }] },
  'disk requests': { disks: [{ id: 1, requests: ['read', 'write', 'flush'] }] },
  'console text': {
    consoles: [
      { id: 1, text: text('e') },
      { id: 2, text: text('on') },
    ],
  },
  'all kinds together': {
    registers: [{ id: 1, what: { kind: 'csr', number: csrNumber('mepc') } }],
    traps: [{ id: 2, exceptions: CAUSES, interrupts: CAUSES }],
    disks: [{ id: 3, requests: ['read', 'write', 'flush'] }],
    consoles: [{ id: 4, text: text('on') }],
  },
};

interface Stop {
  /** The position before the step that caused the hit or the trap. */
  position: number;
  text: string;
}

const COUNT = times({ quick: 4, long: 300 });

/** Runs from the current position. Returns the next stops, and the digest at each of them. */
function stopsOf(timeline: MachineTimeline, direction: 'forward' | 'backward', count: number) {
  const stops: Stop[] = [];
  const digests = new Map<number, bigint>();
  while (stops.length < count) {
    const stop = complete(direction === 'forward' ? timeline.forward(Infinity) : timeline.backward());
    if (stop.kind !== 'hit' && stop.kind !== 'trap') break;
    const position = stop.kind === 'hit' ? stop.hits[0].position : timeline.position;
    const isAfter = direction === 'forward' && stop.kind === 'hit';
    assert.equal(timeline.position, position + (isAfter ? 1 : 0));
    digests.set(timeline.position, timeline.digest());
    stops.push({ position, text: textOf(stop) });
  }
  return { stops, digests };
}

/** Converts a stop to text, with its bigints in hexadecimal. */
const textOf = (stop: object): string =>
  JSON.stringify(stop, (_, value: unknown) => (typeof value === 'bigint' ? value.toString(16) : value));

for (const [name, scene, harts, from] of some(
  [
    ['demo', DEMO, 1, 100_000],
    ['kernel', KERNEL, 1, 300_000],
    ['harts', HARTS, 4, 1000],
  ] as const,
  1,
)) {
  suite(name, () => {
    for (const [kind, points] of some(Object.entries(POINTS), 3)) {
      // This guest does not use its disk.
      if (scene === HARTS && kind === 'disk requests') continue;
      test(`${kind}: runs in a recording, in its history and in a replay have the same stops, in both directions`, (t) => {
        const stage = stageOf(scene, t);
        stage.setup.harts = harts;
        const armed = { ...NO_STOP_POINTS, ...points };
        const live = stage.record();
        live.advance(from);
        live.arm(armed);
        const recorded = stopsOf(live, 'forward', COUNT);
        const { stops } = recorded;
        assert.ok(stops.length > 0);
        live.arm(NO_STOP_POINTS);
        live.advance(live.position + 1000);
        const end = live.position;
        live.arm(armed);
        assertSame('in the history', live, recorded);
        live.close({ reason: 'interrupted' });
        const replay = stage.replay();
        t.after(() => replay.abandon());
        complete(replay.goTo(end));
        replay.arm(armed);
        assertSame('in a replay', replay, recorded);
      });
    }
  });
}

/**
 * Runs a timeline backward and then forward. Asserts that it stops where the recording stopped, and in the same states.
 */
function assertSame(
  where: string,
  timeline: MachineTimeline,
  { stops, digests }: { stops: Stop[]; digests: Map<number, bigint> },
): void {
  complete(timeline.goTo(stops.at(-1)!.position + 1));
  // If a step is a trap and also causes hits, a backward run stops only once before that step.
  const expected = stops.filter(({ position }, i) => position !== stops[i + 1]?.position);
  const backward = stopsOf(timeline, 'backward', expected.length);
  assert.deepEqual(backward.stops.reverse(), expected, `${where}, backward`);
  complete(timeline.goTo(stops[0].position));
  // A run that begins at a trap does not stop there.
  const later = stops[0].text.startsWith('{"kind":"trap"') ? stops.slice(1) : stops;
  const forward = stopsOf(timeline, 'forward', later.length);
  assert.deepEqual(forward.stops, later, `${where}, forward`);
  for (const [position, digest] of forward.digests)
    assert.equal(digest, digests.get(position), `${where}: ${position}`);
  timeline.arm(NO_STOP_POINTS);
  for (const [position, digest] of backward.digests) {
    complete(timeline.goTo(position));
    assert.equal(timeline.digest(), digest, `${where}: the state at ${position}`);
  }
}
