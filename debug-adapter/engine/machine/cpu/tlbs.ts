import { FETCH_CONTEXT_BYTES, FETCH_CONTEXTS, FETCH_TLB, READ_TLB, TLB_BYTES } from './layout.ts';

/**
 * Invalidates the first entry of each TLB in a new memory, because its tag of 0 would match page 0. In all other
 * entries, a tag of 0 never matches.
 */
export function initializeTlbs(memory: WebAssembly.Memory): void {
  const tags = new BigInt64Array(memory.buffer);
  for (let at = READ_TLB; at < FETCH_TLB; at += TLB_BYTES) tags[at >> 3] = -1n;
  for (let i = 0; i < FETCH_CONTEXTS; i++) tags[(FETCH_TLB + i * FETCH_CONTEXT_BYTES) >> 3] = -1n;
}

export function invalidateTlbs(memory: WebAssembly.Memory): void {
  const bytes = new Uint8Array(memory.buffer);
  bytes.fill(0xff, READ_TLB, FETCH_TLB + FETCH_CONTEXTS * FETCH_CONTEXT_BYTES);
}
