/** Random requests never end a session or cause an internal error, and the recording replays to the same end.
 *
 * The requests are random, but each is valid in the current state, and the machine is being recorded. A run that does
 * not stop by itself can be paused.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Sandbox } from '../support/cli.ts';
import { DapClient, demoLaunch } from '../support/dapClient.ts';
import { guest } from '../support/guests.ts';
import { SeededRandom } from '../support/seededRandom.ts';

const ACTS = 100;
/** The time after which a step or run is paused, in milliseconds. Most steps and runs end by themselves before then. */
const RUN_MS = 300;

type Body = Record<string, any>; // eslint-disable-line @typescript-eslint/no-explicit-any

interface Program {
  launch(sandbox: Sandbox): object;
  functions: readonly string[];
  expressions: readonly string[];
  typed?: string;
}

const PROGRAMS: Record<string, Program> = {
  demo: {
    launch: (sandbox) => demoLaunch(sandbox, { stopOnEntry: true }),
    functions: ['main', 'journal_checkpoint', 'store_put', 'statistics_sample', 'machine_trap', 'crc32', 'nothing'],
    expressions: ['store', 'store.superblock.entry_count', '&store', 'level', '$pc', 'nothing', '1 +', '*(char *)0'],
  },
  kernel: {
    launch: (sandbox) => demoLaunch(sandbox, { kernel: guest('kernel/oslet'), stopOnEntry: true, console: 'terminal' }),
    functions: ['main', 'syscall', 'console_read', 'switch_to', 'page_fault', 'timer_interrupt', 'nothing'],
    expressions: ['current', '*current', 'processes', '$sp', '$satp', 'nothing'],
    typed: 'echo one\nls\nps\nwriteblk 3 hello\nspin 1\n',
  },
  harts: {
    launch: (sandbox) => demoLaunch(sandbox, { kernel: guest('harts/harts'), drives: [], stopOnEntry: true, harts: 4 }),
    functions: ['take_turns', 'go_round', 'count_own', 'trap', 'barrier'],
    expressions: ['harts', 'count', '*hart', '$mhartid'],
  },
};

for (const [name, program] of Object.entries(PROGRAMS)) {
  test(`${name}: random requests keep the session alive and the recording replays`, async (t) => {
    const random = SeededRandom.forTest(t);
    const sandbox = new Sandbox(t);
    const dap = new DapClient(t);
    const launch = program.launch(sandbox);
    await dap.start(launch);
    await dap.event('stopped');
    const soak = new Soak(dap, random, program);
    for (let act = 0; act < ACTS; act++) await soak.act();
    const { end } = dap.place;
    assert.equal(await dap.leave(), 0);
    assert.equal(dap.stderr, '');
    const diagnostics = dap.events.filter(({ event, body }) => event === 'output' && body.category === 'stderr');
    assert.deepEqual(diagnostics, []);
    const replay = new DapClient(t);
    await replay.start({ ...launch, rr: 'replay', stopOnEntry: false });
    const stop = await replay.event('stopped');
    assert.ok([stop.description, stop.text].includes('End of recording'), JSON.stringify(stop));
    assert.equal(replay.place.position, end);
  });
}

class Soak {
  private dap: DapClient;
  private random: SeededRandom;
  private program: Program;
  private snapshots: string[] = [];
  private snapshotsMade = 0;

  constructor(dap: DapClient, random: SeededRandom, program: Program) {
    this.dap = dap;
    this.random = random;
    this.program = program;
  }

  async act(): Promise<void> {
    const kind = this.random.below(10);
    if (kind < 4) await this.run();
    else if (kind < 5) await this.breakpoints();
    else if (kind < 6) await this.snapshot();
    else if (kind < 7) await this.write();
    else await this.look();
  }

  private async run(): Promise<void> {
    const { dap, random } = this;
    const steps = ['next', 'stepIn', 'stepOut', 'stepBack', 'blkreplay/reverseStepIn', 'blkreplay/reverseStepOut'];
    const command = random.pick([...steps, ...steps, 'continue', 'reverseContinue', 'blkreplay/goTo']);
    const { start, end } = dap.place;
    const threads = (await this.ask('threads', {}))!.threads as { id: number }[];
    const position = start + random.below(end - start + 1);
    const granularity = random.pick(['line', 'statement', 'instruction']);
    if (!(await this.ask(command, { threadId: random.pick(threads).id, granularity, position }))) return;
    if (this.program.typed && random.chance(0.3)) {
      await this.ask('blkreplay/consoleInput', { base64: btoa(this.program.typed) });
    }
    const stopped = dap.event('stopped');
    const late = sleep(RUN_MS).then(() => 'late');
    if ((await Promise.race([stopped, late])) === 'late') await this.ask('pause', { threadId: 1 });
    const stop = await stopped;
    assert.ok(threads.some(({ id }) => id === stop.threadId));
    const place = dap.place;
    assert.ok(place.start <= place.position && place.position <= place.end && !place.isRunning, JSON.stringify(place));
  }

