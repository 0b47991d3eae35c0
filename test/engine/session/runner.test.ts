/** A run in slices stays responsive: messages, pauses and stops take effect between slices, and progress is saved. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type ClientSignals,
  PAUSED,
  PauseSignal,
  RunControl,
  Runner,
  type RunnerHost,
  type RunOwner,
  type Sliced,
  type StopReason,
} from '../../../debug-adapter/engine/index.ts';

const BREAKPOINT: StopReason = { kind: 'breakpoint', ids: [1], pc: 0x8000_0000n };

/** A simulated machine with a simulated clock, front end and event loop. */
class Scene implements RunnerHost {
  now = 1000;
  position = 0;
  isPauseRequested = false;
  /** Called whenever messages are delivered. */
  onMessages = (): void => {};
  deliveries = 0;
  progress: number[] = [];
  writeBacks: number[] = [];
  events: string[] = [];
  client?: FakeClient;
  readonly control = new RunControl();
  readonly pause = new PauseSignal();
  readonly runner: Runner;

  constructor({ client }: { client?: FakeClient } = {}) {
    this.client = client;
    const writeBack = () => void this.writeBacks.push(this.now);
    const position = () => this.position;
    const timeline = {
      pause: this.pause,
      writeBack,
      get position() {
        return position();
      },
    };
    this.runner = new Runner(timeline, this.control, this);
  }

  milliseconds(): number {
    return this.now;
  }

  async letMessagesIn(): Promise<void> {
    this.deliveries++;
    if (this.client) this.client.isMessageWaiting = false;
    this.onMessages();
  }

  wantsPause(): boolean {
    return this.isPauseRequested;
  }

  showProgress(): void {
    this.progress.push(this.now);
  }

  onRunStarted(owner: RunOwner): void {
    this.events.push(`started by ${owner}`);
  }

  onRunEnded(owner: RunOwner, reason: StopReason | undefined): void {
    this.events.push(`${owner}: ${reason?.kind ?? 'failed'}`);
  }

  slices(run: Computation | Sliced<StopReason>, owner: RunOwner = 'editor'): Promise<StopReason> {
    return this.runner.run(run instanceof Computation ? run.run() : run, { owner, mode: 'slices' });
  }
}

class FakeClient implements ClientSignals {
  isMessageWaiting = false;
  isClientBehind = false;
  onWait = (): void => {};
  onUrgent = (): void => {};
  waits = 0;
  answers = 0;

  hasMessage(): boolean {
    return this.isMessageWaiting;
  }

  answerUrgent(): void {
    this.answers++;
    this.isMessageWaiting = false;
    this.onUrgent();
  }

  isBehind(): boolean {
    return this.isClientBehind;
  }

  wait(): void {
    this.waits++;
    this.onWait();
  }
}

/** A run that takes a number of milliseconds of simulated time and advances the position every millisecond. */
class Computation {
  /** The lengths of the slices, in milliseconds. */
  readonly lengths: number[] = [];
  private scene: Scene;
  private left: number;
  private stepsPerMs: number;
  private onMillisecond: () => void;

  constructor(
    scene: Scene,
    milliseconds: number,
    { stepsPerMs = 1, onMillisecond = () => {} }: { stepsPerMs?: number; onMillisecond?: () => void } = {},
  ) {
    this.scene = scene;
    this.left = milliseconds;
    this.stepsPerMs = stepsPerMs;
    this.onMillisecond = onMillisecond;
  }

  *run(): Sliced<StopReason> {
    for (;;) {
      const reason = this.slice(this.scene.pause.isWanted);
      if (reason.kind !== 'pause') return reason;
      yield PAUSED;
    }
  }

  private slice(wantsPause: () => boolean): StopReason {
    const slice = this.lengths.push(0) - 1;
    while (this.left > 0) {
      if (wantsPause()) return { kind: 'pause' };
      this.left--;
      this.lengths[slice]++;
      this.scene.now++;
      this.scene.position += this.stepsPerMs;
      this.onMillisecond();
    }
    return BREAKPOINT;
  }
}

// --- slices ------------------------------------------------------------------------------------------------------------

