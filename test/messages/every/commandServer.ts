// Runs command lines one after the other in one process, because starting a process for each would take longer than
// most of the commands. stdin receives one request per line. The commands write to the stdout and stderr of this
// process; after each command, a NUL, the exit status and a line feed are written to stderr.
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import readline from 'node:readline';
import type { CommandRequest, Fault } from './commands.ts';

(globalThis as { BLKREPLAY_VERSION?: string }).BLKREPLAY_VERSION = '0.0.0';
const { main } = await import('../../../debug-adapter/cli/main.ts');
const { makeInterruptionCell, setTolerance, URGENCY } = await import('../../../debug-adapter/host/interruption.ts');

const original = { ...fs, Memory: WebAssembly.Memory };
type Call = (...args: unknown[]) => unknown;

function injectFault(fault: Fault): void {
  if (fault.call === 'WebAssembly.Memory') return refuseMemory();
  const handles = new Set<unknown>();
  const pattern = new RegExp(fault.file);
  const named = (path: unknown) => typeof path === 'string' && pattern.test(path);
  const opening: Call = (...args) => {
    const handle = (original.openSync as Call)(...args);
    if (named(args[0])) handles.add(handle);
    else handles.delete(handle); // the number of a closed file is reused
    return handle;
  };
  const isFor = (args: unknown[]) => handles.has(args[0]) || args.slice(0, 2).some(named);
  const target = fs as unknown as Record<string, Call>;
  target.openSync = opening;
  const work = fault.call === 'openSync' ? opening : (original as unknown as Record<string, Call>)[fault.call];
  target[fault.call] = (...args) => (isFor(args) ? resultOf(fault, () => work(...args)) : work(...args));
  syncBuiltinESMExports();
}

function resultOf({ call, code, sizeBytes, text }: Fault, work: () => unknown): unknown {
  if (text !== undefined) return text;
  if (sizeBytes !== undefined) return Object.assign(work() as object, { size: sizeBytes });
  throw Object.assign(new Error(`${code}: injected, ${call}`), { code });
}

/** Makes memory allocation fail as in V8 when the system is out of memory. */
function refuseMemory(): void {
  WebAssembly.Memory = function () {
    throw new RangeError('WebAssembly.Memory(): could not allocate memory');
  } as unknown as typeof WebAssembly.Memory;
}

function removeFault({ call }: Fault): void {
  WebAssembly.Memory = original.Memory;
  Object.assign(fs, { openSync: original.openSync, ...(call in fs && { [call]: original[call as 'openSync'] }) });
  syncBuiltinESMExports();
}

for await (const line of readline.createInterface({ input: process.stdin })) {
  const { folder, args, fault, isInterrupted } = JSON.parse(line) as CommandRequest;
  process.chdir(folder);
  const cell = makeInterruptionCell();
  setTolerance(URGENCY.none); // an earlier command may have raised it
  if (isInterrupted) cell[0] = URGENCY.asked;
  if (fault) injectFault(fault);
  const status = await main(args, { cell, whenInterrupted: new Promise(() => {}) });
  if (fault) removeFault(fault);
  fs.writeSync(2, `\0${status}\n`);
}
