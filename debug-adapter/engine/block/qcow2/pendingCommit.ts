import { changeHeader } from './header.ts';
import type { ImageParts, PendingCommit } from './imageParts.ts';
import { writeRefcounts } from './writeRefcounts.ts';

/**
 * Performs the steps of the pending commit that need not wait for a barrier. Returns true if the commit is complete, or
 * if there was none.
 */
export function continuePending(parts: ImageParts): boolean {
  const { pending } = parts;
  if (!pending) return true;
  if (!pending.barrier.isDone() || pending.before?.isDone() === false) return false;
  if (!pending.header) return freeDropped(parts, pending);
  writePendingHeader(parts, pending);
  const barrier = parts.file.startBarrier();
  if (!barrier) {
    parts.file.barrier({ durable: true });
    return freeDropped(parts, pending);
  }
  pending.barrier = barrier;
  return continuePending(parts);
}

/** Finishes the pending commit, if there is one, and waits for its barriers. Called before every other commit. */
export function finishPending(parts: ImageParts): true {
  const { pending } = parts;
  if (!pending) return true;
  pending.before?.wait();
  pending.barrier.wait();
  if (pending.header) {
    writePendingHeader(parts, pending);
    parts.file.barrier({ durable: true });
  }
  return freeDropped(parts, pending);
}

function writePendingHeader(parts: ImageParts, pending: PendingCommit): void {
  changeHeader(parts.file, parts.header, pending.header!);
  pending.header = undefined;
  pending.before = undefined;
}

function freeDropped(parts: ImageParts, pending: PendingCommit): true {
  parts.pending = undefined;
  parts.refcounts.applyThese(pending.dropped);
  writeRefcounts(parts);
  return true;
}
