/** Console events contain the position of each byte that was printed, and a long paste reaches the guest completely. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Sandbox } from '../support/cli.ts';
import { DapClient, demoLaunch } from '../support/dapClient.ts';
import { guest } from '../support/guests.ts';
import { longTest } from '../support/extent.ts';

const PASTE_BYTES = 100_000;
const LINE = `echo ${'x'.repeat(94)}\r`;

/** Each byte of console output with its position. */
function printed(dap: DapClient): { byte: string; position: number }[] {
  const events = dap.events.filter(({ event }) => event === 'blkreplay/console');
  return events.flatMap(({ body }) => {
    const bytes = Buffer.from(body.base64, 'base64').toString('latin1');
    assert.equal(body.steps.length, bytes.length);
    let position = 0;
    return Array.from(bytes, (byte, i) => ({ byte, position: (position += body.steps[i]) }));
  });
}

longTest(
  'at the position of each printed byte, the next instruction prints it; replayed history is not printed again',
  async (t) => {
    const dap = new DapClient(t);
    await dap.start(demoLaunch(new Sandbox(t), { console: 'terminal' }));
    await dap.event('stopped');
    const output = printed(dap);
    assert.ok(output.length > 100);
    for (let i = 1; i < output.length; i++) assert.ok(output[i].position > output[i - 1].position, `byte ${i}`);
    for (const i of [0, 57, output.length - 1]) {
      const { byte, position } = output[i];
      await dap.until('blkreplay/goTo', { position });
      const [instruction] = await nextInstruction(dap);
      assert.match(instruction, /^sb /, 'a store to the UART');
      const register = /^sb\s+(\w+)/.exec(instruction)![1];
      assert.equal(Number(await dap.evaluate(`$${register} & 0xff`)), byte.charCodeAt(0));
    }
    await dap.until('blkreplay/goTo', { position: 0 });
    await dap.until('continue');
    assert.equal(printed(dap).length, output.length);
  },
);

for (const target of ['terminal', 'debugConsole'] as const) {
  longTest(`output that a replay skips is shown once and in order, as in a full replay: ${target}`, async (t) => {
    const sandbox = new Sandbox(t);
    const launch = demoLaunch(sandbox, { console: target });
    const recording = new DapClient(t);
    await recording.start(launch);
    await recording.event('stopped');
    const [end, whole] = [recording.place.end as number, outputOf(recording)];
    const at = (part: number) => Math.floor(end * part);
    await recording.until('blkreplay/goTo', { position: at(0.5) });
    await recording.request('blkreplay/takeSnapshot', { name: 'middle' });
    await recording.leave();
    const open = async (more: object) => {
      const dap = new DapClient(t);
      await dap.start({ ...launch, ...more, rr: 'replay' });
      await dap.event('stopped');
      return dap;
    };

    const straight = await open({});
    assert.deepEqual(outputOf(straight), whole);
    await straight.leave();
    const later = await open({ rrsnapshot: 'middle', stopOnEntry: true });
    assert.equal(later.place.position, at(0.5));
    const shown = outputOf(later);
    assert.ok(shown.text.length > 0 && shown.text.length < whole.text.length);
    for (const part of [0.7, 0.6, 0.9]) await later.until('blkreplay/goTo', { position: at(part) });
    assert.ok(outputOf(later).text.length > shown.text.length);
    await later.until('reverseContinue');
    await later.until('continue');
    assert.deepEqual(outputOf(later), whole);
    await later.leave();
    const running = await open({ rrsnapshot: 'middle' });
    assert.deepEqual(outputOf(running), whole);
  });
}

/** The guest's output so far and, if it went to a terminal, the position of each byte. */
const outputOf = (dap: DapClient) => ({
  text: dap.console + dap.terminal,
  positions: printed(dap).map(({ position }) => position),
});

async function nextInstruction(dap: DapClient): Promise<string[]> {
  const { stackFrames } = await dap.request('stackTrace', { threadId: 1 });
  const memoryReference = stackFrames[0].instructionPointerReference;
  const { instructions } = await dap.request('disassemble', { memoryReference, instructionCount: 1 });
  return instructions.map(({ instruction }: { instruction: string }) => instruction);
}

longTest('a paste of 100 kB arrives completely, as fast as the guest reads it', async (t) => {
  const dap = await shell(t);
  const from = dap.terminal.length;
  const text = LINE.repeat(PASTE_BYTES / LINE.length);
  await dap.type(text);
  await dap.type('echo the end\r');
  const waiting = () => (dap.place.waitingInputBytes as number | undefined) ?? 0;
  while (waiting() === 0) await sleep(10);
  assert.ok(waiting() > PASTE_BYTES / 2, 'the guest has read only a part of it');
  await dap.untilTerminal('\nthe end', from);
  const lines = dap.terminal.slice(from).split(/\r?\n/);
  const echoed = lines.filter((line) => line === 'x'.repeat(94));
  assert.equal(echoed.length, text.length / LINE.length, 'the guest executed every line');
  while (waiting() !== 0) await sleep(10);
});

test('control characters and UTF-8 bytes reach the guest unchanged', async (t) => {
  const dap = await shell(t);
  const from = dap.terminal.length;
  await dap.type('echo \x03\x01 ');
  await dap.type(Buffer.from('größe €').toString('latin1'));
  await dap.type('\r');
  await dap.untilTerminal('$ ', from);
  const output = Buffer.from(dap.terminal.slice(from), 'latin1').toString('utf8');
  assert.match(output, /\n\x03\x01 größe €\r?\n/); // eslint-disable-line no-control-regex
});

longTest('while 4 MiB of input are waiting, more input is rejected, and the waiting input is kept', async (t) => {
  const dap = await shell(t);
  await dap.request('pause', { threadId: 1 });
  await dap.event('stopped');
  for (let i = 0; i < 4; i++) await dap.type('x'.repeat(1 << 20));
  assert.match(await dap.refused('blkreplay/consoleInput', { base64: btoa('x') }), /^4194304 bytes .* already waiting/);
  assert.equal(dap.place.waitingInputBytes, 4 << 20);
});

/** A session in which the kernel's shell is waiting for input. */
async function shell(t: TestContext): Promise<DapClient> {
  const sandbox = new Sandbox(t);
  const dap = new DapClient(t);
  const drives = [{ id: 'hd0', image: sandbox.disk('disk.img'), format: 'raw', overlay: 'hd0.qcow2' }];
  const launch = { rr: 'record', rrfile: 'a.rr', cwd: sandbox.folder, kernel: guest('kernel/oslet'), drives };
  await dap.start({ ...launch, console: 'terminal' });
  await dap.untilTerminal('$ ');
  return dap;
}
