/** gdb's `watch` stops only where watched bytes change, in both directions; `rwatch` and `awatch` stop at accesses. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test, type TestContext } from 'node:test';
import { openSymbols } from '../../debug-adapter/engine/index.ts';
import { DEMO, stageOf } from '../engine/timeline/travelSupport.ts';
import { Conversation } from './conversation.ts';
import { longTest } from '../support/extent.ts';

const SP = 2;
const STOPS = 12;

/** Runs a machine until it is about to enter `blocks_write`. `slot` is where this function saves its return address. */
async function beforeSave(t: TestContext): Promise<{ gdb: Conversation; slot: string; value: () => Promise<string> }> {
  const gdb = new Conversation(stageOf(DEMO, t).record(), t);
  const symbols = openSymbols({ name: DEMO.kernel, bytes: readFileSync(DEMO.kernel) });
  const breakpoint = `Z0,${symbols.functionsNamed('blocks_write')[0].low.toString(16)},2`;
  assert.equal(await gdb.ask(breakpoint), 'OK');
  await gdb.ask('c');
  assert.equal(await gdb.ask(breakpoint.replace('Z', 'z')), 'OK');
  const slot = `${(gdb.session.inspector.register(SP) - 8n).toString(16)},8`;
  return { gdb, slot, value: () => gdb.ask(`m${slot}`) };
}

test('watch stops at changes in both directions, and awatch also stops at writes that do not change the value', async (t) => {
  const { gdb, slot, value } = await beforeSave(t);
  const start = gdb.session.position;
  const stopsWith = async (kind: 2 | 4) => {
    assert.equal(await gdb.ask(`Z${kind},${slot}`), 'OK');
    const stops = [{ position: start, value: await value() }];
    for (let i = 0; i < STOPS; i++) {
      assert.match(await gdb.ask('c'), kind === 2 ? /;watch:/ : /;awatch:/);
      stops.push({ position: gdb.session.position, value: await value() });
    }
    return stops;
  };
  const changes = await stopsWith(2);
  for (let i = 1; i <= STOPS; i++) assert.notEqual(changes[i].value, changes[i - 1].value, `stop ${i}`);
  for (let i = STOPS - 1; i > 0; i--) {
    assert.match(await gdb.ask('bc'), /;watch:/);
    const found = { position: gdb.session.position + 1, value: await value() };
    assert.deepEqual(found, { position: changes[i + 1].position, value: changes[i].value }, 'before the same step');
  }
  assert.equal(await gdb.ask(`z2,${slot}`), 'OK');
  await gdb.ask(`qRcmd,${Buffer.from(`goto ${start}`).toString('hex')}`);
  const accesses = await stopsWith(4);
  assert.ok(accesses.some(({ value }, i) => i > 0 && value === accesses[i - 1].value));
});

longTest(
  "after a watchpoint stop, gdb's step over the access does not move the machine, because the access has been executed",
  async (t) => {
    const { gdb, slot } = await beforeSave(t);
    for (const [run, step] of [
      ['c', 'vCont;s:1'],
      ['bc', 'bs'],
    ]) {
      assert.equal(await gdb.ask(`Z2,${slot}`), 'OK');
      assert.match(await gdb.ask(run), /;watch:/);
      const { position } = gdb.session;
      assert.equal(await gdb.ask(`z2,${slot}`), 'OK');
      assert.match(await gdb.ask(step), /^T05thread:01;[^w]*$/);
      assert.equal(gdb.session.position, position);
      await gdb.ask(step);
      assert.notEqual(gdb.session.position, position, 'the next step moves');
      await gdb.ask('c');
    }
  },
);

test('after a watchpoint stop, a step moves the machine if the watchpoint is still set', async (t) => {
  const { gdb, slot } = await beforeSave(t);
  assert.equal(await gdb.ask(`Z2,${slot}`), 'OK');
  await gdb.ask('c');
  const { position } = gdb.session;
  await gdb.ask('s');
  assert.ok(gdb.session.position > position);
});
