/** Exception breakpoints stop before traps and at panics, and the adapter explains the trap. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { test, type TestContext } from 'node:test';
import { EXCEPTION_FILTERS } from '../../debug-adapter/dap/exceptionFilters.ts';
import { Sandbox } from '../support/cli.ts';
import { DapClient, demoLaunch } from '../support/dapClient.ts';
import { longTest, some } from '../support/extent.ts';
import { guest, SMALL_GUESTS } from '../support/guests.ts';

/** The exception filters that an editor enables by default. */
const DEFAULTS = EXCEPTION_FILTERS.filter(({ shown }) => shown.default).map(({ shown }) => shown.filter);

async function launched(t: TestContext, launch: object, exceptions: object): Promise<DapClient> {
  const dap = new DapClient(t);
  await dap.start(demoLaunch(new Sandbox(t), launch), () => dap.request('setExceptionBreakpoints', exceptions));
  return dap;
}

const guestLaunch = (name: string, more: object = {}) => ({ kernel: guest(name), drives: [], ...more });

async function explained(dap: DapClient): Promise<{ exceptionId: string; breakMode: string; lines: string[] }> {
  const { exceptionId, description, breakMode } = await dap.request('exceptionInfo', { threadId: 1 });
  return { exceptionId, breakMode, lines: (description as string).split('\n') };
}

test('the machine stops before the trap caused by an illegal instruction, in both directions, and explains the trap', async (t) => {
  const dap = await launched(t, guestLaunch('small/traps'), { filters: ['illegalInstruction'] });
  const stop = await dap.event('stopped');
  assert.deepEqual([stop.reason, stop.description], ['exception', 'Illegal instruction']);
  const { exceptionId, breakMode, lines } = await explained(dap);
  assert.deepEqual([exceptionId, breakMode], ['Illegal instruction', 'always']);
  assert.equal(lines[0], 'Illegal instruction (cause 2)');
  assert.match(lines[1], /^Instruction \(epc\): 0x8000[0-9a-f]+ \S+: unimp$/);
  assert.match(lines[2], /^Value \(tval\): 0x0$/);
  assert.match(lines[3], /^Mode: M-mode, handled in M-mode at 0x8000[0-9a-f]+ \S+$/);
  const { position } = dap.place;
  await dap.until('continue');
  await dap.until('reverseContinue');
  assert.equal(dap.place.position, position);
  assert.equal((await dap.until('stepIn')).reason, 'step', 'the trap is the next step');
});

longTest('a page fault is explained with each entry of the page-table walk', async (t) => {
  const dap = await launched(t, guestLaunch('small/sv39'), { filters: ['loadPageFault', 'storePageFault'] });
  assert.equal((await dap.event('stopped')).description, 'Store/AMO page fault');
  const { lines } = await explained(dap);
  const walk = lines.slice(lines.findIndex((line) => line.startsWith('Page tables')));
  assert.match(walk[0], /^Page tables: Sv39, root at 0x8000[0-9a-f]+000, access in S-mode$/);
  assert.match(walk[1], /^Level 2: entry at 0x8000[0-9a-f]+ is 0x2000[0-9a-f]+ \(V\): points to the table at 0x8000/);
  assert.match(walk[2], /^Level 1: entry at 0x8000[0-9a-f]+ is 0x2000[0-9a-f]+ \(V\): points to the table at 0x8000/);
  assert.match(walk[3], /^Level 0: entry at 0x8000[0-9a-f]+ is 0x[0-9a-f]+ \(DARV\): not writable \(W is 0\)$/);
  assert.equal(walk.length, 4);
});

