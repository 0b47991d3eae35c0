import * as path from 'node:path';
import { Worker } from 'node:worker_threads';
import { ownMistake } from './engine/errors/dap.ts';
import { Adapter, EngineLink, type FromEngine } from './dap/index.ts';

/**
 * The debug adapter over stdin and stdout. It starts on being loaded, since an editor may load it with
 * `node -e "require(file)"`, and ends when its client goes.
 */
// A long replay is interrupted at once; closing a recording takes a snapshot's time.
const CLOSE_MILLISECONDS_MAX = 10_000;

const signals = new Int32Array(new SharedArrayBuffer(8));
const worker = new Worker(path.join(__dirname, 'engine-worker.js'), { workerData: { signals } });
const engine = new EngineLink({ post: (message) => worker.postMessage(message), signals });
worker.on('message', (message: FromEngine) => engine.received(message));
worker.on('error', (error: Error) =>
  engine.gone({ code: 'own-mistake', message: ownMistake(error.stack ?? error.message) }),
);

const adapter = new Adapter(engine, () => void leave());
adapter.start(process.stdin, process.stdout);
for (const end of ['end', 'close']) process.stdin.once(end, () => void leave());
process.stdout.on('error', () => void leave());
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void leave());

let isLeaving = false;

async function leave(): Promise<void> {
  if (isLeaving) return;
  isLeaving = true;
  const tooLong = new Promise((resolve) => setTimeout(resolve, CLOSE_MILLISECONDS_MAX));
  await Promise.race([adapter.close(), tooLong]);
  // What was said last is to arrive, unless nobody listens.
  process.stdout.write('', () => process.exit(0));
}
