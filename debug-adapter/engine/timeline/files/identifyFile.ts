import type { Host } from '../../base/host.ts';
import { UserError } from '../../errors/userError.ts';
import { activity, inUse } from '../filesInUse.ts';
import { type OwnFileKind, ownFile } from './ownFile.ts';
import { underLocks } from './overlayFile.ts';

/** What a file is to blkreplay, and whether it may go: for those that delete it, right before they do. */
export interface Identified {
  /** Null for what blkreplay did not make. */
  kind: OwnFileKind | null;
  /** A sentence that says which session has it open. */
  inUse: string | null;
}

export function identifyFile(host: Host, path: string): Identified {
  return { kind: ownFile(host, path), inUse: userOf(host, path) };
}

/** Nobody uses it if it can be locked for writing. */
function userOf(host: Host, path: string): string | null {
  try {
    underLocks(host, inUse('writes', [path]), activity('looking at', path), () => {});
    return null;
  } catch (error) {
    if (error instanceof UserError && error.kind === 'badInput') return error.message;
    throw error;
  }
}