test('a run is divided into slices of 20 ms, and messages are delivered between them', async () => {
  const scene = new Scene();
  const run = new Computation(scene, 50);
  assert.equal(await scene.slices(run), BREAKPOINT);
  assert.deepEqual(run.lengths, [20, 20, 10]);
  assert.deepEqual(scene.progress, [1020, 1040, 1050], 'progress is shown after each slice, including the last one');
  assert.equal(scene.deliveries, 2, 'no message is delivered between the stop and its report');
  assert.deepEqual(scene.events, ['started by editor', 'editor: breakpoint']);
});

test('if requested, messages are also delivered after the last slice, while the machine still counts as running', async () => {
  const scene = new Scene();
  const states: string[] = [];
  scene.onMessages = () => states.push(scene.control.state.kind);
  await scene.runner.run(new Computation(scene, 10).run(), { owner: 'gdb', mode: 'slices', yieldsAtStop: true });
  assert.deepEqual(states, ['running']);
  assert.equal(scene.control.state.kind, 'stopped');
});

test('a message from a client in another thread ends a slice early', async () => {
  const client = new FakeClient();
  const scene = new Scene({ client });
  const onMillisecond = () => (client.isMessageWaiting = [1007, 1300].includes(scene.now));
  const run = new Computation(scene, 600, { onMillisecond });
  assert.equal(await scene.runner.run(run.run(), { owner: 'editor', mode: 'longSlices' }), BREAKPOINT);
  assert.deepEqual(run.lengths, [7, 250, 43, 250, 50]);
});

test('while a backward run makes no progress, its slices become longer', async () => {
  const scene = new Scene();
  const run = new Computation(scene, 1100, { stepsPerMs: 0 });
  // The search reaches the previous segment during the third slice.
  scene.onMessages = () => {
    if (scene.deliveries === 3) scene.position -= 1_000_000;
  };
  const whole = scene.runner.run(run.run(), { owner: 'gdb', mode: 'growingSlices' });
  assert.equal(await whole, BREAKPOINT);
  assert.deepEqual(run.lengths, [100, 200, 400, 100, 200, 100]);
});

test('in other modes, slices keep their length even without progress, for example while the machine sleeps', async () => {
  for (const [mode, milliseconds] of [
    ['slices', 20],
    ['longSlices', 250],
  ] as const) {
    const scene = new Scene();
    const run = new Computation(scene, 4 * milliseconds, { stepsPerMs: 0 });
    await scene.runner.run(run.run(), { owner: 'gdb', mode });
    assert.deepEqual(run.lengths, Array(4).fill(milliseconds), mode);
  }
});

test('a paused run can be passed to the runner again and continues where it paused', async () => {
  const scene = new Scene();
  const run = new Computation(scene, 50);
  scene.onMessages = () => scene.control.requestStop('editor');
  assert.deepEqual(await scene.slices(run), { kind: 'pause' });
  scene.onMessages = () => {};
  assert.equal(await scene.slices(run), BREAKPOINT);
  assert.equal(scene.now, 1050);
});

// --- pauses and stops --------------------------------------------------------------------------------------------------

test('a pause request ends a run in the middle of a slice', async () => {
  const scene = new Scene();
  const onMillisecond = () => (scene.isPauseRequested = scene.now === 1025);
  const run = new Computation(scene, 100, { onMillisecond });
  assert.deepEqual(await scene.slices(run), { kind: 'pause' });
  assert.deepEqual(run.lengths, [20, 5]);
  assert.equal(scene.deliveries, 1);
  assert.deepEqual(scene.progress, [1020, 1025]);
});

test('a pause request between two slices ends the run', async () => {
  const scene = new Scene();
  const run = new Computation(scene, 100);
  scene.onMessages = () => (scene.isPauseRequested = true);
  assert.deepEqual(await scene.slices(run), { kind: 'pause' });
  assert.deepEqual(run.lengths, [20]);
});

