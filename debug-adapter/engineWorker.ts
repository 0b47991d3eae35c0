import { parentPort, workerData } from 'node:worker_threads';
import { EngineService, type ToEngine } from './dap/index.ts';
import { nodeHost } from './host/nodeHost.ts';
import { RealtimeIdleClock, wallClock } from './host/wallClock.ts';

/** The thread that the engine runs in: joins the adapter's engine side with Node's files and clocks. */
declare const BLKREPLAY_VERSION: string;

const { pauseFlag } = workerData as { pauseFlag: Int32Array<SharedArrayBuffer> };
const port = parentPort!;

const service = new EngineService({
  host: nodeHost,
  // The pause flag wakes a machine that sleeps, too.
  idleClock: new RealtimeIdleClock(wallClock, pauseFlag),
  version: BLKREPLAY_VERSION,
  post: (message) => port.postMessage(message),
  milliseconds: () => wallClock.monotonicMilliseconds(),
  letMessagesIn: () => new Promise(setImmediate),
  pauseFlag,
});
port.on('message', (message: ToEngine) => service.received(message));
