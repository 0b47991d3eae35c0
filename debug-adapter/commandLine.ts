import * as path from 'node:path';
import { SHARE_ENV, Worker } from 'node:worker_threads';
import { reportUncaught } from './cli/ownMistake.ts';
import { Interrupter } from './host/interrupter.ts';
import { makeInterruptionCell } from './host/interruption.ts';

/**
 * The command line's entry: the thread that has the signals. The command itself runs in a thread of its own, which hears
 * of nothing while it opens or copies files, and looks at a shared cell instead (host/interruption.ts). What it returns is
 * the exit status.
 */
const EXIT_INTERRUPTED = 130;
const TERMINATION_MILLISECONDS = 100;

const cell = makeInterruptionCell();
// Node looks for it as required and as loaded by an editor alike.
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
  setTimeout(dieOfInterruption, TERMINATION_MILLISECONDS);
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    interrupter.ask();
    worker.postMessage('interrupted');
  });
}

/** It hangs in a call of the system, such as writing to a pipe that nobody reads. A shell calls this status 130, too. */
function dieOfInterruption(): void {
  process.removeAllListeners('SIGINT');
  process.kill(process.pid, 'SIGINT');
}
