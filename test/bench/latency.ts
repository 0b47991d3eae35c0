import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DapClient } from '../support/dapClient.ts';
import { guest, SESSION } from '../support/guests.ts';
import { SeededRandom } from '../support/seededRandom.ts';
import { milliseconds, reportTimes } from './figures.ts';

const STEPS_MIN = 100_000_000;
/** The number of consecutive steps back before each jump to another position. */
const IN_A_ROW = 20;
/**
 * The number of requests of each kind during one reverse run, and the maximum pause before each of them in
 * milliseconds. A whole reverse run takes 120 ms or more.
 */
const ASKED_IN_A_RUN = 5;
const ASKED_EVERY = 16;
const TARGETS = { instruction: 50, line: 150, answer: 100, pause: 200 };
/** Every guest system call goes through this function, so a reverse-continue to it can end at many positions. */
const MANY_PLACES = 'syscall';
/** The kernel's first instruction is never overwritten, so the search for a write covers the whole history. */
const NEVER_WRITTEN = '*(unsigned long *)0x80000000';

const KERNEL = guest('kernel/oslet');

/**
 * Measures how long a user waits for the debug adapter, which is a separate process: the time from a step request to
 * its `stopped` event, and the response time of other requests during a long reverse run. The kernel guest is recorded
 * first, with more shell input than in other tests, so that the recording exceeds 100 million steps. Times are in
 * milliseconds.
 */
export async function measureLatency(samples: number): Promise<void> {
  const folder = mkdtempSync(path.join(tmpdir(), 'blkreplay-bench-'));
  const client = new DapClient({ after: () => {} });
  try {
    const steps = record(folder);
    console.log(
      `\ndebug adapter: the kernel guest, ${steps.toLocaleString('en')} steps recorded; ms from request to answer`,
    );
    console.log(
      `load average ${loadavg()[0].toFixed(1)} on ${availableParallelism()} processors: what else runs here counts too`,
    );
    console.log(`${''.padEnd(60)}${['p50', 'p95', 'max', 'target'].map((name) => name.padStart(8)).join('')}`);
    await client.start(settings(folder));
    await client.event('stopped');
    await measureSteps(client, samples);
    await measureWhileRunning(client, samples);
  } finally {
    await client.leave();
    rmSync(folder, { recursive: true });
  }
}

function record(folder: string): number {
  writeFileSync(path.join(folder, 'disk.img'), new Uint8Array(4 << 20));
  const typed = readFileSync(SESSION, 'latin1').replace(/poweroff\s*$/, 'spin 12\nspin 12\npoweroff\n');
  writeFileSync(path.join(folder, 'typed.txt'), typed);
  const drive = 'id=hd0,image=disk.img,format=raw,overlay=hd0.qcow2';
  const options = ['--kernel', KERNEL, '--rrfile', 'a.rr', '--drive', drive, '--stdin', 'typed.txt', '--json'];
  const cli = path.resolve('dist/cli.js');
  const { stderr, status } = spawnSync(process.execPath, [cli, 'record', ...options], {
    ...{ cwd: folder, encoding: 'utf8' },
  });
  const position = status === 0 ? JSON.parse(stderr.trimEnd().split('\n').at(-1)!).position : 0;
  if (position < STEPS_MIN) throw new Error(`the recording has only ${position} steps: ${stderr}`);
  return position;
}

const settings = (cwd: string): object => ({
  ...{ rr: 'replay', rrfile: 'a.rr', cwd, kernel: KERNEL, idle: 'warp', symbols: [guest('kernel/user/spin')] },
  drives: [{ id: 'hd0', image: 'disk.img', format: 'raw', overlay: 'hd0.qcow2' }],
});

// --- steps -------------------------------------------------------------------------------------------------------------

