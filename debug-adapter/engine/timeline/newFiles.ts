import type { Host, HostFile, HostLock, StagedFile } from '../base/host.ts';
import type { Cleanup } from './cleanup.ts';

/**
 * The files that a session or command creates. Existing files with the same names are kept until all new ones are
 * complete. If anything fails before publication, the new files are removed and the old ones are restored.
 */
export class NewFiles {
  private host: Host;
  private undo: Cleanup;
  private staged: StagedFile[] = [];

  constructor(host: Host, undo: Cleanup) {
    this.host = host;
    this.undo = undo;
  }

  /** Creates a file, which the caller must close. */
  create(path: string): HostFile {
    this.undo.add(this.host.files.createFolderOf(path));
    const staged = this.host.files.stage(path);
    this.undo.add(() => staged.rollBack());
    this.staged.push(staged);
    return staged.file;
  }

  /**
   * Publishes the files in reverse order of creation, so that a recording appears after the files that it needs. If a
   * recording is replaced, the old one is removed first, so that a recording never appears next to the overlays of
   * another one, even if the process is killed in between. Afterward, `lock` covers the new files instead of the
   * replaced ones.
   */
  publish({ replaces, lock }: { replaces: boolean; lock?: HostLock }): void {
    if (replaces && this.staged.length > 1) this.staged[0].moveExistingAside();
    for (const staged of this.staged.toReversed()) staged.publish({ replaces });
    lock?.refresh();
    for (const staged of this.staged) staged.commit();
  }
}
