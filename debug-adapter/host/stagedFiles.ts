import { closeSync, linkSync, openSync, renameSync } from 'node:fs';
import path from 'node:path';
import type { StagedFile } from '../engine/base/host.ts';
import { brokenLink } from '../messages/host.ts';
import { isBrokenLink, realPath, statIfExists } from './filePaths.ts';
import { openFile } from './nodeFiles.ts';
import { onProcessExit } from './processEnd.ts';
import { codeOf, openFailure } from './systemErrors.ts';
import { removeAbandonedTemporaries, removeQuietly, temporaryNameNextTo } from './temporaryNames.ts';

/**
 * Creates a file that gets its name only when it is complete and durable. If the process is killed before that, the
 * name still refers to the previous file; the temporary file is removed by the next process that creates a file in the
 * folder. After a power failure, the name refers to either the previous or the new file, and that file is complete. A
 * link is followed and its target is replaced; a link with a missing target is rejected.
 */
export function stageFile(name: string): StagedFile {
  if (isBrokenLink(name)) throw brokenLink(name);
  const target = realPath(name);
  removeAbandonedTemporaries(path.dirname(target));
  const temporary = temporaryNameNextTo(target);
  const file = openFile(temporary, { write: true, create: 'new' }, name);
  let undo = () => removeQuietly(temporary);
  let settle = () => {};
  const cancelCleanup = onProcessExit(() => undo());
  const wrapErrors = (work: () => void) => {
    try {
      work();
    } catch (error) {
      throw openFailure(error, { name, access: 'write', creating: true });
    }
  };
  return {
    file,
    moveExistingAside() {
      makeDurable(temporary, name);
      wrapErrors(() => {
        if (!statIfExists(target)) return;
        const old = temporaryNameNextTo(target);
        renameSync(target, old);
        settle = () => removeQuietly(old);
        undo = () => (removeQuietly(temporary), tryQuietly(() => linkNew(old, target)));
      });
    },
    publish({ replaces }) {
      makeDurable(temporary, name);
      wrapErrors(() => {
        const old = replaces && statIfExists(target) ? linkExisting(target) : undefined;
        if (old !== undefined) {
          // If the file system does not support links, the old file cannot be restored after the new file has taken its
          // name.
          undo = old === '' ? () => removeQuietly(temporary) : () => (removeQuietly(temporary), removeQuietly(old));
          renameSync(temporary, target);
          undo = () => old !== '' && tryQuietly(() => renameSync(old, target));
          settle = () => old !== '' && removeQuietly(old);
        } else {
          const restore = undo;
          linkNew(temporary, target);
          undo = () => (removeQuietly(target), restore());
        }
      });
    },
    rollBack() {
      cancelCleanup();
      tryQuietly(() => file.close());
      undo();
      undo = () => {};
    },
    commit() {
      cancelCleanup();
      settle();
      undo = () => {};
    },
  };
}

/** Flushes a file to stable storage. Opens the file again, because its creator may have closed it. */
function makeDurable(temporary: string, name: string): void {
  const file = openFile(temporary, { write: true, create: 'never' }, name);
  try {
    file.sync();
  } finally {
    file.close();
  }
}

/**
 * Gives a second name to a file that is about to be replaced. Returns that name, or an empty string if the file system
 * does not support links.
 */
function linkExisting(target: string): string {
  const old = temporaryNameNextTo(target);
  try {
    linkSync(target, old);
    return old;
  } catch (error) {
    if (NO_LINKS.has(codeOf(error) ?? '')) return '';
    throw error;
  }
}

/** Gives a new file its name. Fails if the name exists, even if another process has only just created it. */
function linkNew(temporary: string, target: string): void {
  try {
    linkSync(temporary, target);
  } catch (error) {
    if (!NO_LINKS.has(codeOf(error) ?? '')) throw error;
    closeSync(openSync(target, 'wx', 0o600));
    renameSync(temporary, target);
    return;
  }
  removeQuietly(temporary);
}

const NO_LINKS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK']);

/** Used for cleanup after an error. Ignores further failures, because only the first one is reported. */
function tryQuietly(work: () => void): void {
  try {
    work();
  } catch {
    // A temporary file remains. The next process that creates a file in this folder removes it.
  }
}