async function measureSteps(client: DapClient, samples: number): Promise<void> {
  const random = new SeededRandom(2);
  const kinds = [
    { granularity: 'instruction', what: 'reverse step by instruction', target: TARGETS.instruction },
    { granularity: 'line', what: 'step back over a line', target: TARGETS.line },
  ];
  const positions = [
    { how: 'consecutive steps', goOn: (i: number) => (i % IN_A_ROW === 0 ? toAnotherPosition(client) : undefined) },
    { how: 'each after a reverse-continue', goOn: () => toAnotherPosition(client) },
    { how: 'each after running forwards', goOn: () => runAndPause(client, random) },
  ];
  for (const { granularity, what, target } of kinds) {
    for (const { how, goOn } of positions) {
      await client.until('continue');
      const times: number[] = [];
      for (let tries = 0; times.length < samples; tries++) {
        if (tries > 3 * samples) throw new Error(`${what}, ${how}: it came to the beginning too often`);
        await goOn(tries);
        const start = performance.now();
        const { reason } = await client.until('stepBack', { threadId: 1, granularity });
        const time = performance.now() - start;
        // A step back across a process switch can go far back. If it reaches the beginning of the recording, its time
        // is not counted.
        if (reason === 'step') times.push(time);
        else await client.until('continue');
      }
      reportTimes(`${what}, ${how}`, times, target);
    }
  }
}

async function toAnotherPosition(client: DapClient): Promise<void> {
  await client.request('setFunctionBreakpoints', { breakpoints: [{ name: MANY_PLACES }] });
  await client.until('reverseContinue');
  await client.request('setFunctionBreakpoints', { breakpoints: [] });
}

/** Runs a few million steps and pauses. If the run reaches the end of the recording, tries again from the beginning. */
async function runAndPause(client: DapClient, random: SeededRandom): Promise<void> {
  await client.request('continue', { threadId: 1 });
  await sleep(20 + random.below(40));
  await client.send('pause', { threadId: 1 });
  const { description } = await client.event('stopped');
  if (description !== 'End of recording') return;
  await client.until('reverseContinue');
  await runAndPause(client, random);
}

// --- requests during a run ---------------------------------------------------------------------------------------------

/**
 * Measures requests of every kind during reverse runs over the whole history, and a pause request at a random moment of
 * each run.
 */
async function measureWhileRunning(client: DapClient, samples: number): Promise<void> {
  const random = new SeededRandom(1);
  const { dataId } = await client.request('dataBreakpointInfo', { name: NEVER_WRITTEN });
  await client.request('setDataBreakpoints', { breakpoints: [{ dataId, accessType: 'write' }] });
  const requests: Record<string, () => Promise<unknown>> = {
    threads: () => client.request('threads'),
    'evaluate (refused)': () => client.send('evaluate', { expression: '1', context: 'repl' }),
    'stackTrace (refused)': () => client.send('stackTrace', { threadId: 1 }),
    setFunctionBreakpoints: () => client.request('setFunctionBreakpoints', { breakpoints: [] }),
  };
  const times = new Map<string, number[]>(Object.keys(requests).map((name) => [name, []]));
  const pauses: number[] = [];
  for (let tries = 0; pauses.length < samples / ASKED_IN_A_RUN; tries++) {
    if (tries > samples) throw new Error('the way back was too short to be paused');
    await client.until('continue');
    const isOver = whenStopped(client);
    await client.request('reverseContinue', { threadId: 1 });
    for (let i = 0; i < ASKED_IN_A_RUN && !isOver(); i++) {
      await sleep(random.below(ASKED_EVERY));
      for (const [name, ask] of Object.entries(requests)) {
        const time = await milliseconds(ask);
        if (!isOver()) times.get(name)!.push(time);
      }
    }
    const start = performance.now();
    const { reason } = await client.until('pause');
    if (reason === 'pause') pauses.push(performance.now() - start);
  }
  for (const [name, list] of times) reportTimes(`while a reverse-continue runs: ${name}`, list, TARGETS.answer);
  reportTimes('while a reverse-continue runs: pause, until it stops', pauses, TARGETS.pause);
}

/** Returns a function that reports whether the machine has stopped since this call. */
function whenStopped({ events }: DapClient): () => boolean {
  const from = events.length;
  return () => events.slice(from).some(({ event }) => event === 'stopped');
}
