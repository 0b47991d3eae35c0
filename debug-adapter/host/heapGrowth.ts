import v8 from 'node:v8';

const YOUNG_MEBIBYTES = 12;
const OLD_MEBIBYTES_MAX = 1024;

/**
 * The engine thread's `resourceLimits`. V8 uses the maximum size of the old generation to decide how fast this
 * generation may grow.
 */
export const ENGINE_HEAP = { maxYoungGenerationSizeMb: YOUNG_MEBIBYTES, maxOldGenerationSizeMb: OLD_MEBIBYTES_MAX };

/**
 * Keeps V8's heaps near the size of their live objects. Each time the user goes back in time, several snapshots are
 * created and as many are discarded. With V8's defaults, the young generation doubles in size, up to 100 MiB, each time
 * enough objects have survived its collections. The old generation accumulates at least 8 MiB of garbage before it is
 * cleaned. The process would therefore grow each time. The effect of each flag:
 *
 * - `semi-space-growth-factor=1`: young generations keep their initial size, which is 2 MiB in the main thread.
 * - `min-semi-space-size`: a third of the initial size of the young generation in threads that start later, because V8
 * counts a young generation as three semi-spaces.
 * - `optimize-for-size`: the old generation is cleaned after 2 MiB of garbage.
 *
 * V8 reads the first and the last flag whenever it resizes a heap, so they also affect the main thread, which is
 * already running. Must be called before the engine thread starts.
 */
export function limitHeapGrowth(): void {
  v8.setFlagsFromString('--semi-space-growth-factor=1');
  v8.setFlagsFromString(`--min-semi-space-size=${YOUNG_MEBIBYTES / 3}`);
  v8.setFlagsFromString('--optimize-for-size');
}
