/** Backtraces, breakpoints by line and function, and local variables work in a session without DAP. */
import assert from 'node:assert/strict';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import {
  addResolvedBreakpoint,
  baseName,
  callStackOf,
  LoadedSymbols,
  localsOf,
  type Notice,
  openSymbolFiles,
  type ResolvedBreakpoint,
  resolveAddress,
  resolveFunction,
  resolveLine,
  Session,
  SourcePaths,
  type StackFrame,
  type Timeline,
} from '../../../debug-adapter/engine/index.ts';
import { complete } from '../../../debug-adapter/engine/base/sliced.ts';
import { nodeHost } from '../../../debug-adapter/host/nodeHost.ts';
import { guest } from '../../support/guests.ts';
import { KERNEL, type Scene, stageOf } from '../timeline/travelSupport.ts';

interface Debugging {
  session: Session;
  symbols: LoadedSymbols;
  runTo(resolved: ResolvedBreakpoint): void;
  backtrace(): string[];
}

const sceneOf = (name: string): Scene => ({ kernel: guest(name), diskBytes: 1 << 20 });
const CALLS = sceneOf('walks/calls');
const INLINES = sceneOf('walks/inlines');

function debug(
  t: TestContext,
  timeline: Timeline,
  { kernel, symbols = [], rrfile }: { kernel: string; symbols?: string[]; rrfile?: string },
): Debugging {
  const session = new Session(timeline);
  t.after(() => timeline.close({ reason: 'interrupted' }));
  const notices: Notice[] = [];
  const files = symbols.map((file) => ({ file }));
  const options = { boot: { kernel, bios: null }, memoryBytes: 128 << 20, rrfile, symbols: files };
  const groups = openSymbolFiles(nodeHost, options, (notice) => notices.push(notice));
  assert.deepEqual(notices, []);
  const loaded = new LoadedSymbols(groups, session.inspector);
  const runTo = ({ addresses, problem }: ResolvedBreakpoint) => {
    assert.deepEqual([problem, addresses.length], [undefined, 1]);
    const id = addResolvedBreakpoint(session, loaded, addresses[0]);
    assert.equal(complete(session.continue()).kind, 'breakpoint');
    session.stopPoints.remove(id);
    loaded.forget();
  };
  return { session, symbols: loaded, runTo, backtrace: () => callStackOf(session.inspector, loaded).map(lineOf) };
}

/** Formats a frame as a line of a backtrace, such as `#0 find at calls.c:37`. */
function lineOf({ source: { name, at } }: StackFrame, number: number): string {
  return `#${number} ${name} at ${at && `${baseName(at.file.path)}:${at.line}`}`;
}

test('a backtrace shows the function and line of each frame, up to the entry point', (t) => {
  const { runTo, backtrace, symbols } = debug(t, stageOf(CALLS, t).record(), CALLS);
  runTo(resolveLine(symbols, 'calls.c', 20));
  assert.deepEqual(backtrace(), [
    '#0 fibonacci at calls.c:20',
    '#1 round_of at calls.c:73',
    '#2 main at calls.c:88',
    '#3 _start at start.S:26',
  ]);
});

test('each frame of a backtrace has its own local variables', (t) => {
  const { session, runTo, symbols } = debug(t, stageOf(CALLS, t).record(), CALLS);
  runTo(resolveFunction(symbols, 'ackermann'));
  const [ackermann, roundOf] = callStackOf(session.inspector, symbols);
  const textOf = (frame: StackFrame) =>
    localsOf({ ...frame, symbols: frame.symbols! }).map(({ name, text }) => `${name} = ${text}`);
  assert.deepEqual(textOf(ackermann), ['m = 1', 'n = 0']);
  assert.equal(roundOf.source.name, 'round_of');
  assert.deepEqual(textOf(roundOf).slice(0, 2), ['seed = 0', 'values = {0, 0, 64, 99, 0, 160, 198, 0}']);
});

test('an inlined function has a frame of its own, and the frame of its caller shows the line of the call', (t) => {
  const { runTo, backtrace, symbols } = debug(t, stageOf(INLINES, t).record(), INLINES);
  runTo(resolveLine(symbols, 'inlines.c', 22));
  assert.deepEqual(backtrace().slice(0, 3), [
    '#0 put at inlines.c:22',
    '#1 fill at inlines.c:46',
    '#2 round_of at inlines.c:63',
  ]);
});

test('if two programs use the same addresses, a breakpoint stops only in the program that it was set in, and the backtrace shows that program', (t) => {
  const programs = { ...KERNEL, symbols: [guest('kernel/user/sum'), guest('kernel/user/primes')] };
  const { runTo, backtrace, symbols } = debug(t, stageOf(KERNEL, t).record(), programs);
  const { addresses } = resolveFunction(symbols, 'main');
  assert.equal(addresses.length, 2);
  // The breakpoint is set in `sum`, but the kernel runs `primes` before it.
  runTo({ addresses: addresses.filter(({ group }) => group?.name === programs.symbols[0]) });
  assert.deepEqual(backtrace(), ['#0 main at sum.c:4', '#1 run_main at runtime.c:41', '#2 _start at start.S:11']);
});

test('a replay uses the symbols of the recorded kernel, even if the kernel file has been replaced since', (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'blkreplay-stack-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const kernel = path.join(folder, 'kernel.elf');
  copyFileSync(CALLS.kernel, kernel);
  const stage = stageOf({ ...CALLS, kernel }, t);
  const recorded = stage.record();
  recorded.advance(1_000_000);
  recorded.close({ reason: 'interrupted' });
  copyFileSync(INLINES.kernel, kernel);
  const { runTo, backtrace, symbols } = debug(t, stage.replay(), { kernel, rrfile: stage.setup.rrfile });
  runTo(resolveFunction(symbols, 'find'));
  assert.deepEqual(backtrace().slice(0, 2), ['#0 find at calls.c:36', '#1 round_of at calls.c:72']);
});

test('if the location of a breakpoint cannot be resolved, the message gives the reason', (t) => {
  const { session, symbols } = debug(t, stageOf(CALLS, t).record(), CALLS);
  const problemsAt = (address: bigint) => resolveAddress(symbols, session.inspector, address).problem;
  assert.deepEqual(resolveLine(symbols, 'calls.c', 900).problem, { kind: 'noCodeAtLine', line: 900 });
  assert.deepEqual(resolveFunction(symbols, 'nowhere').problem, { kind: 'noFunction', name: 'nowhere' });
  assert.deepEqual(problemsAt(0x8000_0001n), { kind: 'oddAddress', address: 0x8000_0001n });
  assert.deepEqual(problemsAt(0x1000n), { kind: 'notMapped', address: 0x1000n });
  assert.equal(problemsAt(0x8000_0000n), undefined);
});

test('a source file with a relative path is searched for in the folder of the symbol file and in its parent folders', (t) => {
  const { symbols } = debug(t, stageOf(CALLS, t).record(), CALLS);
  const [file] = symbols.files;
  const paths = new SourcePaths({ files: nodeHost.files, cwd: tmpdir() });
  assert.equal(paths.resolve(file, './walks/calls.c'), path.resolve(path.dirname(CALLS.kernel), 'calls.c'));
  assert.equal(paths.resolve(file, 'walks/missing.c'), 'walks/missing.c');
  assert.equal(paths.resolve(file, '/nowhere/calls.c'), '/nowhere/calls.c');
});
