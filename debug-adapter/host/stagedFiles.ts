import { closeSync, linkSync, openSync, renameSync } from 'node:fs';
import path from 'node:path';
import type { StagedFile } from '../engine/base/host.ts';
import { brokenLink } from '../engine/errors/host.ts';
import { isBrokenLink, realPath, statIfThere } from './filePaths.ts';
import { openFile } from './nodeFiles.ts';
import { atProcessEnd } from './processEnd.ts';
import { codeOf, openFailure } from './systemErrors.ts';
import { removeAbandonedTemporaries, removeQuietly, temporaryNameBeside } from './temporaryNames.ts';

/**
 * New files that get their name only when they are whole and durable: killed before that, a process leaves the name as
 * it was, and a temporary file that the next one to create a file there removes. After a power cut the name may be as it
 * was, too; what it names is whole. A link is followed to the file that it
 * leads to, which is replaced there; one that leads nowhere is refused.
 */
export function stageFile(name: string): StagedFile {
  if (isBrokenLink(name)) throw brokenLink(name);
  const target = realPath(name);
  removeAbandonedTemporaries(path.dirname(target));
  const temporary = temporaryNameBeside(target);
  const file = openFile(temporary, { write: true, create: 'new' }, name);
  let undo = () => removeQuietly(temporary);
  let settle = () => {};
  const forget = atProcessEnd(() => undo());
  const failing = (work: () => void) => {
    try {
      work();
    } catch (error) {
      throw openFailure(error, { name, access: 'write', creating: true });
    }
  };
  return {
    file,
    vacate() {
      makeDurable(temporary, name);
      failing(() => {
        if (!statIfThere(target)) return;
        const old = temporaryNameBeside(target);
        renameSync(target, old);
        settle = () => removeQuietly(old);
        undo = () => (removeQuietly(temporary), attempt(() => nameNew(old, target)));
      });
    },
    publish({ replaces }) {
      makeDurable(temporary, name);
      failing(() => {
        const old = replaces && statIfThere(target) ? keep(target) : undefined;
        if (old !== undefined) {
          // Where the old file cannot be kept, it is gone once the new one has its name.
          undo = old === '' ? () => removeQuietly(temporary) : () => (removeQuietly(temporary), removeQuietly(old));
          renameSync(temporary, target);
          undo = () => old !== '' && attempt(() => renameSync(old, target));
          settle = () => old !== '' && removeQuietly(old);
        } else {
          const restore = undo;
          nameNew(temporary, target);
          undo = () => (removeQuietly(target), restore());
        }
      });
    },
    withdraw() {
      forget();
      attempt(() => file.close());
      undo();
      undo = () => {};
    },
    settle() {
      forget();
      settle();
      undo = () => {};
    },
  };
}

/** Whoever made it may have closed it. */
function makeDurable(temporary: string, name: string): void {
  const file = openFile(temporary, { write: true, create: 'never' }, name);
  try {
    file.sync();
  } finally {
    file.close();
  }
}

/** A second name for a file that is about to be replaced; empty where the file system knows no links. */
function keep(target: string): string {
  const old = temporaryNameBeside(target);
  try {
    linkSync(target, old);
    return old;
  } catch (error) {
    if (NO_LINKS.has(codeOf(error) ?? '')) return '';
    throw error;
  }
}

/** Fails where something has the name, even if it appeared just now. */
function nameNew(temporary: string, target: string): void {
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

/** For what is done on the way out: the first failure is the one to tell of. */
function attempt(work: () => void): void {
  try {
    work();
  } catch {
    // What stays is a temporary, which the next one to create a file here removes.
  }
}