test('a front end can interrupt its own run between two slices, but not the run of another front end', async () => {
  const scene = new Scene();
  const run = new Computation(scene, 100);
  scene.onMessages = () => {
    scene.control.requestStop(scene.deliveries === 3 ? 'gdb' : 'editor');
    assert.equal(scene.control.state.kind, scene.deliveries === 3 ? 'stopping' : 'running');
  };
  assert.deepEqual(await scene.slices(run, 'gdb'), { kind: 'pause' });
  assert.deepEqual(run.lengths, [20, 20, 20]);
  assert.deepEqual(scene.events, ['started by gdb', 'gdb: pause']);
});

test('a breakpoint that the run reaches is reported even if a stop was requested', async () => {
  const scene = new Scene();
  const run = new Computation(scene, 10, { onMillisecond: () => scene.control.requestStop('gdb') });
  assert.equal(await scene.slices(run, 'gdb'), BREAKPOINT);
  assert.equal(scene.control.state.kind, 'stopped');
});

test('any front end can stop the machine and wait until it is stopped', async () => {
  const scene = new Scene();
  let whenStopped: Promise<void> | undefined;
  scene.onMessages = () => {
    whenStopped = scene.control.stop().then(() => void scene.events.push('waiter'));
  };
  assert.deepEqual(await scene.slices(new Computation(scene, 100)), { kind: 'pause' });
  await whenStopped;
  assert.deepEqual(scene.events, ['started by editor', 'editor: pause', 'waiter']);
});

test('a run that starts while a front end waits for a stop ends after one slice', async () => {
  const scene = new Scene();
  const control = new RunControl({ kind: 'reserved', owner: 'editor' });
  const runner = new Runner({ pause: scene.pause, position: 0, writeBack: () => {} }, control, scene);
  const whenStopped = control.stop();
  const run = new Computation(scene, 100);
  assert.deepEqual(await runner.run(run.run(), { owner: 'editor', mode: 'slices' }), { kind: 'pause' });
  await whenStopped;
  assert.deepEqual(run.lengths, [20]);
});

test('if a run fails, the error is passed on and the machine is stopped', async () => {
  const scene = new Scene();
  const error = new Error('disk is full');
  function* fail(): Sliced<StopReason> {
    yield Promise.resolve();
    throw error;
  }
  await assert.rejects(scene.slices(fail()), error);
  assert.deepEqual(scene.events, ['started by editor', 'editor: failed']);
  assert.equal(await scene.slices(new Computation(scene, 1)), BREAKPOINT);
});

test('while one front end runs the machine, another front end cannot start a run', async () => {
  const scene = new Scene();
  const run = new Computation(scene, 30);
  const first = scene.slices(run, 'gdb');
  await assert.rejects(scene.slices(new Computation(scene, 1)), /editor starts a run while the machine is running/);
  assert.equal(await first, BREAKPOINT);
  assert.deepEqual(scene.events, ['started by gdb', 'gdb: breakpoint']);
});

test('if the session is closed between two slices, the run ends and the machine is not used again', async () => {
  const scene = new Scene();
  const run = new Computation(scene, 2000);
  scene.onMessages = () => {
    if (scene.deliveries === 30) scene.control.end();
  };
  assert.deepEqual(await scene.slices(run), { kind: 'pause' });
  assert.equal(run.lengths.length, 30);
  assert.deepEqual(scene.writeBacks, [1500]);
  assert.equal(scene.progress.length, 30);
  assert.deepEqual(scene.events, ['started by editor'], 'nobody is told about a stop');
  assert.equal(scene.control.state.kind, 'ended');
});

// --- a client that does not read its messages --------------------------------------------------------------------------

test('while the client is behind in reading its messages, the machine waits, and messages are still delivered', async () => {
  const client = new FakeClient();
  const scene = new Scene({ client });
  client.isClientBehind = true;
  client.onWait = () => (client.isClientBehind = client.waits < 5);
  const run = new Computation(scene, 30);
  scene.onMessages = () => assert.deepEqual(run.lengths, [20], 'no slice runs');
  assert.equal(await scene.slices(run), BREAKPOINT);
  assert.deepEqual([client.waits, scene.deliveries], [5, 6]);
});

