import type { Segment } from './descriptorChain.ts';
import type { GuestMemory } from './device.ts';

/**
 * The total length in bytes of a request's buffers. A request is treated as one run of bytes, because the guest may
 * split a request between any two bytes, even inside a header (virtio 1.2, 2.7.4, "Message Framing").
 */
export function totalBytes(segments: Segment[]): number {
  let sum = 0;
  for (const { lengthBytes } of segments) sum += lengthBytes;
  return sum;
}

/** The part of the run from byte `start` up to, but not including, byte `end`. */
export function slice(segments: Segment[], start: number, end: number): Segment[] {
  const result: Segment[] = [];
  let at = 0;
  for (const segment of segments) {
    const { address, lengthBytes } = segment;
    if (at >= start && at + lengthBytes <= end) {
      result.push(segment);
      at += lengthBytes;
      continue;
    }
    const from = Math.max(start, at);
    const to = Math.min(end, at + lengthBytes);
    if (from < to) result.push({ address: address + (from - at), lengthBytes: to - from });
    at += lengthBytes;
  }
  return result;
}

/** Copies the first bytes of the run from guest memory to `into`, until the run ends or `into` is full. */
export function copyOut(memory: GuestMemory, segments: Segment[], into: Uint8Array): void {
  let done = 0;
  for (const { address, lengthBytes } of slice(segments, 0, into.length)) {
    memory.read(address, into.subarray(done, done + lengthBytes));
    done += lengthBytes;
  }
}

/** Copies `from` to the run in guest memory, until the run is full or all bytes have been copied. */
export function copyIn(memory: GuestMemory, from: Uint8Array, segments: Segment[]): void {
  let done = 0;
  for (const { address, lengthBytes } of slice(segments, 0, from.length)) {
    memory.write(address, from.subarray(done, done + lengthBytes));
    done += lengthBytes;
  }
}
