import { statSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import type { HostSymbolIndexes } from '../engine/base/host.ts';
import type { InterruptionCell } from './interruption.ts';

/**
 * The minimum size of a file that is indexed in advance. Smaller files are indexed when a name is first looked up,
 * which takes at most 50 ms.
 */
export const FILE_BYTES_MIN = 4 << 20;
/**
 * The minimum size of a recording whose kernel is indexed in advance. Smaller recordings cannot contain a large kernel.
 */
const RECORDING_BYTES_MIN = 128 << 10;

/** The heap limits of the indexing threads. The index itself and the contents of the file are outside the heap. */
const INDEX_HEAP = { maxYoungGenerationSizeMb: 24, maxOldGenerationSizeMb: 512 };

/** The input of a thread that indexes a file. */
export interface IndexTask {
  path: string;
  /** Whether the file is a recording. If so, the kernel in the recording is indexed. */
  isRecording: boolean;
  /** Undefined if the cache is not used. */
  cacheFolder: string | undefined;
  interruption: InterruptionCell;
}

/** The result of a thread that indexes a file. */
export interface IndexResult {
  /** The version of the file that was indexed (`HostFile.version`). */
  version: string;
  index: Uint8Array;
}

/**
 * Creates the indexes of large symbol files, each in its own thread. It is not an error if an index cannot be created.
 */
export class SymbolIndexes implements HostSymbolIndexes {
  private readonly workerFile: string;
  private readonly interruption: InterruptionCell;
  private readonly results = new Map<string, IndexResult>();

  constructor(workerFile: string, interruption: InterruptionCell) {
    this.workerFile = workerFile;
    this.interruption = interruption;
  }

  /**
   * Indexes the large files among `paths`, and the kernel in the recording `rrfile`. Resolves when each file has been
   * indexed or its indexing has failed. Never rejects.
   */
  async prepare(
    paths: readonly string[],
    { cacheFolder, rrfile }: { cacheFolder?: string; rrfile?: string },
  ): Promise<void> {
    const files = [...new Set(paths)].filter((path) => isLarge(path, FILE_BYTES_MIN));
    const recordings = rrfile !== undefined && isLarge(rrfile, RECORDING_BYTES_MIN) ? [rrfile] : [];
    const tasks = [
      ...files.map((path) => ({ path, isRecording: false })),
      ...recordings.map((path) => ({ path, isRecording: true })),
    ];
    await Promise.all(tasks.map((task) => this.prepareOne({ ...task, cacheFolder, interruption: this.interruption })));
  }

  find(path: string, version: string): Uint8Array | undefined {
    const result = this.results.get(path);
    return result?.version === version ? result.index : undefined;
  }

  private prepareOne(workerData: IndexTask): Promise<void> {
    return new Promise((resolve) => {
      const worker = new Worker(this.workerFile, { workerData, resourceLimits: INDEX_HEAP });
      worker.on('message', (result: IndexResult) => this.results.set(workerData.path, result));
      worker.on('error', () => resolve());
      worker.on('exit', () => resolve());
    });
  }
}

function isLarge(path: string, bytesMin: number): boolean {
  try {
    const stat = statSync(path);
    return stat.isFile() && stat.size > bytesMin;
  } catch {
    return false;
  }
}
