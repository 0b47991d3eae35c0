// The entry point of the debug adapter, which communicates on stdin and stdout. The adapter starts as soon as this file
// is loaded, because an editor may run it with `node -e "require(file)"`, and exits when its client disconnects.
// `--overwrite` means that the user has agreed to replace blkreplay's earlier files in this session, regardless of the
// launch configuration.
import * as path from 'node:path';
import { Worker } from 'node:worker_threads';
import { Adapter, EngineLink, failureOf, type EngineEvent, makeSignals, type EngineRequest } from './dap/index.ts';
import { requestTooDeep } from './messages/dap.ts';
import { ENGINE_HEAP, limitHeapGrowth } from './host/heapGrowth.ts';
import { makeInterruptionCell, URGENCY } from './host/interruption.ts';

// The time limit for closing the session. A long replay is interrupted immediately, but closing a recording can take as
// long as taking a snapshot.
const CLOSE_MILLISECONDS_MAX = 10_000;
// The time limit for sending the last messages. It is long enough for any client that still reads messages.
const FLUSH_MILLISECONDS_MAX = 1000;
// The time limits for exiting after a signal, or after the client has disconnected while files are being opened.
const END_MILLISECONDS_MAX = 900;
const FILES_MILLISECONDS_MAX = 700;

limitHeapGrowth();
const signals = makeSignals();
const interruption = makeInterruptionCell();
const worker = new Worker(path.join(__dirname, 'engine-worker.js'), {
  workerData: { signals, interruption, overwrites: process.argv.includes('--overwrite') },
  resourceLimits: ENGINE_HEAP,
});
const engine = new EngineLink({
  post,
  signals,
  interrupt() {
    Atomics.store(interruption, 0, URGENCY.asked);
    setTimeout(exit, END_MILLISECONDS_MAX);
  },
});
worker.on('message', (message: EngineEvent) => engine.received(message));
worker.on('error', (error: Error) => engine.onThreadEnded(failureOf(error)));

const adapter = new Adapter(engine, () => void shutDown());
const { stdin, stdout } = process;
const client = adapter.start({
  send: (bytes) => stdout.write(bytes),
  get unsentBytes() {
    return stdout.writableLength;
  },
  pause: () => stdin.pause(),
  resume: () => stdin.resume(),
});
stdout.on('drain', () => client.drained());
stdout.on('error', () => {
  client.writeFailed();
  void shutDown();
});
stdin.on('error', ({ message }) => client.readFailed(message));
stdin.on('data', (bytes) => client.received(bytes));
for (const event of ['end', 'close']) stdin.once(event, () => void shutDown());
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    setTimeout(() => Atomics.store(interruption, 0, URGENCY.now), FILES_MILLISECONDS_MAX);
    setTimeout(exit, END_MILLISECONDS_MAX);
    void shutDown();
  });
}

/**
 * Posts a message to the engine. Structured cloning recurses once per level of nesting, so a deeply nested request can
 * overflow the stack.
 */
function post(message: EngineRequest): void {
  try {
    worker.postMessage(message);
  } catch (error) {
    if (message.kind === 'request' && error instanceof RangeError) throw requestTooDeep(message.command);
    throw error;
  }
}

let isShuttingDown = false;

async function shutDown(): Promise<void> {
  if (isShuttingDown) return;
  isShuttingDown = true;
  await Promise.race([adapter.close(), delay(CLOSE_MILLISECONDS_MAX)]);
  // Wait until the last messages have been sent, unless the client has disconnected.
  const flushed = new Promise((resolve) => stdout.write('', resolve));
  await Promise.race([flushed, delay(FLUSH_MILLISECONDS_MAX)]);
  exit();
}

function delay(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

function exit(): void {
  process.exit(0);
}
