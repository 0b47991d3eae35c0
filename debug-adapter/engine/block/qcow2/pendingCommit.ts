import type { PendingSync } from '../../base/host.ts';
import { type ChangeableFields, changeHeader } from './header.ts';
import type { ImageParts } from './imageParts.ts';
import { writeRefcounts } from './writeRefcounts.ts';

/**
 * An atomic commit (see atomicCommit.ts) that does not wait for its barriers. The image in memory already has the new
 * state; the file gets it when the header is written. Until then, the new state may only be extended: every other
 * commit first finishes this one.
 */
export interface PendingCommit {
  /** The header that switches the file to the new tables; undefined once it has been written. */
  header: Partial<ChangeableFields> | undefined;
  /** The clusters that only the old state uses. They are freed when the header is on stable storage. */
  dropped: readonly number[];
  /** The barrier before the next step. */
  barrier: PendingSync;
  /** What else must be on stable storage before the header is written. */
  before: PendingSync | undefined;
}

/** Does the steps of the pending commit whose barriers are done. Returns whether no commit is pending any more. */
export function continuePending(parts: ImageParts): boolean {
  const { pending } = parts;
  if (!pending) return true;
  if (!pending.barrier.isDone() || pending.before?.isDone() === false) return false;
  if (!pending.header) return freeDropped(parts, pending);
  writePendingHeader(parts, pending);
  const barrier = parts.file.startBarrier();
  if (!barrier) return finishPending(parts);
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