for (const [what, act] of [
  ['a pause request', (scene) => (scene.isPauseRequested = true)],
  ['an interrupt', (scene) => scene.control.requestStop('editor')],
  ['a front end that stops the machine', (scene) => void scene.control.stop()],
  ['closing the session', (scene) => scene.control.end()],
] as [string, (scene: Scene) => void][]) {
  test(`${what} ends the wait for a client that is behind`, async () => {
    const client = new FakeClient();
    const scene = new Scene({ client });
    client.isClientBehind = true;
    client.onWait = () => assert.ok(client.waits <= 3, 'still waiting');
    scene.onMessages = () => {
      if (scene.deliveries === 3) act(scene);
    };
    const run = new Computation(scene, 100);
    assert.deepEqual(await scene.slices(run), { kind: 'pause' });
    assert.deepEqual([run.lengths, client.waits], [[20], 2]);
  });
}

// --- whole runs --------------------------------------------------------------------------------------------------------

const whole = (scene: Scene, run: Computation) => scene.runner.run(run.run(), { owner: 'editor', mode: 'whole' });

test('during a `whole` run, progress is shown every 20 ms and urgent messages are answered immediately', async () => {
  const client = new FakeClient();
  const scene = new Scene({ client });
  const answered: number[] = [];
  client.onUrgent = () => answered.push(scene.now);
  const onMillisecond = () => {
    if (scene.now === 1025) client.isMessageWaiting = true;
  };
  const run = new Computation(scene, 50, { onMillisecond });
  assert.equal(await whole(scene, run), BREAKPOINT);
  assert.deepEqual(run.lengths, [50]);
  assert.deepEqual(answered, [1020, 1025, 1045]);
  assert.deepEqual(scene.progress, [1020, 1025, 1045, 1050]);
  assert.equal(scene.deliveries, 0);
});

test('a pause request ends a `whole` run', async () => {
  const scene = new Scene();
  const onMillisecond = () => (scene.isPauseRequested = scene.now === 1003);
  const run = new Computation(scene, 50, { onMillisecond });
  assert.deepEqual(await whole(scene, run), { kind: 'pause' });
  assert.deepEqual(run.lengths, [3]);
});

test('the owner of a run can move the machine before the run counts as ended, but only if the run was paused', async () => {
  const scene = new Scene();
  const moves: string[] = [];
  const host: RunnerHost = scene;
  host.afterPause = function* () {
    yield Promise.resolve();
    moves.push(scene.control.state.kind);
  };
  assert.equal(await whole(scene, new Computation(scene, 5)), BREAKPOINT);
  assert.deepEqual(moves, []);
  scene.isPauseRequested = true;
  assert.deepEqual(await whole(scene, new Computation(scene, 5)), { kind: 'pause' });
  assert.deepEqual(moves, ['running']);
});

test('a `whole` run waits within a slice for a client that is behind, unless a pause is requested', async () => {
  const client = new FakeClient();
  const scene = new Scene({ client });
  client.isClientBehind = true;
  client.onWait = () => {
    if (client.waits === 4) client.isClientBehind = false;
    if (client.waits === 6) scene.isPauseRequested = true;
    assert.ok(client.waits <= 6, 'still waiting');
  };
  const onMillisecond = () => {
    if (scene.now === 1030) client.isClientBehind = true;
  };
  const run = new Computation(scene, 50, { onMillisecond });
  assert.deepEqual(await whole(scene, run), { kind: 'pause' });
  assert.deepEqual([client.waits, client.answers], [6, 8], 'urgent messages are answered during the wait');
  assert.deepEqual(run.lengths, [40]);
});

// --- saving progress ---------------------------------------------------------------------------------------------------

test('progress is written back every half second, even if that time is spread over several runs', async () => {
  const scene = new Scene();
  await scene.slices(new Computation(scene, 490));
  assert.deepEqual(scene.writeBacks, []);
  await whole(scene, new Computation(scene, 10));
  assert.deepEqual(scene.writeBacks, [1500], 'after the last slice, too');
  await scene.slices(new Computation(scene, 1100));
  assert.deepEqual(scene.writeBacks, [1500, 2000, 2500]);
});
