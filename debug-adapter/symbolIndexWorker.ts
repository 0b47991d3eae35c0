// The entry point of a thread that creates the index of one symbol file. If the index cannot be created, the thread
// posts no result; the engine reports the error when it opens the file.
import { parentPort, workerData } from 'node:worker_threads';
import { createSymbolIndex, kernelOfRecording } from './engine/index.ts';
import { useInterruptionCell } from './host/interruption.ts';
import { nodeHost } from './host/nodeHost.ts';
import { symbolIndexCache } from './host/symbolIndexCache.ts';
import { FILE_BYTES_MIN, type IndexResult, type IndexTask } from './host/symbolIndexes.ts';

const { path, isRecording, cacheFolder, interruption } = workerData as IndexTask;
useInterruptionCell(interruption);
const file = nodeHost.files.open(path, { write: false, create: 'never' });
try {
  const version = file.version?.() ?? '';
  const cache = cacheFolder === undefined ? undefined : symbolIndexCache(cacheFolder);
  const source = isRecording ? kernelOfRecording(nodeHost, path, FILE_BYTES_MIN) : file;
  if (source) {
    const index = createSymbolIndex(source, { compression: nodeHost.compression, cache });
    const result: IndexResult = { version, index };
    parentPort!.postMessage(result, index.buffer instanceof ArrayBuffer ? [index.buffer] : []);
  }
} finally {
  file.close();
}
