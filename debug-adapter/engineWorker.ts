// The entry point of the engine thread: connects the adapter's engine side with Node's files, clocks and sockets.
import * as path from 'node:path';
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { EngineService, type EngineRequest } from './dap/index.ts';
import { interactivePaces } from './host/snapshotPace.ts';
import { optimizeEarly } from './host/codeTiering.ts';
import { type InterruptionCell, useInterruptionCell } from './host/interruption.ts';
import { listen } from './host/listening.ts';
import { nodeHost } from './host/nodeHost.ts';
import { symbolCacheFolder } from './host/symbolIndexCache.ts';
import { SymbolIndexes } from './host/symbolIndexes.ts';
import { RealtimeIdleClock, wallClock } from './host/wallClock.ts';

declare const BLKREPLAY_VERSION: string;

const { signals, interruption, overwrites } = workerData as {
  signals: Int32Array<SharedArrayBuffer>;
  interruption: InterruptionCell;
  overwrites: boolean;
};
const port = parentPort!;
useInterruptionCell(interruption);
optimizeEarly();

const symbolIndexes = new SymbolIndexes(path.join(__dirname, 'symbol-index-worker.js'), interruption);
const service = new EngineService({
  host: { ...nodeHost, symbolIndexes },
  prepareSymbols: (files, { usesCache, rrfile }) =>
    symbolIndexes.prepare(files, { cacheFolder: usesCache ? symbolCacheFolder() : undefined, rrfile }),
  overwrites,
  // The shared cell that wakes the engine also wakes a sleeping machine.
  idleClock: new RealtimeIdleClock(wallClock, signals),
  makePaces: interactivePaces,
  version: BLKREPLAY_VERSION,
  post: (message) => port.postMessage(message),
  milliseconds: () => wallClock.monotonicMilliseconds(),
  letMessagesIn: () => new Promise(setImmediate),
  nextMessage: () => receiveMessageOnPort(port)?.message as EngineRequest | undefined,
  listen,
  signals,
});
// With this interval, the deletion of a file is detected within two seconds even while the machine is stopped.
const FILE_CHECK_MILLISECONDS = 2000;
setInterval(() => service.checkFiles(), FILE_CHECK_MILLISECONDS).unref();
port.on('message', (message: EngineRequest) => service.received(message));
