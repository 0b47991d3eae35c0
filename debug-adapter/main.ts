import * as path from 'node:path';
import { Worker } from 'node:worker_threads';
import { Adapter, EngineLink, type FromEngine, makeSignals, type ToEngine } from './dap/index.ts';
import { ownMistake, requestTooDeep } from './engine/errors/dap.ts';
import { userErrorOf } from './engine/errors/outOfMemory.ts';
import { makeInterruptionCell, URGENCY } from './host/interruption.ts';

/**
 * The debug adapter over stdin and stdout. It starts on being loaded, since an editor may load it with
 * `node -e "require(file)"`, and ends when its client goes. With `--overwrite` the user has agreed to replace what
 * blkreplay made before, whatever the launch configuration says: it is for one session.
 */
// A long replay is interrupted at once; closing a recording takes a snapshot's time.
const CLOSE_MILLISECONDS_MAX = 10_000;
// For a client that reads, much longer than it takes; one that does not is not waited for.
const FLUSH_MILLISECONDS_MAX = 1000;
// Who sends a signal, or leaves while something is being opened, does not wait.
const END_MILLISECONDS_MAX = 900;
const FILES_MILLISECONDS_MAX = 700;

const signals = makeSignals();
const interruption = makeInterruptionCell();
const worker = new Worker(path.join(__dirname, 'engine-worker.js'), {
  workerData: { signals, interruption, overwrites: process.argv.includes('--overwrite') },
  // Each look back makes some snapshots and drops as many. With V8's defaults, up to 100 MiB for what is new and an old
  // generation that may become four times as large as what lives in it, the process doubled within some thousand looks.
  // The growth that V8 allows follows from the size that the old generation may have at most.
  resourceLimits: { maxYoungGenerationSizeMb: 12, maxOldGenerationSizeMb: 1024 },
});
const engine = new EngineLink({
  post,
  signals,
  interrupt() {
    Atomics.store(interruption, 0, URGENCY.asked);
    setTimeout(end, END_MILLISECONDS_MAX);
  },
});
worker.on('message', (message: FromEngine) => engine.received(message));
worker.on('error', (error: Error) =>
  engine.gone(userErrorOf(error) ?? { code: 'own-mistake', message: ownMistake(error.stack ?? error.message) }),
);

const adapter = new Adapter(engine, () => void leave());
adapter.start(process.stdin, process.stdout);
for (const goes of ['end', 'close']) process.stdin.once(goes, () => void leave());
process.stdout.on('error', () => void leave());
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    setTimeout(() => Atomics.store(interruption, 0, URGENCY.now), FILES_MILLISECONDS_MAX);
    setTimeout(end, END_MILLISECONDS_MAX);
    void leave();
  });
}

/** What the client sent is copied by a function that calls itself for each level. */
function post(message: ToEngine): void {
  try {
    worker.postMessage(message);
  } catch (error) {
    if (message.kind === 'request' && error instanceof RangeError) throw requestTooDeep(message.command);
    throw error;
  }
}

let isLeaving = false;

async function leave(): Promise<void> {
  if (isLeaving) return;
  isLeaving = true;
  await Promise.race([adapter.close(), after(CLOSE_MILLISECONDS_MAX)]);
  // What was said last is to arrive, unless nobody listens.
  const flushed = new Promise((resolve) => process.stdout.write('', resolve));
  await Promise.race([flushed, after(FLUSH_MILLISECONDS_MAX)]);
  end();
}

function after(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

function end(): void {
  process.exit(0);
}
