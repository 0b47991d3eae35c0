/** Conditions that gdb sends with its breakpoints are evaluated by the server, in both directions. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test, type TestContext } from 'node:test';
import { openSymbols } from '../../debug-adapter/engine/index.ts';
import { DEMO, stageOf } from '../engine/timeline/travelSupport.ts';
import { Sandbox } from '../support/cli.ts';
import { guest } from '../support/guests.ts';
import { requireTool } from '../support/tools.ts';
import { Conversation } from './conversation.ts';
import { GDB, runGdb, serve, sessionIn } from './gdbSupport.ts';
import { longTest, some } from '../support/extent.ts';

const FUNCTION = 'blocks_write';
const BLOCK_REGISTER = 10;

function conversation(t: TestContext): { gdb: Conversation; breakpoint: string; block: () => number } {
  const gdb = new Conversation(stageOf(DEMO, t).record(), t);
  const symbols = openSymbols({ name: DEMO.kernel, bytes: readFileSync(DEMO.kernel) });
  const [{ low }] = symbols.functionsNamed(FUNCTION);
  const block = () => Number(gdb.session.inspector.register(BLOCK_REGISTER));
  return { gdb, breakpoint: `Z0,${low.toString(16)},2`, block };
}

const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0');
/** The condition that the block number in BLOCK_REGISTER equals a value. */
const isBlock = (value: number): string => `X7,26${hex(BLOCK_REGISTER, 4)}22${hex(value, 2)}1327`;

/** The block numbers at all stops until the history ends in the given direction. */
async function stopsOf({ gdb, block }: ReturnType<typeof conversation>, packet: 'c' | 'bc'): Promise<number[]> {
  const blocks: number[] = [];
  while (!(await gdb.ask(packet)).includes('replaylog')) blocks.push(block());
  return blocks;
}

test('a breakpoint stops the machine only where one of its conditions holds, in both directions', async (t) => {
  const stage = conversation(t);
  const { gdb, breakpoint, block } = stage;
  assert.match(await gdb.ask('qSupported:swbreak+'), /;ConditionalBreakpoints\+/);
  assert.equal(await gdb.ask(breakpoint), 'OK');
  const all = await stopsOf(stage, 'c');
  const byCount = [...new Set(all)].sort((a, b) => timesIn(all, a) - timesIn(all, b));
  const [rare, second] = byCount;
  const expected = (...blocks: number[]) => all.filter((one) => blocks.includes(one));
  assert.ok(timesIn(all, byCount.at(-1)!) > 1);
  for (const wanted of some([[rare], [rare, second], [byCount.at(-1)!]], 1)) {
    assert.equal(await gdb.ask(`${breakpoint};${wanted.map(isBlock).join('')}`), 'OK', 'replaces the conditions');
    assert.deepEqual(await stopsOf(stage, 'bc'), expected(...wanted).reverse());
    assert.deepEqual(await stopsOf(stage, 'c'), expected(...wanted));
  }
  assert.equal(await gdb.ask(breakpoint), 'OK', 'no condition');
  await gdb.ask('bc');
  assert.equal(block(), all.at(-1));
});

const timesIn = (all: readonly number[], wanted: number): number => all.filter((one) => one === wanted).length;

test('a breakpoint whose condition has no value or is unsupported stops the machine, so that gdb evaluates the condition', async (t) => {
  const { gdb, breakpoint } = conversation(t);
  for (const [name, expression] of [
    ['unreadable memory', 'X4,22001a27'],
    ['a division by 0', 'X6,220122000527'],
    ['a trace variable', 'X4,2c000127'],
  ]) {
    assert.equal(await gdb.ask(`${breakpoint};${expression}`), 'OK', name);
    assert.match(await gdb.ask('c'), /^T05thread/, name);
    assert.equal(gdb.session.reason.kind, 'breakpoint', name);
    await gdb.ask('s');
  }
});

test('malformed conditions are answered with an error, and the breakpoint keeps its earlier conditions', async (t) => {
  const stage = conversation(t);
  const { gdb, breakpoint, block } = stage;
  assert.equal(await gdb.ask(`${breakpoint};${isBlock(0)}`), 'OK');
  for (const bad of [';', ';X', ';X7,26000a', ';X1,27', ';X3,220027;cmds:0', ';X3,22ff31', ';X2,zz27', ';Xffffff,27']) {
    assert.equal(await gdb.ask(`${breakpoint}${bad}`), 'E16', bad);
  }
  assert.equal(await gdb.ask(`Z2,80006000,4;${isBlock(0)}`), 'E16', 'a watchpoint has no conditions');
  await gdb.ask('c');
  assert.equal(block(), 0);
});

for (const packet of some(['bc', 'c'] as const, 1)) {
  test(`an interrupt stops a run (${packet}) while a false condition is evaluated`, async (t) => {
    const { gdb, breakpoint } = conversation(t);
    if (packet === 'bc') await gdb.ask('c');
    assert.equal(await gdb.ask(`${breakpoint};${isBlock(0xfe)}`), 'OK');
    gdb.clockStepMs = 1000;
    gdb.betweenSlices = () => void gdb.send(Uint8Array.of(3));
    assert.match(await gdb.ask(packet), /^T02/);
  });
}

longTest(
  'in gdb: the stops are the same whether gdb or the server evaluates the conditions, even after a condition is changed',
  async (t) => {
    if (!requireTool(GDB, t)) return;
    const elf = guest('demo/demo');
    const sandbox = new Sandbox(t);
    await sandbox.cli(['record', ...sessionIn(sandbox, elf)]);
    const stopsWhen = async (where: 'target' | 'host'): Promise<{ stops: string[]; output: string }> => {
      const { port, running } = await serve(t, sandbox, ['replay', ...sessionIn(sandbox, elf)]);
      const output = await runGdb({
        elf,
        port,
        commands: [
          `set breakpoint condition-evaluation ${where}`,
          ...['break blocks_write if block == 3 && store.superblock.entry_count > 5', 'set debug remote 1'],
          ...['continue', 'set debug remote 0', 'monitor position', 'continue', 'monitor position'],
          ...['reverse-continue', 'monitor position', 'reverse-continue', 'monitor position'],
          ...[
            'condition 1 block == 4 || block % 7 == 2',
            'continue',
            'monitor position',
            'continue',
            'monitor position',
          ],
          ...['reverse-continue', 'monitor position', 'condition 1', 'reverse-continue', 'monitor position', 'kill'],
        ],
      });
      await running.end;
      return { stops: output.match(/^\d+$/gm) ?? [], output };
    };
    const [target, host] = [await stopsWhen('target'), await stopsWhen('host')];
    assert.match(target.output, /Sending packet: \$Z0,[0-9a-f]+,\d;X/, 'the condition is sent');
    assert.doesNotMatch(host.output, /Z0,[0-9a-f]+,\d;X/);
    assert.equal(target.stops.length, 8, target.output);
    assert.deepEqual(target.stops, host.stops);
    assert.ok(new Set(target.stops).size >= 4, 'different positions');
  },
);
