import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { complete } from '../../debug-adapter/engine/base/sliced.ts';
import {
  LiveInputs,
  openRecord,
  type Predicate,
  type StopPoints,
  type Timeline,
} from '../../debug-adapter/engine/index.ts';
import { nodeHost } from '../../debug-adapter/host/nodeHost.ts';
import { isInstalled, median, QEMU } from './processes.ts';

const SPIN = path.resolve(import.meta.dirname, '../guests/spin');
const RAM = 0x8000_0000;
const MEMORY_BYTES = 64 << 20;
const PAGE = 4096;
/**
 * The number of steps before a measurement, enough for the guest to reach its loops and for its code to be translated.
 */
const WARM_UP = 60_000_000;
/** The minimum duration of a measurement without stop points. */
const SECONDS = 5;
const NONE: StopPoints = { breakpoints: new Set(), watchpoints: [] };
const GDB = 'gdb-multiarch';

/**
 * Measures the cost of stop points that never stop the guest. In each round, a guest is recorded once without stop
 * points and once with each kind of stop point, from the same state and for the same number of steps. The guests are
 * the loop around a load in test/guests/spin, and the ELF files in the folder named by BLKREPLAY_BENCH_GUESTS.
 */
export function measureStops(pairs: number): void {
  console.log(`\nstop points that do not stop, median of ${pairs} pairs; ratios: how many times as long as without`);
  const folder = process.env.BLKREPLAY_BENCH_GUESTS;
  const more = folder ? readdirSync(folder).filter((name) => name.endsWith('.elf')) : [];
  if (!folder) console.log('more guests are skipped: the environment variable BLKREPLAY_BENCH_GUESTS names no folder');
  for (const file of [path.join(SPIN, 'load.elf'), ...more.sort().map((name) => path.join(folder!, name))]) {
    measureGuest(file, pairs);
  }
  measureSpinningLock(pairs);
}

function measureGuest(kernel: string, pairs: number): void {
  const guest = inspectGuest(kernel);
  const forward: Record<string, number[]> = {};
  for (let pair = 0; pair < pairs; pair++) {
    const base = secondsOf(kernel, guest, NONE);
    for (const [name, { points }] of Object.entries(casesOf(guest))) {
      (forward[name] ??= []).push(secondsOf(kernel, guest, points) / base);
    }
  }
  console.log(
    `${path.basename(kernel)}: ${guest.runs} x ${guest.steps / 1e6} M steps, hottest instruction at 0x${guest.hot.toString(16)}`,
  );
  for (const [name, { wanted }] of Object.entries(casesOf(guest))) {
    console.log(`  ${name.padEnd(58)} ${median(forward[name]).toFixed(2).padStart(6)}  (wanted: at most ${wanted})`);
  }
  const back = Array.from({ length: pairs }, () => backwardRatio(kernel, guest));
  for (const name of Object.keys(back[0])) {
    const ratio = median(back.map((one) => one[name])).toFixed(2);
    console.log(`  ${`backward: ${name}`.padEnd(58)} ${ratio.padStart(6)}  (wanted: at most 5)`);
  }
  compareWithGdb(kernel, guest.hot);
}

interface Guest {
  /** The number of steps of one run. */
  steps: number;
  /** The number of runs that together take SECONDS seconds without stop points. */
  runs: number;
  /** The address of an instruction in the hottest loop. */
  hot: bigint;
  /** An address at which no instruction is executed, on the same page as `hot`; absent if there is none. */
  sameUnused: bigint | undefined;
  /** The address of a word that does not change, on the page to which the guest writes most. */
  beside: number | undefined;
}

function inspectGuest(kernel: string): Guest {
  return withRecording(kernel, (timeline) => {
    complete(timeline.forward(WARM_UP));
    const counts = new Map<bigint, number>();
    for (let i = 0; i < 400; i++) {
      complete(timeline.forward(timeline.position + 1 + (i % 7)));
      const { pc } = timeline.inspect();
      counts.set(pc, (counts.get(pc) ?? 0) + 1);
    }
    const [[hot]] = [...counts].sort(([, a], [, b]) => b - a);
    const candidates = wordsBesideWrites(timeline);
    const { steps, runs } = extentOf(timeline);
    return {
      ...{ steps, runs, hot },
      sameUnused: neverExecuted(kernel, hot & ~0xfffn, WARM_UP + steps),
      beside: candidates.find((word) => isNeverChanged(kernel, word, WARM_UP + steps)),
    };
  });
}

/**
 * The number of steps in a run, and the number of runs that together take SECONDS seconds: more than one if the guest
 * shuts down earlier.
 */
function extentOf(timeline: Timeline): { steps: number; runs: number } {
  for (let steps = 100_000_000, before = 0; ; steps *= 2) {
    const start = performance.now();
    const { kind } = complete(timeline.forward(timeline.position + steps));
    const taken = (performance.now() - start) / 1000;
    if (taken >= SECONDS) return { steps, runs: 1 };
    before += taken;
    if (kind === 'ended') return { steps: timeline.position - WARM_UP, runs: Math.ceil(SECONDS / before) };
  }
}

