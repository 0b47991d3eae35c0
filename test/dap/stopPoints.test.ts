/** Over DAP, stop points with conditions, hit conditions and messages stop exactly where single steps find hits. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { openRecord } from '../../debug-adapter/engine/index.ts';
import { csrNumber } from '../../debug-adapter/engine/isa/csrs.ts';
import type { MachineTimeline } from '../../debug-adapter/engine/timeline/machineTimeline.ts';
import { complete } from '../../debug-adapter/engine/base/sliced.ts';
import { LiveInputs } from '../../debug-adapter/engine/index.ts';
import { nodeHost } from '../../debug-adapter/host/nodeHost.ts';
import { a, assemble, assembleWithLabels, CSR, type Item } from '../engine/machine/cpu/assembler.ts';
import { minimalElf } from '../engine/machine/cpu/minimalElf.ts';
import { CODE, SAVE, SAVED } from '../engine/machine/cpu/randomLayout.ts';
import { randomImage } from '../engine/machine/cpu/randomProgram.ts';
import { RNG_SEED, Sandbox } from '../support/cli.ts';
import { DapClient } from '../support/dapClient.ts';
import { some, times } from '../support/extent.ts';
import { SeededRandom } from '../support/seededRandom.ts';
import { backwardStops, forwardStops, type Hit, hitsOf, selected, type TestPoint } from './stopPointOracle.ts';

const PROGRAMS = times({ quick: 1, long: 50 }, 'BLKREPLAY_STOP_PROGRAMS');
/** A point with more hits gets a hit condition, or is left out. */
const HITS_MAX = 30;
/** A counter that all harts increment. */
const SHARED = SAVE + 0x800;

for (const harts of some([1, 4], 1)) {
  test(`random programs on ${harts} harts stop where single steps find hits`, async (t) => {
    const random = SeededRandom.forTest(t);
    for (let i = 0; i < PROGRAMS; i++) {
      const seed = random.uint32();
      await t.test(`program ${seed}`, (t) => comparison(t, new SeededRandom(seed), harts));
    }
  });
}

async function comparison(t: TestContext, random: SeededRandom, harts: number): Promise<void> {
  const sandbox = new Sandbox(t);
  const kernel = sandbox.path(sandbox.write('random.elf', programOf(random, harts)));
  const { points, hits, end } = pointsFor(random, sandbox, { kernel, harts });
  const launch = { rrfile: 'a.rr', cwd: sandbox.folder, kernel, harts, idle: 'warp', stopOnEntry: true };
  const recording = new DapClient(t);
  await recording.start({ ...launch, rr: 'record', rngSeed: RNG_SEED });
  await recording.event('stopped');
  const atStart = selected(hits, 'start');
  const names = await setAll(recording, points);
  assert.deepEqual(await stopsOf(recording, 'continue', names), forwardStops(stopping(atStart)), 'recording, forward');
  assert.equal(recording.place.position, end);
  assert.deepEqual(messagesOf(recording), printing(atStart), 'recording, messages');
  assert.deepEqual(
    await stopsOf(recording, 'reverseContinue', names),
    backwardStops(stopping(atStart)),
    'in the history',
  );
  assert.deepEqual(messagesOf(recording), printing(atStart), 'no message is printed twice');
  await recording.leave();

  const replay = new DapClient(t);
  await replay.start({ ...launch, kernel: undefined, harts: undefined, idle: undefined, rr: 'replay' });
  await replay.event('stopped');
  await replay.until('continue');
  assert.equal(replay.place.position, end);
  const atEnd = selected(hits, 'end');
  const replayed = await setAll(replay, points);
  assert.deepEqual(
    await stopsOf(replay, 'reverseContinue', replayed),
    backwardStops(stopping(atEnd)),
    'replay, backward',
  );
  assert.deepEqual(messagesOf(replay), printing(atEnd).reverse(), 'replay, messages');
  assert.deepEqual(await stopsOf(replay, 'continue', replayed), forwardStops(stopping(atEnd)), 'replay, forward');
  assert.deepEqual(messagesOf(replay), printing(atEnd).reverse(), 'no message is printed twice in the replay');
  await replay.leave();
}

