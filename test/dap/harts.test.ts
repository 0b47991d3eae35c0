/** Each hart is a thread that can be inspected and stepped in both directions.
 *
 * A stop is reported for the thread of the hart that will execute the next step; the other threads show the current
 * state of their harts.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Sandbox } from '../support/cli.ts';
import { DapClient } from '../support/dapClient.ts';
import { guest } from '../support/guests.ts';
import { longTest } from '../support/extent.ts';

test('each hart has its own stack, registers and CSRs, and a stop names the hart that will execute the next step', async (t) => {
  const sandbox = new Sandbox(t);
  const dap = new DapClient(t);
  const launch = { rr: 'record', rrfile: 'a.rr', cwd: sandbox.folder, kernel: guest('harts/harts'), harts: 4 };
  await dap.start({ ...launch, stopOnEntry: true, idle: 'warp' });
  await dap.event('stopped');
  const { threads } = await dap.request('threads');
  const ids = threads.map(({ id }: { id: number }) => id);
  assert.deepEqual(
    threads.map(({ name }: { name: string }) => name),
    ['hart 0', 'hart 1', 'hart 2', 'hart 3'],
  );
  await dap.request('setFunctionBreakpoints', { breakpoints: [{ name: 'count_own' }] });
  const seen = new Set<number>();
  while (seen.size < 4) {
    await dap.request('continue', { threadId: ids[0] });
    const stop = await dap.event('stopped');
    assert.equal(stop.reason, 'function breakpoint');
    seen.add(stop.threadId);
    assert.equal((await stackOf(stop.threadId))[0].name, 'count_own');
    assert.equal(await csrOf(stop.threadId, 'mhartid'), `0x${(stop.threadId - 1).toString(16)}`);
  }
  for (const threadId of ids) {
    const stack = await stackOf(threadId);
    assert.ok(
      stack.some(({ name }) => name === 'work'),
      JSON.stringify(stack),
    );
    assert.equal(await csrOf(threadId, 'mhartid'), `0x${(threadId - 1).toString(16)}`);
    const value = await dap.request('evaluate', {
      expression: 'hart->id',
      frameId: stack.find(({ name }) => name === 'work')!.id,
    });
    assert.equal(Number(value.result), threadId - 1);
  }
  assert.match(await dap.refused('stackTrace', { threadId: 5 }), /no thread 5/);

  async function stackOf(threadId: number): Promise<{ id: number; name: string }[]> {
    return (await dap.request('stackTrace', { threadId })).stackFrames;
  }

  async function csrOf(threadId: number, name: string): Promise<string> {
    const [{ id }] = await stackOf(threadId);
    const { scopes } = await dap.request('scopes', { frameId: id });
    const { variablesReference } = scopes.find((scope: { name: string }) => scope.name === 'CSRs');
    const { variables } = await dap.request('variables', { variablesReference });
    return variables.find((variable: { name: string }) => variable.name === name).value;
  }
});

longTest('a step moves the thread that the request names, in both directions', async (t) => {
  const dap = new DapClient(t);
  const launch = { rr: 'record', rrfile: 'a.rr', cwd: new Sandbox(t).folder, kernel: guest('harts/harts'), harts: 4 };
  await dap.start({ ...launch, idle: 'warp' }, () =>
    dap.request('setFunctionBreakpoints', { breakpoints: [{ name: 'take_turns' }] }),
  );
  let { threadId: stopped } = await dap.event('stopped');
  for (let i = 1; i < 4; i++) stopped = (await dap.until('continue')).threadId;
  await dap.request('setFunctionBreakpoints', { breakpoints: [] });
  for (const threadId of [1, 2, 3, 4].filter((id) => id !== stopped)) {
    const before = await top(threadId);
    const after = await stepped('next', threadId);
    assert.ok(after.name === before.name && after.line !== before.line, `${before.line} to ${after.line}`);
    // The step started in the middle of a line and went to the next line. The step back goes to the start of the first
    // line.
    const back = await stepped('stepBack', threadId);
    assert.deepEqual([back.name, back.line], [before.name, before.line]);
    assert.deepEqual(await stepped('next', threadId), after);
  }
  // Steps each thread back from the position that the previous step reached.
  for (const threadId of [1, 2, 3, 4]) {
    const { position } = dap.place;
    const before = await top(threadId);
    const back = await stepped('stepBack', threadId);
    assert.equal(back.name, before.name);
    assert.ok(dap.place.position < position);
  }
  const before = await top(2);
  const pc = (frame: { instructionPointerReference: string }) => BigInt(frame.instructionPointerReference);
  const after = await stepped('next', 2, 'instruction');
  assert.ok(pc(after) > pc(before));
  assert.deepEqual(await stepped('stepBack', 2, 'instruction'), before);
  assert.match(await dap.refused('next', { threadId: 5 }), /no thread 5/);
  // When the guest shuts down, the other harts are waiting and are not scheduled again.
  await dap.until('continue');
  assert.match((await stepped('stepBack', 3)).name, /^(other_hart|wait_for_interrupt)$/);
  assert.ok(dap.place.position < dap.place.end);

  async function top(threadId: number) {
    const { id: _, ...frame } = (await dap.request('stackTrace', { threadId })).stackFrames[0];
    return frame;
  }

  async function stepped(command: string, threadId: number, granularity = 'line') {
    const stop = await dap.until(command, { threadId, granularity });
    assert.deepEqual([stop.reason, stop.threadId], ['step', threadId], command);
    return top(threadId);
  }
});