function isNeverChanged(kernel: string, address: number, steps: number): boolean {
  return withRecording(kernel, (timeline) => {
    complete(timeline.forward(WARM_UP));
    timeline.arm({ ...NONE, watchpoints: [{ id: 1, address, lengthBytes: 4, access: 'change' }] });
    const { kind } = complete(timeline.forward(steps));
    return kind === 'reached' || kind === 'ended';
  });
}

/**
 * Finds an address at which no instruction is executed: sets breakpoints on the whole page, and removes each one that
 * is hit.
 */
function neverExecuted(kernel: string, page: bigint, steps: number): bigint | undefined {
  const left = new Set(Array.from({ length: PAGE / 2 }, (_, i) => page + BigInt(i * 2)));
  return withRecording(kernel, (timeline) => {
    for (;;) {
      timeline.arm({ breakpoints: left, watchpoints: [] });
      const { kind } = complete(timeline.forward(steps));
      if (kind === 'reached' || kind === 'ended') return [...left][0];
      if (!left.delete(timeline.inspect().pc)) throw new Error(`the guest stopped: ${kind}`);
    }
  });
}

/** Finds the page that changes most often during a short run, and the words in it that do not change. */
function wordsBesideWrites(timeline: Timeline): number[] {
  const read = () => timeline.inspect().readMemory(BigInt(RAM), MEMORY_BYTES).slice();
  const before = read();
  complete(timeline.forward(timeline.position + 1_000_000));
  const after = read();
  let best: { changes: number; page: number } = { changes: 0, page: 0 };
  for (let page = 0; page < MEMORY_BYTES; page += PAGE) {
    let changes = 0;
    for (let i = page; i < page + PAGE; i++) if (before[i] !== after[i]) changes++;
    if (changes > best.changes) best = { changes, page };
  }
  if (best.changes === 0) return [];
  return Array.from({ length: PAGE / 8 }, (_, i) => best.page + i * 8)
    .filter((at) => before.subarray(at, at + 8).every((byte, i) => byte === after[at + i]))
    .map((at) => RAM + at);
}

const never = (left: Predicate): Predicate => ({
  ...{ kind: 'binary', operator: 'eq', left },
  right: { kind: 'constant', value: 0x1234_5678_9abcn },
});
const REGISTER: Predicate = { kind: 'register', register: 10 };
const MEMORY: Predicate = {
  ...{ kind: 'load', lengthBytes: 4, signed: false },
  address: { kind: 'constant', value: BigInt(RAM) },
};

function casesOf({ hot, sameUnused, beside }: Guest): Record<string, { points: StopPoints; wanted: number }> {
  const breakpoints = (...addresses: bigint[]): StopPoints => ({ breakpoints: new Set(addresses), watchpoints: [] });
  const condition = (left: Predicate): StopPoints => ({
    ...breakpoints(hot),
    predicates: new Map([[hot, never(left)]]),
  });
  const watch = (address: number): StopPoints => ({
    ...NONE,
    watchpoints: [{ id: 1, address, lengthBytes: 4, access: 'change' }],
  });
  const far = BigInt(RAM + MEMORY_BYTES - PAGE);
  const many = Array.from({ length: 500 }, (_, i) => far - BigInt(i * 0x1004));
  const unused = sameUnused === undefined ? [] : [sameUnused];
  return {
    'breakpoint that is never hit, other page': { points: breakpoints(far), wanted: 1.05 },
    ...(sameUnused === undefined
      ? {}
      : { 'breakpoint that is never hit, same page': { points: breakpoints(sameUnused), wanted: 1.05 } }),
    '500 breakpoints that are never hit': { points: breakpoints(...many, ...unused), wanted: 1.05 },
    'hottest loop, false condition on a register': { points: condition(REGISTER), wanted: 5 },
    'hottest loop, false condition on 4 bytes of memory': { points: condition(MEMORY), wanted: 5 },
    'watch on a cold page': { points: watch(RAM + MEMORY_BYTES - 2 * PAGE), wanted: 1.05 },
    ...(beside === undefined ? {} : { 'watch on a hot page, another word': { points: watch(beside), wanted: 2 } }),
  };
}

/** The time in seconds that the guest takes for the steps after the warm-up, summed over all runs. */
function secondsOf(kernel: string, { steps, runs }: Guest, points: StopPoints): number {
  const secondsOfOne = (timeline: Timeline): number => {
    complete(timeline.forward(WARM_UP));
    timeline.arm(points);
    const start = performance.now();
    const stop = complete(timeline.forward(WARM_UP + steps));
    if (stop.kind !== 'reached' && stop.kind !== 'ended') throw new Error(`the guest stopped: ${stop.kind}`);
    return (performance.now() - start) / 1000;
  };
  return Array.from({ length: runs }, () => withRecording(kernel, secondsOfOne)).reduce((sum, one) => sum + one, 0);
}

/**
 * The duration of a reverse run over the whole history with a breakpoint in the hottest loop whose condition is always
 * false, relative to that of a reverse run without stop points.
 */
