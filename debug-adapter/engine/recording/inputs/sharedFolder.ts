import type { Host, HostFile, HostFiles } from '../../base/host.ts';
import { UserError } from '../../../messages/userError.ts';
import type { HostFileResult, HostFileQuery } from '../../machine/ports/hostFilePort.ts';

export type FileRequest = Exclude<HostFileQuery, { kind: 'console' }>;

/**
 * The folder whose files the guest may read through semihosting. File names are relative to this folder. A name is
 * rejected if it leads out of the folder (with `..`, as an absolute path, or through a link) or does not name a regular
 * file. Each call opens and closes the file, so that no file stays open while the guest is running.
 */
export class SharedFolder {
  private readonly files: HostFiles;
  private readonly folder: string;

  constructor(host: Pick<Host, 'files'>, folder: string) {
    this.files = host.files;
    this.folder = folder;
  }

  answer(question: FileRequest): HostFileResult {
    if (question.name === '') return failed(ENOENT);
    const path = this.pathOf(question.name);
    if (path === undefined) return failed(EACCES);
    try {
      if (!this.files.exists(path)) return failed(ENOENT);
      if (!this.files.isWithin(path, this.folder)) return failed(EACCES);
      return this.read(path, question);
    } catch (error) {
      // An interruption by a signal must stop the session, so it is not reported to the guest as an error.
      if (error instanceof UserError && error.kind !== 'interrupted') return failed(EACCES);
      throw error;
    }
  }

  private read(path: string, question: FileRequest): HostFileResult {
    let file: HostFile | undefined;
    try {
      file = this.files.open(path, { write: false, create: 'never' });
      if (question.kind === 'length') return { error: 0, lengthBytes: file.length(), bytes: new Uint8Array() };
      const bytes = new Uint8Array(question.lengthBytes);
      return { error: 0, lengthBytes: 0, bytes: bytes.subarray(0, file.readAt(question.offset, bytes)) };
    } finally {
      file?.close();
    }
  }

  /** The path of a file. Undefined if the name itself leads out of the folder; links are checked later. */
  private pathOf(name: string): string | undefined {
    if (isAbsolute(name) || name.includes('\0')) return undefined;
    let depth = 0;
    for (const part of name.split(/[\\/]/)) {
      if (part === '' || part === '.') continue;
      depth += part === '..' ? -1 : 1;
      if (depth < 0) return undefined;
    }
    return this.files.inFolder(this.folder, name);
  }
}

/** Whether a path is absolute on any operating system: `/x`, `\x` or `c:x`. */
const isAbsolute = (name: string): boolean => /^[\\/]|^[A-Za-z]:/.test(name);

const failed = (error: number): HostFileResult => ({ error, lengthBytes: 0, bytes: new Uint8Array() });

/** Linux error numbers, which the C libraries of embedded guests also use. */
const ENOENT = 2;
const EACCES = 13;
