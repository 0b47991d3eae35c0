import type { Host } from '../../base/host.ts';
import { UserError } from '../../../messages/userError.ts';
import { activityText, inUse } from '../filesInUse.ts';
import { type OwnFileKind, ownFileKind } from './ownFile.ts';
import { withLocks } from './overlayFile.ts';

export interface FileIdentity {
  /** Null if blkreplay did not create the file. */
  kind: OwnFileKind | null;
  /** A sentence that names the session that has the file open; null if no session has it open. */
  inUse: string | null;
}

/**
 * Identifies a file and determines whether blkreplay may delete it. Call this immediately before deleting the file.
 * Throws a UserError if the file is unreadable.
 */
export function identifyFile(host: Host, path: string): FileIdentity {
  return { kind: ownFileKind(host, path), inUse: sessionUsing(host, path) };
}

/** Null if the file can be locked for writing, which means that no session is using it. */
function sessionUsing(host: Host, path: string): string | null {
  try {
    withLocks(host, inUse('writes', [path]), activityText('looking at', path), () => {});
    return null;
  } catch (error) {
    if (error instanceof UserError && error.kind === 'badInput') return error.message;
    throw error;
  }
}
