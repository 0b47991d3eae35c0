import { writeFileSync } from 'node:fs';
import { BroadcastChannel, isMainThread } from 'node:worker_threads';

/**
 * This module is loaded by `--import` into both threads of a debug adapter. On SIGUSR2, both threads collect their
 * garbage, and the main thread writes the memory use of both to the file named by BLKREPLAY_MEMORY_PROBE. Only bytes in
 * use are counted. Unlike the resident set, their number does not depend on when memory is returned to the system.
 */
export interface MemoryReport {
  /** The total number of bytes that the two threads use. */
  usedBytes: number;
  /** The size of the process's resident set. */
  residentBytes: number;
  /**
   * The size of the resident set after V8 has released the pages that it keeps for later use. This is the memory that
   * the process needs.
   */
  neededBytes: number;
}

type Message = { kind: 'measure' | 'giveBack' | 'gaveBack' } | { kind: 'measured'; usedBytes: number };

const channel = new BroadcastChannel('memory probe');
channel.unref();
channel.onmessage = (event) => {
  const { data } = event as { data: Message };
  if (isMainThread && data.kind === 'measured') measured(data.usedBytes);
  if (isMainThread && data.kind === 'gaveBack') report();
  if (!isMainThread && data.kind === 'measure') post({ kind: 'measured', usedBytes: usedHere() });
  if (!isMainThread && data.kind === 'giveBack') {
    giveBack();
    post({ kind: 'gaveBack' });
  }
};
let usedBytes = 0;
let residentBytes = 0;
if (isMainThread) process.on('SIGUSR2', () => post({ kind: 'measure' }));

const post = (message: Message): void => channel.postMessage(message);

function measured(engineBytes: number): void {
  usedBytes = usedHere() + engineBytes;
  residentBytes = process.memoryUsage.rss();
  post({ kind: 'giveBack' });
}

function report(): void {
  giveBack();
  const result: MemoryReport = { usedBytes, residentBytes, neededBytes: process.memoryUsage.rss() };
  writeFileSync(process.env.BLKREPLAY_MEMORY_PROBE!, JSON.stringify(result));
}

function usedHere(): number {
  // Objects freed by one garbage collection may hold buffers that are freed only by the next one.
  for (let i = 0; i < 3; i++) globalThis.gc!();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** Collects garbage as V8 does before it runs out of memory. This releases unused pages. */
function giveBack(): void {
  globalThis.gc!({ type: 'major', execution: 'sync', flavor: 'last-resort' });
}
