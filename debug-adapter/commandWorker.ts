import { enableCompileCache } from 'node:module';
import { parentPort, workerData } from 'node:worker_threads';
import type { InterruptionCell } from './host/interruption.ts';

/**
 * The thread that a command runs in: a file of its own, so that the rest can come out of Node's cache of compiled code,
 * which is a quarter of what a start costs.
 */
// Not in Node 20.
(enableCompileCache as typeof enableCompileCache | undefined)?.();
// eslint-disable-next-line @typescript-eslint/no-require-imports -- an import would be loaded before the cache is on
const { main } = require('./cli-main.js') as typeof import('./cli/main.ts');

const { cell, args } = workerData as { cell: InterruptionCell; args: readonly string[] };
const port = parentPort!;
const whenInterrupted = new Promise<void>((resolve) => port.once('message', () => resolve()));
// What waits for it, waits for something else, too.
port.unref();

void main(args, { cell, whenInterrupted }).then((status) => {
  process.exitCode = status;
});
