// The entry point of the command line: the main thread, which receives signals. The command itself runs in a worker
// thread. While that opens or copies files it receives no messages, so it polls a shared cell instead
// (host/interruption.ts). The command's result is the exit status.
import * as path from 'node:path';
import { SHARE_ENV, Worker } from 'node:worker_threads';
import { reportUncaught } from './cli/internalError.ts';
import { Interrupter } from './host/interrupter.ts';
import { makeInterruptionCell } from './host/interruption.ts';

const EXIT_INTERRUPTED = 130;
const TERMINATION_MILLISECONDS = 100;

const cell = makeInterruptionCell();
// This path works both for a required file and for one loaded by an editor.
const worker = new Worker(path.join(__dirname, 'cli-worker.js'), {
  workerData: { cell, args: process.argv.slice(2) },
  env: SHARE_ENV,
});
let status: number | undefined;
worker.on('error', (error) => (status = reportUncaught(error)));
worker.on('exit', (code) => process.exit(status ?? code));

const interrupter = new Interrupter(cell, () => {
  status = EXIT_INTERRUPTED;
  void worker.terminate();
  setTimeout(killBySigint, TERMINATION_MILLISECONDS);
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    interrupter.request();
    worker.postMessage('interrupted');
  });
}

/**
 * The command's thread hangs in a system call, such as a write to a pipe without a reader. Dying from SIGINT also gives
 * status 130 in a shell.
 */
function killBySigint(): void {
  process.removeAllListeners('SIGINT');
  process.kill(process.pid, 'SIGINT');
}
