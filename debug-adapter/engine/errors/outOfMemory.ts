import { hostFailure, UserError } from './userError.ts';

/**
 * A host without enough memory: its engine says so by errors of its own, from wherever some was asked for. The front ends
 * turn those into a sentence here, in one place.
 */
export const memoryNotGiven = (wanted?: { what: string; lengthBytes: number }): UserError =>
  hostFailure(
    'host-out-of-memory',
    `The system does not give enough memory${wanted ? ` for ${wanted.what} (${wanted.lengthBytes} bytes)` : ''}; ` +
      `close other programs, raise its limit (ulimit -v), or ask for a smaller machine.`,
  );

/** What a user is told of an error; undefined where it is a mistake of ours. */
export function userErrorOf(error: unknown): UserError | undefined {
  if (error instanceof UserError) return error;
  if (isOutOfMemory(error)) return memoryNotGiven();
  return undefined;
}

/** V8's words for it, and Node's code for a thread whose heap is full. */
const WORDS =
  /could not allocate memory|allocation failed|out of memory|cannot allocate|failed to (grow|reserve)|unable to grow/i;

function isOutOfMemory(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if ((error as { code?: unknown }).code === 'ERR_WORKER_OUT_OF_MEMORY') return true;
  const isOfHost = error instanceof RangeError || error instanceof WebAssembly.CompileError;
  return isOfHost && WORDS.test(error.message);
}
