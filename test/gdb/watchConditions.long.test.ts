/** In gdb, conditional breakpoints and watchpoints stop where single-stepping finds that their conditions hold.
 *
 * gdb evaluates the conditions of watchpoints itself, in the state at the stop: after the step in a forward run, and
 * before it in a backward run.
 *
 * `rwatch` is left out because gdb 13 ignores a read if the value differs from the value that gdb read last.
 */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { RNG_SEED, Sandbox } from '../support/cli.ts';
import { SeededRandom } from '../support/seededRandom.ts';
import { DRIVES, USED_RING } from '../support/stopPoints/diskRequests.ts';
import { conditionFrom } from '../support/stopPoints/expressions.ts';
import { stopPointGuest } from '../support/stopPoints/guest.ts';
import { History, MEMORY_MIB } from '../support/stopPoints/history.ts';
import type { TestPoint } from '../support/stopPoints/oracle.ts';
import { memoryExpression, randomAccess, randomExpression } from '../support/stopPoints/points.ts';
import { requireTool } from '../support/tools.ts';
import { GDB, runGdb, serve } from './gdbSupport.ts';

const PROGRAMS = Number(process.env.BLKREPLAY_STOP_PROGRAMS ?? 10);
const CANDIDATES = 10;
/**
 * A point that is reached more often than this is left out, because gdb takes time to evaluate the condition at each
 * stop.
 */
const REACHED_MAX = 30;

/**
 * A reset clears all of RAM in one step. A stop reply in gdb's protocol contains only one address, so gdb misses the
 * other watchpoints that this step reaches. Points that a reset reaches are left out.
 */
const RESET: TestPoint = {
  name: 'reset',
  what: { kind: 'trap', filter: 'reset', matches: ({ kind }) => kind === 'reset' },
};

for (const harts of [1, 4]) {
  test(`in gdb, random programs on ${harts} hart(s) stop where conditions hold`, async (t) => {
    if (!requireTool(GDB, t)) return;
    const random = SeededRandom.forTest(t);
    for (let i = 0; i < PROGRAMS; i++) {
      const seed = i === 0 ? random.seed : random.uint32();
      await t.test(`program ${seed}`, (t) => comparison(t, new SeededRandom(seed), harts));
    }
  });
}

async function comparison(t: TestContext, random: SeededRandom, harts: number): Promise<void> {
  const sandbox = new Sandbox(t);
  const history = new History(sandbox, { elf: stopPointGuest(random, harts), harts });
  const { points, forward, backward } = chosen(random, history);
  const drives = DRIVES.map((id) => ['--drive', `id=${id},image=${id}.img,format=raw,overlay=${id}.qcow2`]);
  const options = ['--rrfile', 'a.rr', ...drives.flat()];
  const live = [
    '--kernel',
    history.kernel,
    '--harts',
    `${harts}`,
    '--memory',
    `${MEMORY_MIB}M`,
    '--rng-seed',
    RNG_SEED,
  ];
  for (const args of [
    ['record', ...options, ...live],
    ['replay', ...options],
  ]) {
    const { port, running } = await serve(t, sandbox, args);
    const move = (command: string, count: number) => Array.from({ length: count }, () => [command, 'monitor position']);
    const commands = [
      ...['set architecture riscv:rv64', 'set osabi none', ...points.map(commandFor)],
      ...[...move('continue', forward.length), ...move('reverse-continue', backward.length)].flat(),
      'kill',
    ];
    const output = await runGdb({ port, commands });
    await running.end;
    const positions = (output.match(/^\d+$/gm) ?? []).map(Number);
    const seen = { forward: positions.slice(0, forward.length), backward: positions.slice(forward.length) };
    assert.deepEqual(seen, { forward, backward }, `${args[0]}: ${points.map(commandFor).join('; ')}`);
  }
}

/**
 * Returns random points and the positions at which gdb must stop, including the end of the history (forward) and its
 * start (backward).
 */
function chosen(random: SeededRandom, history: History) {
  const candidates = randomPoints(random, history);
  const reached = history.hitsOf([...candidates.map((point) => ({ ...point, condition: undefined })), RESET]);
  const resets = reached.filter(({ point }) => point.name === RESET.name).map(({ position }) => position);
  const positionsOf = ({ name }: TestPoint) =>
    reached.filter(({ point }) => point.name === name).map(({ position }) => position);
  const points = candidates.filter((point) => {
    const positions = positionsOf(point);
    if (positions.some((position) => resets.includes(position))) return false;
    return positions.length > 0 && positions.length <= REACHED_MAX;
  });
  const [forward, backward] = [new Set([history.end]), new Set([0])];
  for (const point of points) {
    const positions = positionsOf(point);
    const before = history.positionsWhere(positions, point);
    const isBreakpoint = point.what.kind === 'execute';
    const next = positions.map((position) => position + 1);
    for (const position of before) backward.add(position);
    for (const position of isBreakpoint ? before : history.positionsWhere(next, point)) forward.add(position);
  }
  const sorted = (positions: Set<number>) => [...positions].sort((a, b) => a - b);
  return { points, forward: sorted(forward), backward: sorted(backward).reverse() };
}

/**
 * With several harts, all points are watchpoints. To continue from a breakpoint, gdb removes it and steps one hart, and
 * meanwhile the other harts can pass the breakpoint (README.md, "Several harts").
 */
function randomPoints(random: SeededRandom, history: History): TestPoint[] {
  const { harts } = history;
  const addresses = history.executedAddresses();
  return Array.from({ length: CANDIDATES }, (_, i): TestPoint => {
    const name = `p${i}`;
    if (harts === 1 && random.chance(0.5)) {
      const condition = random.chance(0.8) ? conditionFrom(randomExpression(random, harts)) : undefined;
      return { name, what: { kind: 'execute', address: random.pick(addresses) }, condition };
    }
    const what = memoryOfHarts(random, harts);
    const condition = random.chance(0.8) ? conditionFrom(memoryExpression(random)) : undefined;
    return { name, what: { ...what, access: what.access === 'read' ? 'change' : what.access }, condition };
  });
}

/**
 * With one hart, returns only memory that the hart itself writes. A device can write to memory while an interrupt is
 * pending. If the pc is then at a breakpoint, gdb steps over the breakpoint when it continues, and therefore over the
 * whole interrupt handler.
 */
function memoryOfHarts(random: SeededRandom, harts: number): ReturnType<typeof randomAccess> {
  for (;;) {
    const what = randomAccess(random, harts);
    if (harts > 1 || what.address !== USED_RING) return what;
  }
}

function commandFor({ what, condition }: TestPoint): string {
  assert.ok(what.kind === 'execute' || what.kind === 'access');
  const suffix = condition ? ` if ${condition.text}` : '';
  if (what.kind === 'execute') return `break *0x${what.address.toString(16)}${suffix}`;
  const command = what.access === 'change' ? 'watch' : 'awatch';
  return `${command} *(unsigned long *)${what.address}${suffix}`;
}