test('by default, the machine stops before a trap without a handler', async (t) => {
  const sandbox = new Sandbox(t);
  // A nop and an invalid instruction.
  writeFileSync(sandbox.path('trap.bin'), Uint8Array.of(0x13, 0, 0, 0, 0, 0, 0, 0));
  const dap = new DapClient(t);
  const launch = demoLaunch(sandbox, { kernel: 'trap.bin@0x80000000', bios: 'none', drives: [] });
  await dap.start(launch, () => dap.request('setExceptionBreakpoints', { filters: DEFAULTS }));
  const stop = await dap.event('stopped');
  assert.deepEqual([stop.reason, stop.description], ['exception', 'Illegal instruction']);
  const { breakMode, lines } = await explained(dap);
  assert.equal(breakMode, 'unhandled');
  assert.ok(lines.includes('No handler: its address is 0 or not in RAM'), lines.join('\n'));
});

for (const name of some(['demo/demo', 'sbi/sbi', ...SMALL_GUESTS.map((one) => `small/${one}`)], 1)) {
  test(`the default exception breakpoints never stop ${name}`, async (t) => {
    const more = name === 'demo/demo' ? { kernel: guest(name) } : {};
    const rr = { rr: 'off', rrfile: undefined };
    const dap = await launched(t, { ...guestLaunch(name, more), ...rr }, { filters: DEFAULTS });
    await dap.event('terminated');
    assert.deepEqual(
      dap.events.filter(({ event }) => event === 'stopped'),
      [],
    );
  });
}

longTest('the machine stops before interrupts, resets and environment calls', async (t) => {
  const timer = await launched(t, guestLaunch('small/timer'), { filters: ['interrupts'] });
  assert.match((await timer.event('stopped')).description as string, /^Machine (timer|software) interrupt$/);
  const reset = await launched(t, { kernel: guest('small/reset') }, { filters: ['reset'] });
  assert.equal((await reset.event('stopped')).description, 'Reset requested by the guest');
  assert.equal((await explained(reset)).lines[0], 'Reset requested by the guest');
  const ecall = await launched(t, guestLaunch('small/traps'), { filters: ['ecallFromMachine'] });
  assert.equal((await ecall.event('stopped')).description, 'Environment call from M-mode');
});

longTest('a call to a panic function and a printed panic message both count as a guest panic', async (t) => {
  const filters = ['guestPanic'];
  const called = await launched(t, { panicFunctions: ['journal_checkpoint'] }, { filters });
  const stop = await called.event('stopped');
  assert.deepEqual([stop.reason, stop.description], ['exception', 'Guest panic']);
  assert.equal((await called.topFrame()).name, 'journal_checkpoint');
  assert.deepEqual((await explained(called)).lines, ['The guest panicked: journal_checkpoint was called']);
  const printed = await launched(t, { panicTexts: ['superblock is damaged'] }, { filters });
  assert.equal((await printed.event('stopped')).description, 'Guest panic');
  assert.match((await explained(printed)).lines[0], /it printed "superblock is damaged"/);
});

longTest('an exception breakpoint that is invalid or can never be hit is not verified', async (t) => {
  const dap = new DapClient(t);
  const launch = guestLaunch('small/traps', { panicFunctions: ['nobody'], stopOnEntry: true });
  await dap.start(demoLaunch(new Sandbox(t), launch));
  await dap.event('stopped');
  assert.match(await dap.refused('exceptionInfo', { threadId: 1 }), /did not stop because of an exception/);
  const set = await dap.request('setExceptionBreakpoints', {
    filters: ['guestPanic'],
    filterOptions: [{ filterId: 'ebreak', condition: '1 +' }],
  });
  const [panic, bad] = set.breakpoints as { verified: boolean; message?: string }[];
  assert.deepEqual([panic.verified, bad.verified], [false, false]);
  assert.match(panic.message!, /^The loaded symbols contain no function "nobody"\. Set "panicFunctions"/);
  assert.match(bad.message!, /^Invalid condition "1 \+" at column \d+/);
  assert.match(
    await dap.refused('setExceptionBreakpoints', { filters: ['all'] }),
    /"filters" .* expected withoutHandler/,
  );
});
