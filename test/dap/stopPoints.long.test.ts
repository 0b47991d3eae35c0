/** Over DAP, stop points with conditions, hit conditions and messages stop exactly where single-stepping finds hits. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { DapClient } from '../support/dapClient.ts';
import type { SeededRandom } from '../support/seededRandom.ts';
import type { History } from '../support/stopPoints/history.ts';
import { type TestPoint, WATCHED_BYTES } from '../support/stopPoints/oracle.ts';
import { fewHits, randomPoint } from '../support/stopPoints/points.ts';
import { type Expected, testRandomPrograms } from '../support/stopPoints/programs.ts';
import { backwardStops, forwardStops, printing, selected, stopping, stopText } from '../support/stopPoints/stops.ts';

const CANDIDATES = 24;
/** A stop point with more hits than this gets a hit condition, or is left out if it cannot have one. */
const HITS_MAX = 12;
/** A stop point with more hits than this is left out, because evaluating each hit takes time. */
const COUNTED_MAX = 2000;

testRandomPrograms(pointsFor, async (t, history, { points, hits }) => {
  await compareRecording(t, history, { points, hits: selected(hits, 'start') });
  await compareReplay(t, history, { points, hits: selected(hits, 'end') });
});

async function compareRecording(t: TestContext, history: History, { points, hits }: Expected): Promise<void> {
  const dap = new DapClient(t);
  await dap.start({ ...history.launch(), rr: 'record', stopOnEntry: true });
  await dap.event('stopped');
  const names = await setAll(dap, points);
  assert.deepEqual(await stopsOf(dap, 'continue', names), forwardStops(stopping(hits)), 'recording, forward');
  assert.equal(dap.place.position, history.end);
  assert.deepEqual(messagesOf(dap), printing(hits), 'recording, messages');
  const backward = await stopsOf(dap, 'reverseContinue', names);
  assert.deepEqual(backward, backwardStops(stopping(hits)), 'in the history');
  assert.deepEqual(messagesOf(dap), printing(hits), 'no message is printed twice');
  await dap.leave();
}

async function compareReplay(t: TestContext, history: History, { points, hits }: Expected): Promise<void> {
  const dap = new DapClient(t);
  const live = { kernel: undefined, harts: undefined, idle: undefined, memory: undefined, rngSeed: undefined };
  await dap.start({ ...history.launch(), ...live, rr: 'replay', stopOnEntry: true });
  await dap.event('stopped');
  await dap.until('continue');
  assert.equal(dap.place.position, history.end);
  const names = await setAll(dap, points);
  const backward = await stopsOf(dap, 'reverseContinue', names);
  assert.deepEqual(backward, backwardStops(stopping(hits)), 'replay, backward');
  assert.deepEqual(messagesOf(dap), printing(hits).reverse(), 'replay, messages');
  assert.deepEqual(await stopsOf(dap, 'continue', names), forwardStops(stopping(hits)), 'replay, forward');
  assert.deepEqual(messagesOf(dap), printing(hits).reverse(), 'no message is printed twice in the replay');
  await dap.leave();
}

/** Returns random stop points with a limited number of hits each, and their hits. */
function pointsFor(random: SeededRandom, history: History): Expected {
  const options = { addresses: history.executedAddresses(), harts: history.harts, text: history.console };
  const candidates = Array.from({ length: CANDIDATES }, (_, i) => randomPoint(random, `p${i}`, options));
  const all = history.hitsOf(candidates);
  const points = candidates.filter((point) => {
    const own = all.filter((hit) => hit.point === point);
    const withoutValue = own.filter((hit) => hit.hasNoValue).length;
    const count = own.length - withoutValue;
    if (own.length === 0 || withoutValue > HITS_MAX || count > COUNTED_MAX) return false;
    if (point.what.kind === 'trap') return count <= HITS_MAX;
    if (count > HITS_MAX || (count > 0 && random.chance(0.3))) point.hitCondition = fewHits(random, count);
    return true;
  });
  return { points, hits: all.filter(({ point }) => points.includes(point)) };
}

// --- over DAP ----------------------------------------------------------------------------------------------------------

/** Sets the stop points. Returns a map from the adapter's IDs to the names of the points. */
async function setAll(dap: DapClient, points: readonly TestPoint[]): Promise<Map<number, string>> {
  const names = new Map<number, string>();
  const set = async (command: string, kinds: readonly string[], list: string, shown: (point: TestPoint) => object) => {
    const chosen = points.filter(({ what }) => kinds.includes(what.kind));
    const { breakpoints } = await dap.request(command, { filters: [], [list]: chosen.map(shown) });
    chosen.forEach((point, i) => {
      const { verified, message } = breakpoints[i] as { verified: boolean; message?: string };
      const isLater = message?.endsWith('takes effect when the program counter reaches this address.') ?? false;
      assert.ok(verified || isLater, `${point.name}: ${message}`);
      names.set(breakpoints[i].id as number, point.name);
    });
  };
  const details = ({ name, condition, hitCondition, isLog }: TestPoint) => ({
    ...{ condition: condition?.text, hitCondition: hitCondition?.text },
    logMessage: isLog ? `${name} {$a0}` : undefined,
  });
  await set('setInstructionBreakpoints', ['execute'], 'breakpoints', (point) => {
    const { address } = point.what as { address: bigint };
    return { instructionReference: `0x${address.toString(16)}`, ...details(point) };
  });
  await set('setDataBreakpoints', ['access', 'register', 'float', 'csr'], 'breakpoints', (point) => ({
    ...dataOf(point),
    ...details(point),
  }));
  await set('setExceptionBreakpoints', ['trap'], 'filterOptions', ({ what, condition }) => {
    return { filterId: (what as { filter: string }).filter, condition: condition?.text };
  });
  await set('blkreplay/setEventBreakpoints', ['console', 'disk'], 'breakpoints', (point) => ({
    ...point.what,
    ...details(point),
  }));
  return names;
}

function dataOf({ what, name: label }: TestPoint): object {
  if (what.kind === 'access') {
    const data = {
      address: `0x${what.address.toString(16)}`,
      lengthBytes: WATCHED_BYTES,
      label,
      type: 'unsigned long',
    };
    return { dataId: JSON.stringify(data), accessType: what.access === 'change' ? 'write' : what.access };
  }
  assert.ok(what.kind === 'register' || what.kind === 'float' || what.kind === 'csr');
  const { hart, ...register } = what;
  return { dataId: JSON.stringify({ register, hart, label }), accessType: 'write' };
}

/** All stops of a run to the end of the recording, or of a reverse run to its start. */
async function stopsOf(dap: DapClient, command: string, names: ReadonlyMap<number, string>): Promise<string[]> {
  const stops: string[] = [];
  for (;;) {
    const { reason, hitBreakpointIds, text = '' } = await dap.until(command);
    if (reason === 'pause' || reason === 'entry') return stops;
    const reached = (hitBreakpointIds as number[]).map((id) => names.get(id)!);
    stops.push(
      stopText(dap.place.position as number, {
        names: reached,
        hasError: / cannot be evaluated: /.test(text as string),
      }),
    );
  }
}

/** The messages that logpoints have printed so far. */
const messagesOf = (dap: DapClient): string[] =>
  dap.events.flatMap(({ event, body }) =>
    event === 'output' && body.category === 'console' && /^p\d+ /.test(body.output as string)
      ? [(body.output as string).trimEnd()]
      : [],
  );
