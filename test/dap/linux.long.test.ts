/** A Linux kernel can be debugged in both directions with the symbols of its own Image, at boot and at the shell. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { Sandbox } from '../support/cli.ts';
import { DapClient } from '../support/dapClient.ts';
import { LINUX_FOLDER, linuxLaunch, linuxSymbols, PROMPT } from '../support/linuxGuest.ts';

const STEPS = 50;
const OPEN = 'do_sys_openat2';

if (LINUX_FOLDER === undefined) {
  if (!process.env.CI) test('Linux', (t) => t.skip('BLKREPLAY_LINUX_GUEST does not name a folder with a Linux guest'));
} else {
  suite('Linux', () => {
    test('reverse execution reaches earlier kernel function calls, at boot and at the shell, live and in a replay', async (t) => {
      const sandbox = new Sandbox(t);
      const dap = new DapClient(t);
      await dap.start(linuxLaunch(sandbox.folder), () => breakAt(dap, ['_start', 'setup_vm', 'start_kernel']));
      await boot(dap);
      await breakAt(dap, []);
      await dap.request('continue', { threadId: 1 });
      await dap.untilTerminal(PROMPT);
      await waits(dap);
      const opened = await openTwoFiles(dap);
      await comparesWithGuest(dap);
      await dap.type('exit\n');
      const { description } = await dap.event('stopped');
      assert.match(description, /powered off/);
      const { position: end } = dap.place;
      assert.equal(await dap.leave(), 0);
      await replaysTheSame(new DapClient(t), { sandbox, opened, end, console: dap.terminal });
      assert.equal(dap.stderr, '');
    });
  });
}

const breakAt = async (dap: DapClient, names: readonly string[]): Promise<void> => {
  const breakpoints = names.map((name) => ({ name }));
  const answer = await dap.request('setFunctionBreakpoints', { breakpoints });
  for (const { verified } of answer.breakpoints) assert.equal(verified, true);
};

/**
 * Stops at three boot functions. The first two run before the MMU is on, at the load address; the third runs at the
 * link address.
 */
async function boot(dap: DapClient): Promise<void> {
  const positions: SourcePosition[] = [];
  for (const name of ['_start', 'setup_vm', 'start_kernel']) {
    assert.equal((await dap.event('stopped')).reason, 'function breakpoint');
    assert.equal((await dap.topFrame()).name, name);
    positions.push(await placeOf(dap));
    if (name !== 'start_kernel') await dap.request('continue', { threadId: 1 });
  }
  assert.deepEqual(
    positions.map(({ registers }) => BigInt(registers.pc) > 1n << 63n),
    [false, false, true],
  );
  const { stackFrames } = await dap.request('stackTrace', { threadId: 1 });
  assert.deepEqual(
    stackFrames.map(({ name }: { name: string }) => name),
    ['start_kernel', '_start_kernel'],
  );
  await goesBackAndForth(dap);
  for (const earlier of [positions[1], positions[0]]) {
    assert.equal((await dap.until('reverseContinue')).reason, 'function breakpoint');
    assert.deepEqual(await placeOf(dap), earlier);
  }
  assert.equal((await dap.until('reverseContinue')).description, 'Beginning of recording');
  for (const again of positions) {
    await dap.until('continue');
    assert.deepEqual(await placeOf(dap), again);
  }
}

/** Checks the call stack of the idle task. Some of the functions in it test a condition before their prologue. */
async function waits(dap: DapClient): Promise<void> {
  await breakAt(dap, ['ct_idle_enter']);
  assert.equal((await dap.event('stopped')).reason, 'function breakpoint');
  const { stackFrames } = await dap.request('stackTrace', { threadId: 1 });
  const names = stackFrames.map(({ name }: { name: string }) => name);
  assert.deepEqual(names.slice(0, 3), ['ct_idle_enter', 'default_idle_call', 'do_idle']);
  // Neither of these functions returns, and start_kernel does not even save its return address.
  assert.deepEqual(names.slice(-2), ['rest_init', 'start_kernel']);
  await breakAt(dap, []);
  await dap.request('continue', { threadId: 1 });
}

/**
 * Runs a shell command that opens two files, from one prompt to the next. Returns the positions at which the kernel
 * opened the files.
 */
