import type { Host, HostFile, HostLock, StagedFile } from '../base/host.ts';
import type { Undo } from './undo.ts';

/**
 * The files that a session or command creates. What is in their places stays until all of them are whole; when anything
 * fails before they are published, they are gone and what was there before is there again.
 */
export class NewFiles {
  private host: Host;
  private undo: Undo;
  private staged: StagedFile[] = [];

  constructor(host: Host, undo: Undo) {
    this.host = host;
    this.undo = undo;
  }

  /** Owned by the caller. */
  create(path: string): HostFile {
    this.undo.add(this.host.files.createFolderOf(path));
    const staged = this.host.files.stage(path);
    this.undo.add(() => staged.withdraw());
    this.staged.push(staged);
    return staged.file;
  }

  /**
   * Gives them their names, the one that was created first last: a recording comes after what it needs. One that is
   * replaced goes before anything else does: killed in between, no recording is beside the overlays of another. From then
   * on they stay, and `lock` is theirs instead of that of the files they replace.
   */
  publish({ replaces, lock }: { replaces: boolean; lock?: HostLock }): void {
    if (replaces && this.staged.length > 1) this.staged[0].vacate();
    for (const staged of this.staged.toReversed()) staged.publish({ replaces });
    lock?.refresh();
    for (const staged of this.staged) staged.settle();
  }
}
