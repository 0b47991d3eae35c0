/** The long part of a request runs in slices; messages that arrive meanwhile are delivered afterwards, in order. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Preparation } from '../../debug-adapter/dap/preparation.ts';
import { PAUSED, type Sliced } from '../../debug-adapter/engine/index.ts';

/** The simulated clock advances by 5 ms each time it is read. */
function preparation() {
  let now = 0;
  const resume: (() => void)[] = [];
  const environment = {
    milliseconds: () => (now += 5),
    letMessagesIn: () => new Promise<void>((resolve) => resume.push(resolve)),
  };
  const letIn = async () => {
    resume.shift()!();
    await new Promise(setImmediate);
  };
  return { work: new Preparation(environment), letIn };
}

function* steps(count: number, done: string[]): Sliced<void> {
  for (let i = 0; i < count; i++) {
    done.push(`step ${i}`);
    yield PAUSED;
  }
}

test('work that takes only one slice is done immediately', () => {
  const log: string[] = [];
  const { work } = preparation();
  work.run(steps(2, log), () => log.push('answer'));
  assert.deepEqual(log, ['step 0', 'step 1', 'answer']);
  assert.equal(
    work.delays(() => assert.fail()),
    false,
  );
});

test('messages that arrive during long work are delivered after its answer', async () => {
  const log: string[] = [];
  const { work, letIn } = preparation();
  work.run(steps(12, log), () => log.push('answer'));
  assert.equal(log.length, 4);
  for (const name of ['first', 'second'])
    assert.equal(
      work.delays(() => log.push(name)),
      true,
    );
  await letIn();
  await letIn();
  assert.equal(log.length, 12);
  await letIn();
  assert.deepEqual(log.slice(-3), ['answer', 'first', 'second']);
  assert.equal(
    work.delays(() => {}),
    false,
  );
});

test('an error ends the work, and the answer reports it', () => {
  const log: string[] = [];
  const { work } = preparation();
  // eslint-disable-next-line require-yield -- it fails immediately
  function* failing(): Sliced<void> {
    throw new Error('no such list');
  }
  work.run(failing(), () => log.push('answer'));
  assert.deepEqual(log, ['answer']);
});