  private async breakpoints(): Promise<void> {
    const { random, program } = this;
    const some = <T>(all: readonly T[]) => all.filter(() => random.chance(0.2));
    if (random.chance(0.5)) {
      const breakpoints = some(program.functions).map((name) => ({ name }));
      await this.ask('setFunctionBreakpoints', { breakpoints });
    } else if (random.chance(0.5)) {
      const address = 0x8000_0000 + random.below(0x8000);
      await this.ask('setInstructionBreakpoints', {
        breakpoints: random.chance(0.5) ? [{ instructionReference: `0x${address.toString(16)}` }] : [],
      });
    } else {
      const info = await this.ask('dataBreakpointInfo', { name: random.pick(program.expressions) });
      const accessType = random.pick(['write', 'read', 'readWrite']);
      const breakpoints = info?.dataId && random.chance(0.5) ? [{ dataId: info.dataId, accessType }] : [];
      await this.ask('setDataBreakpoints', { breakpoints });
    }
  }

  private async snapshot(): Promise<void> {
    const { random, snapshots } = this;
    const fresh = `snapshot ${this.snapshotsMade++}`;
    const name = snapshots.length > 0 ? random.pick(snapshots) : 'none';
    const kept = snapshots.filter((other) => other !== name);
    if (random.chance(0.5)) {
      if (await this.ask('blkreplay/takeSnapshot', { name: fresh })) snapshots.push(fresh);
    } else if (random.chance(0.5)) {
      if (await this.ask('blkreplay/deleteSnapshot', { name })) this.snapshots = kept;
    } else if (await this.ask('blkreplay/renameSnapshot', { name, newName: fresh })) this.snapshots = [...kept, fresh];
    const overview = (await this.ask('blkreplay/overview', {}))!;
    const names = overview.snapshots.map((snapshot: { name: string }) => snapshot.name);
    for (const made of this.snapshots) assert.ok(names.includes(made), `${made} in ${names}`);
  }

  /**
   * At the live end, the write becomes part of the recording; elsewhere, it is rejected. Its effect on the guest is not
   * checked.
   */
  private async write(): Promise<void> {
    const { dap, random } = this;
    if (random.chance(0.5)) {
      const address = `0x${(0x8000_0000 + random.below(0x40000)).toString(16)}`;
      const data = Buffer.from(random.bytes(1 + random.below(4))).toString('base64');
      await this.ask('writeMemory', { memoryReference: address, offset: 0, data });
    } else {
      const { id: frameId } = await dap.topFrame();
      const register = `$${random.pick(['a0', 't1', 's2', 'tp'])}`;
      await this.ask('setExpression', { expression: register, value: `${random.below(1000)}`, frameId });
    }
  }

  private async look(): Promise<void> {
    const { random, program } = this;
    const threads = (await this.ask('threads', {}))!.threads as { id: number }[];
    const { stackFrames } = (await this.ask('stackTrace', { threadId: random.pick(threads).id }))!;
    assert.ok(stackFrames.length > 0);
    const { id: frameId, instructionPointerReference } = random.pick<{
      id: number;
      instructionPointerReference: string;
    }>(stackFrames);
    const { scopes } = (await this.ask('scopes', { frameId }))!;
    const { variablesReference } = random.pick<{ variablesReference: number }>(scopes);
    await this.ask('variables', { variablesReference });
    await this.ask('evaluate', { expression: random.pick(program.expressions), frameId, context: 'watch' });
    const memoryReference = instructionPointerReference;
    await this.ask('readMemory', { memoryReference, offset: random.below(1000) - 500, count: random.below(300) });
    await this.ask('disassemble', { memoryReference, instructionOffset: random.below(40) - 20, instructionCount: 20 });
  }

  /**
   * Returns the response's body, or undefined if the request is rejected. A rejection must have a user-readable
   * message.
   */
  private async ask(command: string, args: object): Promise<Body | undefined> {
    const { success, body } = await this.dap.send(command, args);
    if (success) return (body as Body | undefined) ?? {};
    const { format } = (body as { error: { format: string } }).error;
    assert.doesNotMatch(format, /bug in blkreplay/, `${command} ${JSON.stringify(args)}`);
    return undefined;
  }
}
