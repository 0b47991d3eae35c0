/** The gdb server stops at watchpoints and conditional breakpoints exactly where single-stepping finds hits. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { MachineTimeline } from '../../debug-adapter/engine/timeline/machineTimeline.ts';
import type { SeededRandom } from '../support/seededRandom.ts';
import { conditionFrom } from '../support/stopPoints/expressions.ts';
import type { History } from '../support/stopPoints/history.ts';
import { type Hit, type TestPoint, WATCHED_BYTES } from '../support/stopPoints/oracle.ts';
import { randomAccess, randomExpression } from '../support/stopPoints/points.ts';
import { type Expected, testRandomPrograms } from '../support/stopPoints/programs.ts';
import { backwardStops, forwardStops } from '../support/stopPoints/stops.ts';
import { Conversation } from './conversation.ts';

const CANDIDATES = { breakpoints: 16, watchpoints: 6 };
/** A stop point with more hits than this is left out. */
const HITS_MAX = 40;

testRandomPrograms(pointsFor, async (t, history, { points, hits }) => {
  const show = (position: number, at: readonly Hit[]): string => {
    const reached = points.filter((point) => at.some((hit) => hit.point === point));
    return `${position}: ${replyFor(reached[0])}`;
  };
  const expected = { points, forward: forwardStops(hits, show), backward: backwardStops(hits, show) };
  await compare(t, history.record(), expected);
  await compare(t, history.replay(), expected);
});

async function compare(
  t: TestContext,
  timeline: MachineTimeline,
  { points, forward, backward }: { points: readonly TestPoint[]; forward: string[]; backward: string[] },
): Promise<void> {
  const gdb = new Conversation(timeline, t);
  await gdb.ask('qSupported:swbreak+;hwbreak+');
  for (const point of points) assert.equal(await gdb.ask(packetFor(point)), 'OK');
  assert.deepEqual(await stopsOf(gdb, 'c'), forward, 'forward');
  assert.deepEqual(await stopsOf(gdb, 'bc'), backward, 'backward');
}

/** All stops of a run to the end of the history, or of a reverse run to its start. */
async function stopsOf(gdb: Conversation, packet: 'c' | 'bc'): Promise<string[]> {
  const stops: string[] = [];
  for (;;) {
    const reply = await gdb.ask(packet);
    if (reply.includes('replaylog')) return stops;
    const reason = /(swbreak|r?a?watch):\w*;/.exec(reply);
    assert.ok(reason, reply);
    stops.push(`${gdb.session.position}: ${reason[0]}`);
  }
}

// --- points ------------------------------------------------------------------------------------------------------------

/**
 * Random stop points with a limited number of hits each, and their hits. No two points have the same kind and address.
 */
function pointsFor(random: SeededRandom, history: History): Expected {
  const { harts } = history;
  const addresses = history.executedAddresses();
  const breakpoints = Array.from({ length: CANDIDATES.breakpoints }, (_, i): TestPoint => {
    const condition = random.chance(0.7) ? conditionFrom(randomExpression(random, harts)) : undefined;
    return { name: `b${i}`, what: { kind: 'execute', address: random.pick(addresses) }, condition };
  });
  const watchpoints = Array.from({ length: CANDIDATES.watchpoints }, (_, i): TestPoint => {
    return { name: `w${i}`, what: randomAccess(random, harts) };
  });
  const distinct = new Map([...breakpoints, ...watchpoints].map((point) => [placeOf(point), point]));
  const candidates = [...distinct.values()];
  const all = history.hitsOf(candidates);
  const points = candidates.filter((point) => {
    const count = all.filter((hit) => hit.point === point).length;
    return count > 0 && count <= HITS_MAX;
  });
  return { points, hits: all.filter(({ point }) => points.includes(point)) };
}

const KINDS = { change: 'watch', read: 'rwatch', readWrite: 'awatch' } as const;
const TYPES = { swbreak: 0, watch: 2, rwatch: 3, awatch: 4 };

/** The kind and the address, by which gdb's protocol identifies a point. */
function placeOf({ what }: TestPoint): `${keyof typeof TYPES}:${string}` {
  assert.ok(what.kind === 'execute' || what.kind === 'access');
  return `${what.kind === 'execute' ? 'swbreak' : KINDS[what.access]}:${what.address.toString(16)}`;
}

function packetFor(point: TestPoint): string {
  const [kind, address] = placeOf(point).split(':') as [keyof typeof TYPES, string];
  const bytecode = point.condition?.bytecode ?? '';
  const condition = bytecode && `;X${(bytecode.length / 2).toString(16)},${bytecode}`;
  return `Z${TYPES[kind]},${address},${kind === 'swbreak' ? 4 : WATCHED_BYTES}${condition}`;
}

/** The stop reply names a watchpoint's address, but not that of a breakpoint. */
const replyFor = (point: TestPoint): string => (point.what.kind === 'execute' ? 'swbreak:;' : `${placeOf(point)};`);
