/** Reverse-continue over DAP leads from the reported failure to the line that caused it.
 *
 * Like a user, the test knows only the name of the damaged field.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { test } from 'node:test';
import { Sandbox } from '../support/cli.ts';
import { DapClient, demoLaunch, source } from '../support/dapClient.ts';
import { type Culprit, DEMO, type Location, type Move, walkDemo, type WalkDriver } from '../support/demoWalk.ts';
import { expected, maskDemo } from '../support/guests.ts';
import { longTest } from '../support/extent.ts';

const FIELD = DEMO.field;

test('reverse-continue from the reported failure stops at the line that corrupted the field', async (t) => {
  const sandbox = new Sandbox(t);
  const dap = new DapClient(t);
  await dap.start(demoLaunch(sandbox));
  const failure = await dap.event('stopped');
  assert.equal(failure.text, 'End of recording');
  assert.equal(failure.description, DEMO.failure);
  assert.equal(maskDemo(dap.console), maskDemo(expected('demo/demo').console));
  const { stackFrames } = await dap.request('stackTrace', { threadId: 1 });
  assert.equal(stackFrames.at(-1).name, '_start');

  await walkDemo(new AdapterDriver(dap), dap.console);

  assert.equal(maskDemo(dap.console), maskDemo(expected('demo/demo').console), 'history is not printed again');
  assert.equal(await dap.leave(), 0);
  assert.equal(dap.stderr, '');
  assert.deepEqual(fs.readdirSync(sandbox.folder).sort(), ['demo.rr', 'disk.img', 'hd0.qcow2'], 'no lock file is left');
});

longTest(
  'a recording that is closed while the user views the history can be replayed to its end and back to its beginning',
  async (t) => {
    const sandbox = new Sandbox(t);
    const recorder = new DapClient(t);
    await recorder.start(demoLaunch(sandbox));
    await recorder.event('stopped');
    await watch(recorder);
    await recorder.until('reverseContinue');
    await recorder.request('disconnect');
    assert.equal(await recorder.exited, 0);

    const dap = new DapClient(t);
    await dap.start(demoLaunch(sandbox, { rr: 'replay', stopOnEntry: true }));
    assert.equal((await dap.event('stopped')).reason, 'entry');
    const end = await dap.until('continue');
    assert.deepEqual([end.description, end.text], [DEMO.failure, 'End of recording']);
    assert.equal((await dap.until('reverseContinue')).description, 'Beginning of recording');
    assert.equal((await dap.until('stepBack')).description, 'Beginning of recording');
    assert.equal(maskDemo(dap.console), maskDemo(expected('demo/demo').console));
  },
);

async function watch(dap: DapClient): Promise<void> {
  const { dataId, accessTypes } = await dap.request('dataBreakpointInfo', { name: FIELD });
  assert.ok(accessTypes.includes('write'));
  const { breakpoints } = await dap.request('setDataBreakpoints', { breakpoints: [{ dataId, accessType: 'write' }] });
  assert.equal(breakpoints[0].verified, true);
}

/** Performs the demo's debugging session with DAP requests, and checks what the adapter reports at each stop. */
class AdapterDriver implements WalkDriver {
  private readonly dap: DapClient;
  /** The adapter's description of the write at the last stop. */
  private write = '';

  constructor(dap: DapClient) {
    this.dap = dap;
  }

  stopAtWrites(): Promise<void> {
    return watch(this.dap);
  }

  async move(command: Move): Promise<void> {
    const { reason, description, text } = await this.dap.until(command);
    if (command === 'stepBack') return assert.equal(reason, 'step');
    assert.equal(reason, 'data breakpoint');
    assert.equal(text, description);
    if (command === 'continue') assert.equal(description, this.write, 'running forwards finds the same write');
    this.write = description;
  }

  async location(): Promise<Location> {
    const { name, line, source: file } = await this.dap.topFrame();
    assert.equal(file?.path, source(`demo/${DEMO.file}`));
    return { name, line };
  }

  value(variable: string): Promise<string> {
    return this.dap.evaluate(variable);
  }

  async lookAround({ before, after }: Culprit): Promise<void> {
    assert.equal(this.write, `${FIELD} was written: ${before} -> ${after}`);
    await assertVariables(this.dap, after);
  }
}

/** The stop is at line 18, `statistics->last_seen_us[level] = now_us`, where `level` is one too high. */
async function assertVariables(dap: DapClient, written: string): Promise<void> {
  const { id: frameId } = await dap.topFrame();
  const { scopes } = await dap.request('scopes', { frameId });
  assert.deepEqual(
    scopes.map(({ name }: { name: string }) => name),
    ['Locals', 'Globals', 'Registers', 'Floating point', 'CSRs'],
  );
  const [locals, globals, registers, floats, csrs] = await Promise.all(
    scopes.map(({ variablesReference }: { variablesReference: number }) => variablesOf(dap, variablesReference)),
  );
  assert.equal(locals.get('now_us')!.value, written);
  assert.equal(locals.get('level')!.value, DEMO.level);
  assert.match(registers.get('pc')!.value, /^0x8000[0-9a-f]{4}$/);
  assert.equal(floats.get('fa0')!.value, '0 (0x0)');
  assert.equal(csrs.get('privilege')!.value, 'M');
  const store = await variablesOf(dap, globals.get('store')!.variablesReference);
  const superblock = await variablesOf(dap, store.get('superblock')!.variablesReference);
  assert.equal(superblock.get('entry_count')!.evaluateName, FIELD);
  // The same data breakpoint can also be set from the variables view.
  const reference = store.get('superblock')!.variablesReference;
  const info = await dap.request('dataBreakpointInfo', { variablesReference: reference, name: 'entry_count' });
  assert.equal(info.description, FIELD);
  const { result, type } = await dap.request('evaluate', { expression: 'level + 1', frameId, context: 'repl' });
  assert.deepEqual([result, type], ['9', 'unsigned int']);
  const address = await dap.evaluate(`&${FIELD}`);
  const memoryReference = /0x[0-9a-f]+/.exec(address)![0];
  const { data } = await dap.request('readMemory', { memoryReference, count: 4 });
  assert.equal(Buffer.from(data, 'base64').readUInt32LE(), Number(await dap.evaluate(FIELD)));
}

interface Shown {
  name: string;
  value: string;
  variablesReference: number;
  evaluateName?: string;
}

async function variablesOf(dap: DapClient, variablesReference: number): Promise<Map<string, Shown>> {
  const { variables } = await dap.request('variables', { variablesReference });
  return new Map(variables.map((variable: Shown) => [variable.name, variable]));
}
