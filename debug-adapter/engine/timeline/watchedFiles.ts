import type { FileUse, Host } from '../base/host.ts';
import { fileLost, pastLost, savedNowhere } from '../errors/session.ts';
import { UserError } from '../errors/userError.ts';
import type { Notice } from './sessionOptions.ts';

/**
 * Notices when a file that a session has open is deleted, or another one gets its name: the session continues in the file
 * that it opened, which nobody finds any more. Said once for each file. Costs a look at each name, so it is asked about
 * twice a second, and before a snapshot is said to be kept.
 */
export class WatchedFiles {
  private host: Host;
  private uses: readonly FileUse[];
  private onNotice: (notice: Notice) => void;
  /** By path, what it named when the session had opened it. */
  private opened = new Map<string, string>();
  private told = new Set<string>();

  constructor(host: Host, uses: readonly FileUse[], onNotice: (notice: Notice) => void = () => {}) {
    this.host = host;
    this.uses = uses;
    this.onNotice = onNotice;
  }

  /** When the files are there, under their names. */
  begin(): this {
    for (const { path } of this.uses) this.opened.set(path, this.host.files.identity(path));
    return this;
  }

  look(): void {
    for (const { path, use } of this.uses) {
      if (this.told.has(path) || !this.isLost(path)) continue;
      this.told.add(path);
      this.onNotice(fileLost({ file: path, isReplaced: this.host.files.exists(path), use }));
    }
  }

  /** Before a snapshot changes: what is written into a file that nobody finds is lost. */
  refuseLost(): void {
    this.look();
    const kept = this.uses.filter(({ use }) => use !== 'base');
    const lost = kept.find(({ path }) => this.isLost(path));
    if (lost) throw savedNowhere({ file: lost.path, isReplaced: this.host.files.exists(lost.path) });
  }

  /** Before a recording that is being written is opened by its name, to look back. */
  refuseLostRecording(rrfile: string): void {
    this.look();
    if (this.isLost(rrfile)) throw pastLost({ file: rrfile, isReplaced: this.host.files.exists(rrfile) });
  }

  private isLost(path: string): boolean {
    const opened = this.opened.get(path);
    try {
      return opened !== undefined && this.host.files.identity(path) !== opened;
    } catch (error) {
      // A file system that does not answer now says nothing of the file.
      if (error instanceof UserError) return false;
      throw error;
    }
  }
}
