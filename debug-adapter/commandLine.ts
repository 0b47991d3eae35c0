// The entry point of the command line. This main thread receives signals; the command itself runs in a worker thread.
// While the worker is opening or copying files, it cannot receive messages, so it polls a shared-memory cell instead
// (host/interruption.ts). The exit status is the command's result.
import * as path from 'node:path';
import { SHARE_ENV, Worker } from 'node:worker_threads';
import { reportUncaught } from './cli/internalError.ts';
import { Interrupter } from './host/interrupter.ts';
import { makeInterruptionCell } from './host/interruption.ts';

const EXIT_INTERRUPTED = 130;
const TERMINATION_MILLISECONDS = 100;

const cell = makeInterruptionCell();
// `__dirname` is correct both when Node requires this file and when an editor loads it.
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
 * Kills the process. Called if the worker thread cannot be terminated because it is blocked in a system call, such as a
 * write to a pipe that nobody reads. A shell also reports status 130 for a process that was killed by SIGINT.
 */
function killBySigint(): void {
  process.removeAllListeners('SIGINT');
  process.kill(process.pid, 'SIGINT');
}
