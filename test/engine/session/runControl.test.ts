/** At most one front end runs the machine, and a front end that stops the machine is notified when it has stopped. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RunControl, type RunOwner, type RunState } from '../../../debug-adapter/engine/index.ts';

const OWNERS: readonly RunOwner[] = ['editor', 'gdb', 'commandLine'];

/** For each state, a function that returns a RunControl in that state. */
const STATES: Record<RunState['kind'], () => RunControl> = {
  reserved: () => new RunControl({ kind: 'reserved', owner: 'editor' }),
  stopped: () => new RunControl(),
  running: () => after(new RunControl(), (control) => control.start('gdb')),
  stopping: () => after(STATES.running(), (control) => control.requestStop('gdb')),
  ended: () => after(new RunControl(), (control) => control.end()),
};

function after(control: RunControl, act: (control: RunControl) => void): RunControl {
  act(control);
  return control;
}

const settled = async (promise: Promise<void>): Promise<boolean> => {
  let isSettled = false;
  void promise.then(() => (isSettled = true));
  await new Promise(setImmediate);
  return isSettled;
};

test('the state is stopped, then running, then stopping after a request, then stopped again', () => {
  const control = new RunControl();
  assert.deepEqual([control.state, control.isRunning], [{ kind: 'stopped' }, false]);
  control.start('editor');
  assert.deepEqual([control.state, control.isRunning], [{ kind: 'running', owner: 'editor' }, true]);
  control.requestStop('editor');
  assert.deepEqual([control.state, control.isRunning], [{ kind: 'stopping', owner: 'editor' }, true]);
  control.finish();
  assert.deepEqual([control.state, control.isRunning], [{ kind: 'stopped' }, false]);
  control.end();
  assert.deepEqual([control.state, control.isRunning], [{ kind: 'ended' }, false]);
});

test('a run can start only while the machine is stopped, and only one front end can start a reserved machine', () => {
  const allowed = Object.entries(STATES).flatMap(([kind, make]) =>
    OWNERS.filter((owner) => make().mayStart(owner)).map((owner) => `${kind} ${owner}`),
  );
  assert.deepEqual(allowed, ['reserved editor', 'stopped editor', 'stopped gdb', 'stopped commandLine']);
  for (const [kind, make] of Object.entries(STATES)) {
    for (const owner of OWNERS) {
      const control = make();
      if (allowed.includes(`${kind} ${owner}`)) control.start(owner);
      else assert.throws(() => control.start(owner), new RegExp(`${owner} starts a run while the machine is ${kind}`));
    }
  }
});

test('a run can finish only if it has started', () => {
  for (const kind of ['reserved', 'stopped'] as const) {
    assert.throws(() => STATES[kind]().finish(), new RegExp(`a run finishes while the machine is ${kind}`));
  }
  for (const kind of ['running', 'stopping'] as const) {
    assert.equal(after(STATES[kind](), (control) => control.finish()).state.kind, 'stopped');
  }
});

test('a front end can request a stop only for its own run', () => {
  for (const [kind, make] of Object.entries(STATES)) {
    for (const owner of OWNERS) {
      const control = make();
      control.requestStop(owner);
      assert.equal(control.state.kind, kind === 'running' && owner === 'gdb' ? 'stopping' : kind);
    }
  }
});

test('a closed session never runs again, not even if a run was in progress', () => {
  for (const make of Object.values(STATES)) {
    const control = make();
    control.end();
    assert.equal(control.state.kind, 'ended');
    for (const owner of OWNERS) assert.equal(control.mayStart(owner), false);
  }
  const control = STATES.running();
  control.end();
  control.finish();
  assert.equal(control.state.kind, 'ended');
});

test('a wait for a stop ends immediately if the machine is not running', async () => {
  assert.equal(await settled(STATES.stopped().stop()), true);
  assert.equal(await settled(STATES.ended().stop()), true);
});

for (const end of ['finish', 'end'] as const) {
  test(`all front ends that wait for a stop are notified when ${end}() is called`, async () => {
    const control = STATES.running();
    const waits = [control.stop(), control.stop()];
    assert.deepEqual(control.state, { kind: 'stopping', owner: 'gdb' });
    assert.equal(await settled(Promise.any(waits)), false);
    control[end]();
    await Promise.all(waits);
  });
}

test('a front end that stops a reserved machine waits for the first run, which stops immediately', async () => {
  const control = STATES.reserved();
  const whenStopped = control.stop();
  assert.deepEqual(control.state, { kind: 'reserved', owner: 'editor' });
  control.start('editor');
  assert.deepEqual(control.state, { kind: 'stopping', owner: 'editor' });
  assert.equal(await settled(whenStopped), false);
  control.finish();
  await whenStopped;
  control.start('editor');
  assert.deepEqual(control.state, { kind: 'running', owner: 'editor' }, 'the next run is not stopped');
});