function backwardRatio(kernel: string, { steps, hot }: Guest): Record<string, number> {
  return withRecording(kernel, (timeline) => {
    complete(timeline.forward(WARM_UP + steps));
    const end = timeline.position;
    const back = (points: StopPoints): number => {
      complete(timeline.goTo(end));
      timeline.arm(points);
      const start = performance.now();
      complete(timeline.backward());
      return performance.now() - start;
    };
    const breakpoints = new Set([hot]);
    const base = back(NONE);
    return {
      'false condition on a register':
        back({ ...NONE, breakpoints, predicates: new Map([[hot, never(REGISTER)]]) }) / base,
      'false condition on 4 bytes of memory':
        back({ ...NONE, breakpoints, predicates: new Map([[hot, never(MEMORY)]]) }) / base,
    };
  });
}

/**
 * Measures how long a reverse run takes to find the last change of a lock's value while the guest is spinning on the
 * lock.
 */
function measureSpinningLock(pairs: number): void {
  const kernel = path.join(SPIN, 'swap.elf');
  const ratios = Array.from({ length: pairs }, () =>
    withRecording(kernel, (timeline) => {
      complete(timeline.forward(WARM_UP));
      const address = lockOf(timeline);
      const steps = 1_000_000_000;
      const start = performance.now();
      complete(timeline.forward(timeline.position + steps));
      const forward = performance.now() - start;
      timeline.arm({ ...NONE, watchpoints: [{ id: 1, address, lengthBytes: 4, access: 'change' }] });
      const back = performance.now();
      complete(timeline.backward());
      return (performance.now() - back) / forward;
    }),
  );
  const name = 'swap.elf: reverse to where the spinning lock was taken';
  console.log(`${name.padEnd(60)} ${median(ratios).toFixed(2).padStart(6)}  (wanted: at most 2 forward runs)`);
}

/** Finds the lock: steps to the next AMO instruction and returns the physical address that it accesses. */
function lockOf(timeline: Timeline): number {
  for (;;) {
    complete(timeline.forward(timeline.position + 1));
    const inspector = timeline.inspect();
    const bytes = inspector.readMemory(inspector.pc, 4);
    const raw = bytes[0] | (bytes[1] << 8) | (bytes[2] << 16) | (bytes[3] << 24);
    if ((raw & 0x7f) === 0x2f) return inspector.translate(inspector.register((raw >> 15) & 31))!;
  }
}

/** Prints how many times per second gdb evaluates a false condition when it debugs the guest in QEMU. */
function compareWithGdb(kernel: string, hot: bigint): void {
  if (!isInstalled(QEMU) || !isInstalled(GDB)) {
    console.log(`  the comparison with gdb is skipped: ${QEMU} or ${GDB} is not installed`);
    return;
  }
  const evaluations = 2000;
  const folder = mkdtempSync(path.join(tmpdir(), 'blkreplay-bench-'));
  const socket = path.join(folder, 'gdb');
  const machine = [
    '-M',
    'virt',
    '-m',
    '64M',
    '-bios',
    'none',
    '-display',
    'none',
    '-serial',
    'null',
    '-monitor',
    'none',
  ];
  const qemu = spawn(QEMU, [...machine, '-kernel', kernel, '-S', '-gdb', `unix:${socket},server=on`], {
    stdio: 'ignore',
  });
  try {
    execFileSync('sleep', ['1']);
    const commands = [
      ...['set confirm off', 'set architecture riscv:rv64', `target remote ${socket}`, 'set $n = 0'],
      ...[`hbreak *0x${hot.toString(16)} if $n++ >= ${evaluations}`, 'continue', 'kill'],
    ];
    const start = performance.now();
    execFileSync(GDB, ['-nx', '-batch', ...commands.flatMap((command) => ['-ex', command])], {
      stdio: 'ignore',
      timeout: 60_000,
    });
    const rate = evaluations / ((performance.now() - start) / 1000);
    console.log(`  gdb with QEMU evaluates a false condition ${rate.toFixed(0)} times in a second`);
  } catch {
    console.log('  gdb with QEMU did not end within a minute');
  } finally {
    qemu.kill('SIGKILL');
    rmSync(folder, { recursive: true });
  }
}

function withRecording<T>(kernel: string, use: (timeline: Timeline) => T): T {
  const folder = mkdtempSync(path.join(tmpdir(), 'blkreplay-bench-'));
  const timeline = openRecord(nodeHost, {
    ...{ kernel, bios: null, initrd: null, append: '', memoryBytes: MEMORY_BYTES, idle: 'warp' },
    ...{ live: new LiveInputs([]), otherInputs: [], overwrite: false, onConsoleByte: () => {} },
    ...{ drives: [], rrfile: path.join(folder, 'a.rr'), rrsnapshot: 'replay_init', version: 'bench' },
  });
  try {
    return use(timeline);
  } finally {
    timeline.abandon();
    rmSync(folder, { recursive: true });
  }
}

if (import.meta.main) measureStops(Number(process.argv[2] ?? 3));
