import { hostFailure, UserError } from './userError.ts';

/**
 * Errors when the host runs out of memory. A JavaScript engine can throw errors of various types wherever memory is
 * allocated. The front ends convert all of these errors to the message in this file.
 */
export const memoryNotGiven = (wanted?: { what: string; lengthBytes: number }): UserError =>
  hostFailure(
    'host-out-of-memory',
    { ...wanted },
    `The system does not have enough free memory${wanted ? ` for ${wanted.what} (${wanted.lengthBytes} bytes)` : ''}.`,
    {
      cli: 'Close other programs, raise the limit (ulimit -v), or pass a smaller --memory.',
      editor: 'Close other programs, raise the limit (ulimit -v), or set a smaller "memory".',
      gdb: 'Close other programs, or raise the limit (ulimit -v).',
    },
  );

/** How `memoryNotGiven` names the machine's RAM. */
export const machineRam = () => "the machine's RAM";

/** The error to show to the user, or undefined if `error` is the result of a bug in blkreplay. */
export function userErrorOf(error: unknown): UserError | undefined {
  if (error instanceof UserError) return error;
  if (isOutOfMemory(error)) return memoryNotGiven();
  return undefined;
}

/** Matches V8's messages for failed allocations. */
const WORDS =
  /could not allocate memory|allocation failed|out of memory|cannot allocate|failed to (grow|reserve)|unable to grow/i;

function isOutOfMemory(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  // Node's error code for a worker thread whose heap is full.
  if ((error as { code?: unknown }).code === 'ERR_WORKER_OUT_OF_MEMORY') return true;
  const isOfHost = error instanceof RangeError || error instanceof WebAssembly.CompileError;
  return isOfHost && WORDS.test(error.message);
}
