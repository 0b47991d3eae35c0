/** Moving through the history many times leaks no memory, scratch space or open files.
 *
 * After all moves and snapshots, the adapter uses about as much memory and as many files as after a tenth of the moves.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { TRAVEL_BUDGET } from '../../debug-adapter/engine/timeline/travelBudget.ts';
import { Sandbox } from '../support/cli.ts';
import { DapClient, demoLaunch } from '../support/dapClient.ts';
import type { MemoryReport } from '../support/memoryProbe.ts';
import { SeededRandom } from '../support/seededRandom.ts';

const MOVES = Number(process.env.BLKREPLAY_LOOKS ?? 1500);
/** After this many moves the caches are full of snapshots, as in normal use. */
const WARM_UP_MOVES = MOVES / 10;
/**
 * The simulated user takes a snapshot whenever this many moves have been made, so the first measurement already
 * includes snapshots.
 */
const MOVES_PER_SNAPSHOT = 10;
/** A small guest, so that its own memory does not mask growth. */
const SMALL = { memory: '32M' };
/** Most moves go to a position within this many steps of the current one. */
const NEAR = 1_000_000;
/** Resident memory of Node itself: code, thread stacks and allocator overhead. */
const PROGRAM_BYTES = 128 << 20;
/**
 * The measured growth over 10,000 moves is 5% to 7% of the needed memory and 2% to 8% of the resident set. V8 compiles
 * more functions, and newly hot guest code is translated to more WebAssembly modules; each module uses about 30 KiB.
 */
const GROWTH_MAX = 1.1;
/**
 * With different seeds, the later mean length of the scratch files was 0.6 to 1.1 times the earlier one. A leak of one
 * 4 KiB cluster per move would multiply it by ten.
 */
const SCRATCH_GROWTH_MAX = 1.5;
/**
 * The scratch files contain the disk states of the cached snapshots, so their length depends on the positions that the
 * user has visited. The length is averaged over this many moves.
 */
const SCRATCH_MOVES = WARM_UP_MOVES / 2;

test(
  'while replaying, repeated moves through the history do not increase memory use or the number of files',
  { skip: skipped() },
  async (t) => {
    const sandbox = new Sandbox(t);
    const launch = demoLaunch(sandbox, SMALL);
    const recording = new DapClient(t);
    await recording.start(launch);
    await recording.event('stopped');
    await recording.leave();
    await measureRepeatedMoves(t, sandbox, { ...launch, rr: 'replay' });
  },
);

test(
  'while recording, repeated moves through the history do not increase memory use or the number of files',
  { skip: skipped() },
  async (t) => {
    const sandbox = new Sandbox(t);
    await measureRepeatedMoves(t, sandbox, demoLaunch(sandbox, SMALL));
  },
);

async function measureRepeatedMoves(t: TestContext, sandbox: Sandbox, launch: object): Promise<void> {
  const random = SeededRandom.forTest(t);
  const adapter = new MeasuredAdapter(t, sandbox);
  const { dap } = adapter;
  await dap.start(launch);
  await dap.event('stopped');
  const viewer = new RandomUser(dap, random);
  await viewer.explore(WARM_UP_MOVES - SCRATCH_MOVES);
  const scratchBefore = await adapter.scratchDuring(viewer);
  const before = await adapter.measure();
  const earlySnapshots = viewer.snapshots;
  await viewer.explore(MOVES - WARM_UP_MOVES - SCRATCH_MOVES);
  const scratchAfter = await adapter.scratchDuring(viewer);
  const after = await adapter.measure();
  t.diagnostic(`mean length of the scratch files: ${scratchBefore} bytes, later ${scratchAfter} bytes`);
  t.diagnostic(`after ${WARM_UP_MOVES} looks and ${earlySnapshots} snapshots ${JSON.stringify(before)}`);
  t.diagnostic(`after ${MOVES} looks and ${viewer.snapshots} snapshots ${JSON.stringify(after)}`);
  assert.ok(after.usedBytes <= before.usedBytes * GROWTH_MAX, `used: ${after.usedBytes} bytes`);
  // `neededBytes` is the resident set without the pages that V8 keeps for later use. The number of these pages depends
  // on the last garbage collection.
  assert.ok(after.neededBytes <= before.neededBytes * GROWTH_MAX, `needed: ${after.neededBytes} bytes`);
  assert.ok(after.residentBytes <= before.residentBytes * GROWTH_MAX, `resident: ${after.residentBytes} bytes`);
  assert.ok(after.residentBytes <= after.usedBytes + PROGRAM_BYTES, `resident: ${after.residentBytes} bytes`);
  assert.ok(scratchAfter <= scratchBefore * SCRATCH_GROWTH_MAX, `scratch: ${scratchAfter} bytes`);
  assert.ok(after.scratchBytes <= TRAVEL_BUDGET.scratchBytes);
  assert.equal(after.openFiles, before.openFiles);
  assert.equal(await dap.leave(), 0);
  assert.equal(dap.stderr, '');
}

