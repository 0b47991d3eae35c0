import type { FileUse, Host } from '../base/host.ts';
import { fileLost, pastLost, savedNowhere } from '../../messages/session.ts';
import { UserError } from '../../messages/userError.ts';
import type { Notice } from '../../messages/userError.ts';

/**
 * Detects when a file that a session has open is deleted or replaced. The session then continues with the file that it
 * opened, which no longer has a name. Sends one notice per file. The check looks up the identity of the file at each
 * path. It runs about twice a second, and before a snapshot is reported as saved.
 */
export class WatchedFiles {
  private host: Host;
  private uses: readonly FileUse[];
  private onNotice: (notice: Notice) => void;
  /** For each path, the identity of the file when the session opened it. */
  private opened = new Map<string, string>();
  private notified = new Set<string>();

  constructor(host: Host, uses: readonly FileUse[], onNotice: (notice: Notice) => void = () => {}) {
    this.host = host;
    this.uses = uses;
    this.onNotice = onNotice;
  }

  /** Call this as soon as all files exist under their final names. */
  start(): this {
    for (const { path } of this.uses) this.opened.set(path, this.host.files.identity(path));
    return this;
  }

  check(): void {
    for (const { path, use } of this.uses) {
      if (this.notified.has(path) || !this.isLost(path)) continue;
      this.notified.add(path);
      this.onNotice(fileLost({ file: path, isReplaced: this.host.files.exists(path), use }));
    }
  }

  /** Called before a snapshot is taken or changed, because data written to a file without a name is lost. */
  checkNotLost(): void {
    this.check();
    const kept = this.uses.filter(({ use }) => use !== 'base');
    const lost = kept.find(({ path }) => this.isLost(path));
    if (lost) throw savedNowhere({ file: lost.path, isReplaced: this.host.files.exists(lost.path) });
  }

  /** Called when a live machine enters its history, before the recording in progress is opened by name for reading. */
  refuseLostRecording(rrfile: string): void {
    this.check();
    if (this.isLost(rrfile)) throw pastLost({ file: rrfile, isReplaced: this.host.files.exists(rrfile) });
  }

  private isLost(path: string): boolean {
    const opened = this.opened.get(path);
    try {
      return opened !== undefined && this.host.files.identity(path) !== opened;
    } catch (error) {
      // If the file system does not respond, the file may still exist.
      if (error instanceof UserError) return false;
      throw error;
    }
  }
}