const stopping = (hits: readonly Hit[]): Hit[] => hits.filter(({ point }) => !point.isLog);
const printing = (hits: readonly Hit[]): string[] =>
  hits.flatMap(({ point, a0 }) => (point.isLog ? [`${point.name} ${BigInt.asIntN(64, a0)}`] : []));

// --- programs ----------------------------------------------------------------------------------------------------------

/** A random program for hart 0. The other harts take traps and write memory in an endless loop. */
function programOf(random: SeededRandom, harts: number): Uint8Array {
  const kind = random.pick(['general', 'paging', 'blocks'] as const);
  const { elf } = randomImage(random, { blocks: 1 + random.below(2), units: 30, iterations: 4, kind });
  if (harts === 1) return elf;
  const code = elf.slice(0x1000);
  const start = BigInt(code.length + 3) & ~3n;
  const view = new DataView(code.buffer);
  const { bytes } = assembleWithLabels(otherHarts(jumpTarget(view.getUint32(0, true)) - Number(start)), CODE + start);
  view.setUint32(0, Buffer.from(assemble([a.jal(0, Number(start))])).readUInt32LE(), true);
  return minimalElf(Buffer.concat([code, new Uint8Array(Number(start) - code.length), bytes]), CODE);
}

/** The offset of a JAL instruction. */
function jumpTarget(word: number): number {
  const sign = (word | 0) >> 31;
  return (sign << 20) | (word & 0xff000) | (((word >>> 20) & 1) << 11) | (((word >>> 21) & 0x3ff) << 1);
}

/** Hart 0 continues at `main`, which is an offset from the first instruction. */
const otherHarts = (main: number): Item[] => [
  a.csrr(5, csrNumber('mhartid')),
  a.to('others', (offset) => a.bne(5, 0, offset)),
  a.jal(0, main - 8),
  'others:',
  a.la(6, 'trap'),
  a.csrw(CSR.mtvec, 6),
  a.li(12, SHARED),
  a.addi(13, 0, 1),
  'loop:',
  a.addi(10, 10, 1),
  a.xor(11, 11, 10),
  a.amoaddD(14, 13, 12),
  a.csrw(CSR.mscratch, 10),
  a.slli(14, 10, 56),
  a.to('loop', (offset) => a.bne(14, 0, offset)),
  a.ecall,
  a.j('loop'),
  'trap:',
  a.csrr(14, CSR.mepc),
  a.addi(14, 14, 4),
  a.csrw(CSR.mepc, 14),
  a.mret,
];

// --- points ------------------------------------------------------------------------------------------------------------

/** Random points with a limited number of hits, and these hits. */
function pointsFor(random: SeededRandom, sandbox: Sandbox, { kernel, harts }: { kernel: string; harts: number }) {
  let console = '';
  const timeline = openRecord(nodeHost, {
    ...{ kernel, bios: null, initrd: null, append: '', rngSeed: RNG_SEED, memoryBytes: 128 << 20, idle: 'warp', harts },
    ...{ live: new LiveInputs([]), otherInputs: [], overwrite: false, drives: [], rrsnapshot: 'replay_init' },
    ...{ rrfile: sandbox.path('oracle.rr'), version: 'test' },
    onConsoleByte: (byte) => (console += String.fromCharCode(byte)),
  });
  try {
    assert.equal(complete(timeline.forward(10_000_000)).kind, 'ended');
    const end = timeline.position;
    const addresses = executedAddresses(timeline, end);
    const candidates = Array.from({ length: 24 }, (_, i) => candidate(random, { i, addresses, harts, text: console }));
    complete(timeline.goTo(0));
    // The output of the runs so far does not belong to this one.
    console = '';
    const all = hitsOf(timeline, { end, points: candidates, printed: () => console });
    const points: TestPoint[] = [];
    for (const point of candidates) {
      const count = all.filter((hit) => hit.point === point).length;
      if (count > HITS_MAX && point.what.kind !== 'trap') point.hitCondition = fewHits(random, count);
      else if (point.what.kind !== 'trap' && random.chance(0.3)) point.hitCondition = fewHits(random, count);
      if (count > 0 && (count <= HITS_MAX || point.what.kind !== 'trap')) points.push(point);
    }
    return { points, hits: all.filter(({ point }) => points.includes(point)), end };
  } finally {
    timeline.close({ reason: 'interrupted' });
  }
}