/** Simulates a user who is searching for something in the history. */
class RandomUser {
  snapshots = 0;
  private moves = 0;
  private dap: DapClient;
  private random: SeededRandom;

  constructor(dap: DapClient, random: SeededRandom) {
    this.dap = dap;
    this.random = random;
  }

  /** Makes the given number of moves and takes a snapshot now and then. */
  async explore(moves: number): Promise<void> {
    for (let i = 0; i < moves; i++) {
      await this.move();
      if (++this.moves % MOVES_PER_SNAPSHOT === 0) await this.takeSnapshot();
    }
  }

  private async move(): Promise<void> {
    const { dap, random } = this;
    const dice = random.below(20);
    if (dice < 2) await this.goNear(dap.place.end, Infinity);
    else if (dice < 12) await this.goNear(dap.place.position, NEAR);
    else if (dice < 15) await dap.until('stepBack', { threadId: 1, granularity: 'instruction' });
    else if (dice < 17) await dap.until('stepBack', { threadId: 1 });
    else if (dice < 19) await dap.until('next', { threadId: 1 });
    else await this.searchBack();
    if (random.chance(0.1)) await this.lookAround();
    dap.forgetEvents();
  }

  private async goNear(where: number, distance: number): Promise<void> {
    const { start, end } = this.dap.place;
    const [from, to] = [Math.max(start, where - distance), Math.min(end, where + distance)];
    await this.dap.until('blkreplay/goTo', { position: from + this.random.below(to - from) });
  }

  private async takeSnapshot(): Promise<void> {
    await this.dap.request('blkreplay/takeSnapshot', { name: `look ${this.snapshots++}` });
  }

  private async searchBack(): Promise<void> {
    const { dap, random } = this;
    const name = random.pick(['crc32', 'journal_checkpoint', 'store_put']);
    await dap.request('setFunctionBreakpoints', { breakpoints: [{ name }] });
    await dap.until('reverseContinue');
    await dap.request('setFunctionBreakpoints', { breakpoints: [] });
  }

  private async lookAround(): Promise<void> {
    const { dap } = this;
    const { id: frameId } = await dap.topFrame();
    const { scopes } = await dap.request('scopes', { frameId });
    for (const { variablesReference } of scopes) await dap.request('variables', { variablesReference });
    await dap.request('evaluate', { expression: '$pc', frameId, context: 'watch' });
    await dap.request('blkreplay/overview');
  }
}

/** An adapter whose memory and files are measured from outside its process. */
class MeasuredAdapter {
  readonly dap: DapClient;
  private report: string;

  constructor(t: TestContext, sandbox: Sandbox) {
    this.report = path.join(sandbox.folder, 'memory.json');
    this.dap = new DapClient(t, {
      options: ['--expose-gc', '--import', path.resolve(import.meta.dirname, '../support/memoryProbe.ts')],
      env: { ...process.env, BLKREPLAY_MEMORY_PROBE: this.report },
    });
  }

  async measure() {
    fs.rmSync(this.report, { force: true });
    process.kill(this.dap.pid, 'SIGUSR2');
    for (let waited = 0; waited < 20_000 && !this.isReported(); waited += 50) await sleep(50);
    const memory = JSON.parse(fs.readFileSync(this.report, 'utf8')) as MemoryReport;
    const files = this.openFiles();
    return { ...memory, scratchBytes: scratchBytes(files), openFiles: files.length };
  }

  /** The mean length of the scratch files, in bytes, while the user makes SCRATCH_MOVES moves. */
  async scratchDuring(user: RandomUser): Promise<number> {
    let sum = 0;
    for (let move = 0; move < SCRATCH_MOVES; move++) {
      await user.explore(1);
      sum += scratchBytes(this.openFiles());
    }
    return Math.round(sum / SCRATCH_MOVES);
  }

  private isReported(): boolean {
    return fs.existsSync(this.report) && fs.readFileSync(this.report, 'utf8').endsWith('}');
  }

  private openFiles(): OpenFile[] {
    const folder = `/proc/${this.dap.pid}/fd`;
    return fs.readdirSync(folder).flatMap((fd) => {
      const file = path.join(folder, fd);
      const name = fs.readlinkSync(file);
      return name.startsWith('/') ? [{ name, size: fs.statSync(file).size }] : [];
    });
  }
}

interface OpenFile {
  name: string;
  size: number;
}

/** The total length of the scratch files, in bytes. */
const scratchBytes = (files: readonly OpenFile[]): number =>
  files.filter(({ name }) => /\.(scratch|past)\b/.test(name)).reduce((sum, { size }) => sum + size, 0);

function skipped(): string | false {
  return process.platform === 'linux' ? false : 'open files and memory are looked at in /proc';
}
