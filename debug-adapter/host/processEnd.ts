const cleanups = new Set<() => void>();
let installed = false;

const SIGNALS: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/**
 * Registers a cleanup to run when the process ends: on `process.exit`, on an uncaught error, and on the signals that a
 * terminal or a supervisor sends. If another handler for the signal exists (the command line has one, to close the
 * recording), the cleanup runs at the exit that follows. After SIGKILL, cleanups do not run; callers must tolerate
 * this. In a worker, cleanups run when the worker exits.
 *
 * Returns a function that cancels the cleanup. Cleanups must not throw; errors are ignored.
 */
export function onProcessExit(cleanup: () => void): () => void {
  install();
  cleanups.add(cleanup);
  return () => cleanups.delete(cleanup);
}

function runCleanups(): void {
  for (const cleanup of cleanups) {
    try {
      cleanup();
    } catch {
      // The process is ending, so the error cannot be reported.
    }
  }
  cleanups.clear();
}

function install(): void {
  if (installed) return;
  installed = true;
  process.on('exit', runCleanups);
  for (const signal of SIGNALS) process.on(signal, onSignal);
}

function onSignal(signal: NodeJS.Signals): void {
  // Another listener handles the signal; the cleanups run at the exit that follows.
  if (process.listenerCount(signal) > 1) return;
  runCleanups();
  // Die from the signal itself, as if no handler were installed, so that the parent sees the correct status.
  process.off(signal, onSignal);
  process.kill(process.pid, signal);
}