/** The addresses of executed instructions, without the first one, by how often they are executed. */
function executedAddresses(timeline: MachineTimeline, end: number): bigint[] {
  complete(timeline.goTo(0));
  const counts = new Map<bigint, number>();
  const state = timeline.inspect();
  complete(timeline.trace(end, () => counts.set(state.pc, (counts.get(state.pc) ?? 0) + 1)));
  return [...counts.keys()].slice(20);
}

function fewHits(random: SeededRandom, count: number): TestPoint['hitCondition'] {
  const every = Math.max(2, Math.ceil(count / 12));
  const number = 1 + random.below(Math.min(count, 12));
  return random.pick([
    { text: `% ${every}`, stopsAt: (hit) => hit % every === 0 },
    { text: `${number}`, stopsAt: (hit) => hit === number },
    { text: `<= ${number}`, stopsAt: (hit) => hit <= number },
    { text: `> ${count - number}`, stopsAt: (hit) => hit > count - number },
  ]);
}

const FILTERS: [string, readonly number[]][] = [
  ['illegalInstruction', [2]],
  ['ebreak', [3]],
  ['loadAccessFault', [5]],
  ['storeAccessFault', [7]],
  ['loadPageFault', [13]],
  ['storePageFault', [15]],
  ['loadMisaligned', [4]],
  ['ecallFromMachine', [11]],
  ['ecallFromUser', [8]],
  ['ecallFromSupervisor', [9]],
];
const SAVED_FIELDS = [SAVED.traps, SAVED.end, SAVED.left, SAVED.pc, SAVED.cause, SAVED.x30];
const CSRS = ['mepc', 'mcause', 'mscratch', 'mstatus', 'fcsr', 'mtval'];

function candidate(
  random: SeededRandom,
  { i, addresses, harts, text }: { i: number; addresses: readonly bigint[]; harts: number; text: string },
): TestPoint {
  const name = `p${i}`;
  const hart = random.below(harts);
  const at = random.below(Math.max(1, text.length - 3));
  const kinds: TestPoint['what'][] = [
    { kind: 'execute', address: random.pick(addresses) },
    {
      kind: 'access',
      address: harts > 1 && random.chance(0.4) ? SHARED : SAVE + random.pick(SAVED_FIELDS),
      access: random.pick(['read', 'readWrite', 'change']),
    },
    { kind: 'register', register: 1 + random.below(31), hart },
    { kind: 'csr', number: csrNumber(random.pick(CSRS)), hart },
    { kind: 'console', text: text.slice(at, at + 1 + random.below(3)) },
  ];
  const [filter, causes] = random.pick(FILTERS);
  if (random.chance(0.25)) {
    const what = { kind: 'trap', filter, causes } as const;
    return { name, what, condition: random.chance(0.6) ? trapCondition(random) : undefined };
  }
  const what = random.chance(0.3) ? kinds[0] : random.pick(kinds);
  const condition = random.chance(0.6) ? conditionFor(random, harts) : undefined;
  return { name, what, condition, isLog: random.chance(what.kind === 'execute' ? 0.4 : 0.2) };
}

function conditionFor(random: SeededRandom, harts: number): NonNullable<TestPoint['condition']> {
  const rest = BigInt(random.below(3));
  const bit = random.below(8);
  const signed = (value: bigint) => BigInt.asIntN(64, value);
  const hart = random.below(harts);
  return random.pick([
    { text: `$a0 % 3 == ${rest}`, holds: ({ a0 }) => signed(a0) % 3n === rest },
    { text: `($a1 >> ${bit} & 1) != 0`, holds: ({ a1 }) => ((a1 >> BigInt(bit)) & 1n) !== 0n },
    { text: '$a0 > $a1', holds: ({ a0, a1 }) => signed(a0) > signed(a1) },
    { text: `$mcause != ${5 + Number(rest)}`, holds: ({ mcause }) => mcause !== 5n + rest },
    { text: `$mhartid == ${hart}`, holds: (state) => state.hart === hart },
  ]);
}

