/** A session takes its symbols from the best matching file: the recorded kernel, or a file with the same code.
 *
 * A replay uses the symbols of the recorded files. If several files describe the same code, the file with the most
 * debug information is used.
 */
import assert from 'node:assert/strict';
import { readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { gzipSync } from 'node:zlib';
import { openSymbols } from '../../debug-adapter/engine/symbols/index.ts';
import { Sandbox } from '../support/cli.ts';
import { debugOnly, loadedBytes, patched, stripped, withoutDebugInfo, withoutSections } from '../support/changedElf.ts';
import { DapClient, source } from '../support/dapClient.ts';
import { guest } from '../support/guests.ts';
import { withKallsyms } from '../support/kallsyms.ts';

const CALLS = readFileSync(guest('walks/calls'));
/**
 * Contains the same library code as CALLS, followed by a different program. The file therefore looks like another build
 * of the same kernel.
 */
const OTHER_BUILD = readFileSync(guest('walks/lines'));
const IMAGE = readFileSync(guest('image/image'));

/** The image's symbols that a kernel's built-in symbol table would contain. */
const IMAGE_NAMES = ['_start', 'early_setup', 'add', 'image_main', 'print', 'tally'].map((name) => {
  const [{ address, kind }] = openSymbols({ name: 'vmlinux', bytes: IMAGE }).symbolsNamed(name);
  return { name, address, type: kind === 'object' ? 'B' : 'T' };
});
IMAGE_NAMES.sort((a, b) => (a.address < b.address ? -1 : 1));

// --- a replay ------------------------------------------------------------------------------------------------------------

for (const [what, other] of [
  ['rebuilt', OTHER_BUILD],
  ['another program', readFileSync(guest('small/hello'))],
  ['no ELF file', Buffer.from('not a kernel')],
] as const) {
  test(`a replay uses the recorded kernel's symbols when the file at its path is ${what}, and reports the difference once`, async (t) => {
    const sandbox = await recorded(t, CALLS);
    sandbox.write('kernel.elf', other);
    const dap = await replayed(t, sandbox, { kernel: 'kernel.elf' });
    const kernel = sandbox.path('kernel.elf');
    assert.deepEqual(noticesOf(dap), [
      `${kernel} differs from the recorded kernel. The replay uses the recorded one and its symbols. ` +
        'Record again to use the new one.\n',
    ]);
    await stopsInFibonacci(dap);
  });
}

test('a replay needs no kernel file for symbols, and reports nothing when the file is missing or unchanged', async (t) => {
  const sandbox = await recorded(t, CALLS);
  for (const [kernel, isThere] of [
    ['kernel.elf', true],
    ['kernel.elf', false],
    [undefined, false],
  ] as const) {
    if (!isThere) rmSync(sandbox.path('kernel.elf'), { force: true });
    const dap = await replayed(t, sandbox, { kernel });
    await stopsInFibonacci(dap);
    assert.deepEqual(noticesOf(dap), []);
    await dap.leave();
  }
});

test('a replay reports changed firmware and a changed initial RAM disk once each', async (t) => {
  const sandbox = new Sandbox(t);
  sandbox.write('kernel.elf', loadedBytes(IMAGE));
  sandbox.write('initrd', 'one');
  const files = { kernel: 'kernel.elf', initrd: 'initrd' };
  await record(t, sandbox, files);
  sandbox.write('initrd', 'two');
  const dap = await replayed(t, sandbox, files);
  assert.match(
    noticesOf(dap).join(),
    /^\S+initrd differs from the recorded initial RAM disk\. .* the recorded one\. Record/,
  );
});

test('a recorded stripped kernel gets debug information from a file with the same code at its path', async (t) => {
  const sandbox = await recorded(t, stripped(CALLS));
  sandbox.write('kernel.elf', CALLS);
  const dap = await replayed(t, sandbox, { kernel: 'kernel.elf' });
  await stopsInFibonacci(dap);
  await dap.leave();
  sandbox.write('kernel.elf', OTHER_BUILD);
  const other = await replayed(t, sandbox, { kernel: 'kernel.elf' });
  assert.equal((await breakAt(other, ['main']))[0].verified, false);
  assert.equal(noticesOf(other).length, 1);
});

// --- files with the same code --------------------------------------------------------------------------------------------

for (const [what, kernel, symbols] of [
  ['a stripped kernel', stripped(CALLS), CALLS],
  ['a kernel without a section table', withoutSections(CALLS), CALLS],
  ['a kernel with symbol names only', withoutDebugInfo(CALLS), CALLS],
  ['itself', CALLS, CALLS],
  ['a complete kernel, with a file without loaded bytes', CALLS, withoutDebugInfo(CALLS)],
  ['a stripped kernel, with a debug-only file', stripped(CALLS), debugOnly(CALLS)],
  ['a kernel without sections, with a debug-only file', withoutSections(CALLS), debugOnly(CALLS)],
] as const) {
  test(`lines, types and breakpoints work with a symbol file for ${what}, live and in a replay`, async (t) => {
    const sandbox = new Sandbox(t);
    sandbox.write('kernel.elf', kernel);
    sandbox.write('full.elf', symbols);
    const files = { kernel: 'kernel.elf', symbols: ['full.elf'] };
    const live = new DapClient(t);
    await live.start(launchOf(sandbox, files), () => setFibonacci(live));
    await showsFibonacci(live);
    await live.leave();
    const replay = await replayed(t, sandbox, files);
    await stopsInFibonacci(replay);
    assert.deepEqual(noticesOf(replay), []);
  });
}

for (const [what, files] of [
  ['a raw kernel with an address', { kernel: 'raw.bin@0x80000000', symbols: ['full.elf'] }],
  ['a gzip-compressed raw kernel', { kernel: 'raw.gz', symbols: ['full.elf'] }],
  ['raw firmware without a kernel', { bios: 'raw.bin', symbols: ['full.elf'] }],
  ['a loaded ELF file', { load: ['full.elf'] }],
  ['a loaded raw file', { load: ['raw.bin@0x80000000'], symbols: ['full.elf'] }],
] as const) {
  test(`lines, types and breakpoints work with the symbols of ${what}, live and in a replay`, async (t) => {
    const sandbox = new Sandbox(t);
    sandbox.write('raw.bin', loadedBytes(CALLS));
    sandbox.write('raw.gz', gzipSync(loadedBytes(CALLS)));
    sandbox.write('full.elf', CALLS);
    const live = new DapClient(t);
    await live.start(launchOf(sandbox, files), () => setFibonacci(live));
    await showsFibonacci(live);
    await live.leave();
    const replay = await replayed(t, sandbox, files);
    await stopsInFibonacci(replay);
    assert.deepEqual(noticesOf(replay), []);
  });
}

for (const [what, image, vmlinux] of [
  ['with a symbol table', withKallsyms(loadedBytes(IMAGE), IMAGE_NAMES), IMAGE],
  ['without a symbol table', loadedBytes(IMAGE), IMAGE],
  ['with a symbol table, as a debug-only file,', withKallsyms(loadedBytes(IMAGE), IMAGE_NAMES), debugOnly(IMAGE)],
] as const) {
  test(`a vmlinux for an Image ${what} provides lines and types, before and after the MMU is on`, async (t) => {
    const sandbox = new Sandbox(t);
    sandbox.write('Image', image);
    sandbox.write('vmlinux', vmlinux);
    const dap = new DapClient(t);
    const files = { kernel: 'Image', symbols: ['vmlinux'] };
    await dap.start(launchOf(sandbox, files), () => breakAt(dap, ['early_setup', 'add']));
    assert.equal((await dap.event('stopped')).reason, 'function breakpoint');
    assert.equal(await whereIs(dap), 'early_setup image.c');
    assert.equal(await dap.evaluate('table'), '0x80201000 <page_table>');
    await dap.until('continue');
    assert.equal(await whereIs(dap), 'add image.c');
    const { stackFrames } = await dap.request('stackTrace', { threadId: 1 });
    assert.deepEqual(namesIn(stackFrames).slice(0, 2), ['add', 'image_main']);
    assert.equal(await dap.evaluate('*to'), '{rounds = 0, sum = 0}');
    await dap.until('continue');
    assert.equal(await dap.evaluate('*to'), '{rounds = 1, sum = 1}');
    await dap.until('reverseContinue');
    await dap.until('reverseContinue');
    assert.equal(await whereIs(dap), 'early_setup image.c');
    assert.deepEqual(noticesOf(dap), []);
  });
}

test('breakpoints from a symbol file work in a kernel that firmware starts', async (t) => {
  const sandbox = new Sandbox(t);
  const full = guest('sbi/sbi');
  sandbox.write('kernel.elf', stripped(readFileSync(full)));
  const dap = new DapClient(t);
  const files = { kernel: 'kernel.elf', bios: 'builtin', symbols: [full] };
  await dap.start(launchOf(sandbox, files), () => breakAt(dap, ['main']));
  assert.equal((await dap.event('stopped')).reason, 'function breakpoint');
  assert.equal(await whereIs(dap), 'main sbi.c');
});

// --- files with different code ---------------------------------------------------------------------------------------

test('symbols from a different build are reported once, and apply only where the machine runs the same code', async (t) => {
  const sandbox = new Sandbox(t);
  sandbox.write('kernel.elf', stripped(CALLS));
  sandbox.write('other.elf', OTHER_BUILD);
  const dap = new DapClient(t);
  let set: { verified: boolean; message?: string }[] = [];
  const files = { kernel: 'kernel.elf', symbols: ['other.elf'] };
  await dap.start(launchOf(sandbox, files), async () => {
    set = await breakAt(dap, ['console_put', 'main']);
  });
  assert.deepEqual(
    set.map(({ verified }) => verified),
    [true, false],
  );
  assert.match(
    set[1].message!,
    /^The code in \S+other\.elf is from a different build than the code that the machine runs/,
  );
  assert.equal((await dap.event('stopped')).reason, 'function breakpoint');
  assert.equal(await whereIs(dap), 'console_put uart.c');
  assert.equal(noticesOf(dap).length, 1);
  assert.match(
    noticesOf(dap)[0],
    /other\.elf is a different build from \S+kernel\.elf: the code differs, starting at 0x8000\w+\./,
  );
  const { stackFrames } = await dap.request('stackTrace', { threadId: 1 });
  assert.ok(!namesIn(stackFrames).includes('main'), 'callers in other code have no names');
});

test("the recorded kernel's symbols take precedence over symbols from a slightly different build", async (t) => {
  const sandbox = await recorded(t, CALLS);
  // One instruction of fibonacci differs.
  sandbox.write('other.elf', patched(CALLS, 0x8000_0ea0n));
  const dap = await replayed(t, sandbox, { symbols: ['other.elf'] });
  assert.equal(noticesOf(dap).length, 1);
  assert.match(noticesOf(dap)[0], /other\.elf is a different build from .* starting at 0x80000ea0\./);
  await stopsInFibonacci(dap);
});

test('a breakpoint that cannot be hit is reported as unverified, with the reason', async (t) => {
  const sandbox = new Sandbox(t);
  sandbox.write('kernel.elf', CALLS);
  const dap = new DapClient(t);
  await dap.start({ ...launchOf(sandbox, { kernel: 'kernel.elf' }), stopOnEntry: true });
  await dap.event('stopped');
  const [data] = await breakAt(dap, ['nodes']);
  assert.deepEqual(
    [data.verified, data.message],
    [
      false,
      'The loaded symbols contain no function "nodes". Check the name, or add the ELF file that contains it to "symbols".',
    ],
  );
  const breakpoints = [{ instructionReference: '0x40000000' }, { instructionReference: '0x80000e84' }];
  const answer = await dap.request('setInstructionBreakpoints', { breakpoints });
  const [nowhere, fibonacci] = answer.breakpoints;
  assert.deepEqual([nowhere.verified, fibonacci.verified], [false, true]);
  assert.match(nowhere.message, /^No memory is currently mapped at 0x40000000/);
});

// --- source files in another folder --------------------------------------------------------------------------------------

test('with a source map, breakpoints can be set in source files in another folder, and stack frames refer to these files', async (t) => {
  const sandbox = new Sandbox(t);
  sandbox.write('kernel.elf', CALLS);
  sandbox.write('src/calls.c', readFileSync(CALLS_SOURCE));
  const local = path.join(sandbox.folder, 'src/calls.c');
  for (const sourceMap of [{}, { './walks': 'src' }]) {
    const dap = new DapClient(t);
    let isVerified = false;
    const files = { kernel: 'kernel.elf', sourceMap, overwrite: 'always' };
    await dap.start(launchOf(sandbox, files), async () => {
      const breakpoints = [{ line: LINE }];
      const answer = await dap.request('setBreakpoints', { source: { path: local }, breakpoints });
      isVerified = answer.breakpoints[0].verified;
    });
    const { reason } = await dap.event('stopped');
    assert.deepEqual([isVerified, reason === 'breakpoint'], './walks' in sourceMap ? [true, true] : [false, false]);
    if (isVerified) {
      assert.equal((await dap.topFrame()).source?.path, local);
      assert.equal(noticesOf(dap).filter((text) => /calls\.c is newer than /.test(text)).length, 0);
    }
    await dap.leave();
  }
});

// --- helpers -------------------------------------------------------------------------------------------------------------

function launchOf(sandbox: Sandbox, more: object): object {
  return { rr: 'record', rrfile: 'a.rr', cwd: sandbox.folder, idle: 'warp', ...more };
}

/** Writes a kernel to kernel.elf and records it until the guest shuts down. */
async function recorded(t: TestContext, kernel: Uint8Array): Promise<Sandbox> {
  const sandbox = new Sandbox(t);
  sandbox.write('kernel.elf', kernel);
  await record(t, sandbox, { kernel: 'kernel.elf' });
  return sandbox;
}

async function record(t: TestContext, sandbox: Sandbox, files: object): Promise<void> {
  const dap = new DapClient(t);
  await dap.start(launchOf(sandbox, files));
  await dap.event('stopped');
  await dap.leave();
}

/** Starts a replay, which stops at the end of the recording. */
async function replayed(t: TestContext, sandbox: Sandbox, files: object): Promise<DapClient> {
  const dap = new DapClient(t);
  await dap.start(launchOf(sandbox, { ...files, rr: 'replay' }));
  await dap.event('stopped');
  return dap;
}

const noticesOf = (dap: DapClient): string[] =>
  dap.events
    .filter(({ event, body }) => event === 'output' && body.category === 'important')
    .map(({ body }) => body.output as string);

async function breakAt(dap: DapClient, names: readonly string[]) {
  const breakpoints = names.map((name) => ({ name }));
  return (await dap.request('setFunctionBreakpoints', { breakpoints })).breakpoints;
}

/** Sets one breakpoint on the function `fibonacci` and one on the line of its second return. */
async function setFibonacci(dap: DapClient): Promise<void> {
  const [byName] = await breakAt(dap, ['fibonacci']);
  assert.equal(byName.verified, true);
  const breakpoints = [{ line: LINE }];
  const [byLine] = (await dap.request('setBreakpoints', { source: { path: CALLS_SOURCE }, breakpoints })).breakpoints;
  assert.equal(byLine.verified, true);
}

const CALLS_SOURCE = source('walks/calls.c');
const LINE =
  readFileSync(CALLS_SOURCE, 'utf8')
    .split('\n')
    .findIndex((text) => text.includes('fibonacci(n - 1)')) + 1;

async function showsFibonacci(dap: DapClient): Promise<void> {
  assert.equal((await dap.event('stopped')).reason, 'function breakpoint');
  await isInFibonacci(dap);
  await breakAt(dap, []);
  assert.equal((await dap.until('continue')).reason, 'breakpoint');
  assert.equal((await dap.topFrame()).line, LINE);
  await isInFibonacci(dap);
}

async function isInFibonacci(dap: DapClient): Promise<void> {
  const { stackFrames } = await dap.request('stackTrace', { threadId: 1 });
  assert.equal(stackFrames[0].name, 'fibonacci');
  assert.match(stackFrames[0].source.name, /^calls\.c$/);
  assert.ok(namesIn(stackFrames).includes('main'), 'the callers');
  assert.match(await dap.evaluate('n'), /^\d+$/);
  assert.match(await dap.evaluate('sizeof(struct node)'), /^24$/);
}

/** Runs backwards from the end of the recording and checks that the replay stops in `fibonacci`. */
async function stopsInFibonacci(dap: DapClient): Promise<void> {
  await breakAt(dap, ['fibonacci']);
  assert.equal((await dap.until('reverseContinue')).reason, 'function breakpoint');
  await isInFibonacci(dap);
}

async function whereIs(dap: DapClient): Promise<string> {
  const { name, source: file } = await dap.topFrame();
  return `${name} ${file?.path.split('/').at(-1)}`;
}

const namesIn = (stackFrames: { name: string }[]): string[] => stackFrames.map(({ name }) => name);
