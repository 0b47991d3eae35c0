/**
 * Cleaning up when the process ends without being asked nicely: on `process.exit`, on an uncaught error, and on the
 * signals that a terminal or a supervisor sends. Where somebody else handles the signal (the command line does, to
 * close the recording), the cleaning waits for the exit that follows. SIGKILL leaves things behind; whoever uses this
 * must stand that. In a worker it runs when the worker exits.
 */
const cleanups = new Set<() => void>();
let installed = false;

const SIGNALS: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** Returns a function that takes the cleanup back. Cleanups must not throw; what they throw is dropped. */
export function atProcessEnd(cleanup: () => void): () => void {
  install();
  cleanups.add(cleanup);
  return () => cleanups.delete(cleanup);
}

function runAll(): void {
  for (const cleanup of cleanups) {
    try {
      cleanup();
    } catch {
      // The process is ending: nobody is left to tell.
    }
  }
  cleanups.clear();
}

function install(): void {
  if (installed) return;
  installed = true;
  process.on('exit', runAll);
  for (const signal of SIGNALS) process.on(signal, onSignal);
}

function onSignal(signal: NodeJS.Signals): void {
  // Others listen too: the process goes on, and its exit cleans up.
  if (process.listenerCount(signal) > 1) return;
  runAll();
  // Die of the signal itself, as without us, so that the parent sees the right status.
  process.off(signal, onSignal);
  process.kill(process.pid, signal);
}
