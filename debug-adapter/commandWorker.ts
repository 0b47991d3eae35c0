// The entry point of the thread that runs a command. It is a separate file so that the rest of the program can be
// loaded from Node's compile cache, which saves a quarter of the start-up time.
import { enableCompileCache } from 'node:module';
import { parentPort, workerData } from 'node:worker_threads';
import type { InterruptionCell } from './host/interruption.ts';

// `enableCompileCache` does not exist in Node 20.
(enableCompileCache as typeof enableCompileCache | undefined)?.();
// eslint-disable-next-line @typescript-eslint/no-require-imports -- an import would load it before the cache is enabled
const { main } = require('./cli-main.js') as typeof import('./cli/main.ts');

const { cell, args } = workerData as { cell: InterruptionCell; args: readonly string[] };
const port = parentPort!;
const whenInterrupted = new Promise<void>((resolve) => port.once('message', () => resolve()));
// An open port must not keep the thread alive. While code waits for a signal, other pending work keeps the thread
// alive.
port.unref();

void main(args, { cell, whenInterrupted }).then((status) => {
  process.exitCode = status;
});
