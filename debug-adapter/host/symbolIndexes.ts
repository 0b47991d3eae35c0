import { statSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import type { HostSymbolIndexes } from '../engine/base/host.ts';
import type { InterruptionCell } from './interruption.ts';

/** The minimum size of a file that is indexed in advance. Smaller files are indexed when a name is first looked up. */
const FILE_BYTES_MIN = 16 << 20;

/** The heap limits of the indexing threads. The index itself and the contents of the file are outside the heap. */
const INDEX_HEAP = { maxYoungGenerationSizeMb: 24, maxOldGenerationSizeMb: 512 };

/** The input of a thread that indexes a file. */
export interface IndexTask {
  path: string;
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

  /** Resolves when all these files have been indexed or could not be indexed. Never rejects. */
  async prepare(paths: readonly string[], cacheFolder: string | undefined): Promise<void> {
    await Promise.all([...new Set(paths)].filter(isLarge).map((path) => this.prepareOne(path, cacheFolder)));
  }

  find(path: string, version: string): Uint8Array | undefined {
    const result = this.results.get(path);
    return result?.version === version ? result.index : undefined;
  }

  private prepareOne(path: string, cacheFolder: string | undefined): Promise<void> {
    const workerData: IndexTask = { path, cacheFolder, interruption: this.interruption };
    return new Promise((resolve) => {
      const worker = new Worker(this.workerFile, { workerData, resourceLimits: INDEX_HEAP });
      worker.on('message', (result: IndexResult) => this.results.set(path, result));
      worker.on('error', () => resolve());
      worker.on('exit', () => resolve());
    });
  }
}

function isLarge(path: string): boolean {
  try {
    const stat = statSync(path);
    return stat.isFile() && stat.size > FILE_BYTES_MIN;
  } catch {
    return false;
  }
}