async function openTwoFiles(dap: DapClient): Promise<SourcePosition[]> {
  await breakAt(dap, [OPEN]);
  await dap.type('cat /proc/version /proc/uptime\n');
  const opened: SourcePosition[] = [];
  for (const file of ['/proc/version', '/proc/uptime']) {
    if (opened.length > 0) await dap.request('continue', { threadId: 1 });
    assert.equal((await dap.event('stopped')).reason, 'function breakpoint', file);
    opened.push(await placeOf(dap));
  }
  assert.equal((await dap.until('reverseContinue')).reason, 'function breakpoint');
  assert.deepEqual(await placeOf(dap), opened[0], 'stops at the earlier call');
  const { stackFrames } = await dap.request('stackTrace', { threadId: 1 });
  const names = stackFrames.map(({ name }: { name: string }) => name);
  assert.deepEqual(names, [OPEN, '__riscv_sys_openat', 'do_trap_ecall_u', 'handle_exception']);
  const { instructions } = await dap.request('disassemble', {
    ...{ memoryReference: stackFrames[1].instructionPointerReference, instructionOffset: -1, instructionCount: 1 },
  });
  assert.match(instructions[0].instruction, /do_sys_openat2|jalr/, 'stops at the call');
  assert.match(instructions[0].symbol, /^__riscv_sys_openat\+\d+$/);
  await goesBackAndForth(dap);
  // Without line information, a line step executes only one instruction.
  assert.equal((await dap.until('stepBack')).reason, 'step');
  assert.equal(dap.place.position, opened[0].position - 1);
  await dap.until('stepIn');
  assert.deepEqual(await placeOf(dap), opened[0]);
  assert.equal((await dap.until('continue')).reason, 'function breakpoint');
  assert.deepEqual(await placeOf(dap), opened[1], 'stops at the later call again');
  await breakAt(dap, []);
  const from = dap.terminal.length;
  await dap.request('continue', { threadId: 1 });
  await dap.untilTerminal(PROMPT, from);
  return opened;
}

/** Steps back and then forward again, and checks that the state at each position is the same both times. */
async function goesBackAndForth(dap: DapClient): Promise<void> {
  const before = [await placeOf(dap)];
  for (let i = 0; i < STEPS; i++) {
    assert.equal((await dap.until('stepBack', { threadId: 1, granularity: 'instruction' })).reason, 'step');
    before.push(await placeOf(dap));
    assert.ok(before[i + 1].position < before[i].position);
  }
  for (const place of before.reverse().slice(1)) {
    await dap.until('stepIn', { threadId: 1, granularity: 'instruction' });
    assert.deepEqual(await placeOf(dap), place);
  }
}

/** Checks that the symbols that the running kernel reports equal the symbols read from its file. */
async function comparesWithGuest(dap: DapClient): Promise<void> {
  const from = dap.terminal.length;
  await dap.type('head -n 20000 /proc/kallsyms | tail -n 40; echo over\n');
  await dap.untilTerminal(`\nover\r\n${PROMPT}`, from);
  const listed = [...dap.terminal.slice(from).matchAll(/^([0-9a-f]{16}) \w (\S+)\r$/gm)];
  assert.equal(listed.length, 40);
  const ours = linuxSymbols();
  for (const [, address, name] of listed) assert.equal(ours.get(name)?.toString(16), address, name);
}

/** Replays from the recording alone, which contains the kernel and its symbols. */
async function replaysTheSame(
  dap: DapClient,
  { sandbox, opened, end, console }: { sandbox: Sandbox; opened: SourcePosition[]; end: number; console: string },
): Promise<void> {
  await dap.start(linuxLaunch(sandbox.folder, { rr: 'replay', kernel: undefined, initrd: undefined }));
  assert.match((await dap.event('stopped')).description, /powered off/);
  assert.deepEqual([dap.place.position, dap.terminal], [end, console]);
  await dap.until('blkreplay/goTo', { position: opened[1].position + 1 });
  await breakAt(dap, [OPEN]);
  for (const earlier of [opened[1], opened[0]]) {
    assert.equal((await dap.until('reverseContinue')).reason, 'function breakpoint');
    assert.deepEqual(await placeOf(dap), earlier);
  }
  await goesBackAndForth(dap);
  assert.equal(dap.stderr, '');
}

interface SourcePosition {
  position: number;
  registers: Record<string, string>;
}

/** The current position, with the contents of all registers. */
async function placeOf(dap: DapClient): Promise<SourcePosition> {
  const { id: frameId } = await dap.topFrame();
  const { scopes } = await dap.request('scopes', { frameId });
  const { variablesReference } = scopes.find(({ name }: { name: string }) => name === 'Registers');
  const { variables } = await dap.request('variables', { variablesReference });
  const registers = variables.map(({ name, value }: { name: string; value: string }) => [name, value]);
  return { position: dap.place.position, registers: Object.fromEntries(registers) };
}
