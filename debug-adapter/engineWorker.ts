// The entry point of the engine's thread: connects the adapter's engine side with Node's files, clocks and sockets.
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { EngineService, type ToEngine } from './dap/index.ts';
import { COST_MS_AT_FIRST_WATCHED, TimedPace } from './host/checkpointPace.ts';
import { optimiseEarly } from './host/codeTiering.ts';
import { type InterruptionCell, obeyInterruption } from './host/interruption.ts';
import { listen } from './host/listening.ts';
import { nodeHost } from './host/nodeHost.ts';
import { RealtimeIdleClock, wallClock } from './host/wallClock.ts';

declare const BLKREPLAY_VERSION: string;

const { signals, interruption, overwrites } = workerData as {
  signals: Int32Array<SharedArrayBuffer>;
  interruption: InterruptionCell;
  overwrites: boolean;
};
const port = parentPort!;
obeyInterruption(interruption);
optimiseEarly();

const service = new EngineService({
  host: nodeHost,
  overwrites,
  // The cell that wakes the engine also wakes a machine that sleeps.
  idleClock: new RealtimeIdleClock(wallClock, signals),
  makePace: () => new TimedPace({ costAtFirstMs: COST_MS_AT_FIRST_WATCHED }),
  version: BLKREPLAY_VERSION,
  post: (message) => port.postMessage(message),
  milliseconds: () => wallClock.monotonicMilliseconds(),
  letMessagesIn: () => new Promise(setImmediate),
  nextMessage: () => receiveMessageOnPort(port)?.message as ToEngine | undefined,
  listen,
  signals,
});
// Files deleted while the machine is stopped are noticed within two seconds.
const LOOK_AROUND_MILLISECONDS = 2000;
setInterval(() => service.lookAround(), LOOK_AROUND_MILLISECONDS).unref();
port.on('message', (message: ToEngine) => service.received(message));