function trapCondition(random: SeededRandom): NonNullable<TestPoint['condition']> {
  const rest = BigInt(random.below(4));
  return random.pick([
    { text: `$epc / 4 % 4 == ${rest}`, holds: ({ trap }) => (trap!.epc / 4n) % 4n === rest },
    { text: '$tval != 0', holds: ({ trap }) => trap!.tval !== 0n },
    { text: `$a0 % 2 == 0 && $cause > ${rest}`, holds: ({ a0, trap }) => a0 % 2n === 0n && trap!.cause > rest },
  ]);
}

// --- over DAP ----------------------------------------------------------------------------------------------------------

/** Sets the points. Returns their names by the numbers that the adapter gives them. */
async function setAll(dap: DapClient, points: readonly TestPoint[]): Promise<Map<number, string>> {
  const names = new Map<number, string>();
  const set = async (command: string, kinds: readonly string[], list: string, shown: (point: TestPoint) => object) => {
    const chosen = points.filter(({ what }) => kinds.includes(what.kind));
    const { breakpoints } = await dap.request(command, { filters: [], [list]: chosen.map(shown) });
    chosen.forEach((point, i) => {
      const { verified, message } = breakpoints[i] as { verified: boolean; message?: string };
      const isLater = message?.endsWith('stops when the program counter arrives there.') ?? false;
      assert.ok(verified || isLater, `${message}: ${describe([point])}`);
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
  await set('setDataBreakpoints', ['access', 'register', 'csr'], 'breakpoints', (point) => ({
    ...dataOf(point),
    ...details(point),
  }));
  await set('setExceptionBreakpoints', ['trap'], 'filterOptions', ({ what, condition }) => {
    return { filterId: (what as { filter: string }).filter, condition: condition?.text };
  });
  await set('blkreplay/setEventBreakpoints', ['console'], 'breakpoints', (point) => ({
    ...{ kind: 'console', text: (point.what as { text: string }).text },
    ...details(point),
  }));
  return names;
}

function dataOf({ what, name: label }: TestPoint): object {
  if (what.kind === 'access') {
    const data = { address: `0x${what.address.toString(16)}`, lengthBytes: 8, label, type: 'unsigned long' };
    return { dataId: JSON.stringify(data), accessType: what.access === 'change' ? 'write' : what.access };
  }
  assert.ok(what.kind === 'register' || what.kind === 'csr');
  const register =
    what.kind === 'csr' ? { kind: 'csr', number: what.number } : { kind: 'register', register: what.register };
  return { dataId: JSON.stringify({ register, hart: what.hart, label }), accessType: 'write' };
}

/** The stops of a run to the end of the recording, or to its start. */
async function stopsOf(dap: DapClient, command: string, names: ReadonlyMap<number, string>): Promise<string[]> {
  const stops: string[] = [];
  for (;;) {
    const { reason, hitBreakpointIds } = await dap.until(command);
    if (reason === 'pause' || reason === 'entry') return stops;
    const points = (hitBreakpointIds as number[]).map((id) => names.get(id)!).sort();
    stops.push(`${dap.place.position}: ${points.join()}`);
  }
}

/** The messages of logpoints so far. */
const messagesOf = (dap: DapClient): string[] =>
  dap.events.flatMap(({ event, body }) =>
    event === 'output' && body.category === 'console' && /^p\d+ /.test(body.output as string)
      ? [(body.output as string).trimEnd()]
      : [],
  );

const describe = (points: readonly TestPoint[]): string =>
  JSON.stringify(points, (_, value: unknown) => (typeof value === 'bigint' ? `0x${value.toString(16)}` : value));
