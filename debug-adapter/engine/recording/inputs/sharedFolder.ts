import type { Host, HostFile, HostFiles } from '../../base/host.ts';
import { UserError } from '../../errors/userError.ts';
import type { FileAnswer, FileQuestion } from '../../machine/inputs.ts';

/**
 * The folder whose files a semihosting guest may read. Names are relative to it; one that leads out of it, by `..`, an
 * absolute path or a link, is refused, and so is whatever is no regular file. A file is opened for each question and
 * closed again, so nothing is open while the guest runs.
 */
export type NamedFile = Exclude<FileQuestion, { kind: 'console' }>;

export class SharedFolder {
  readonly #files: HostFiles;
  readonly #folder: string;

  constructor(host: Pick<Host, 'files'>, folder: string) {
    this.#files = host.files;
    this.#folder = folder;
  }

  answer(question: NamedFile): FileAnswer {
    if (question.name === '') return refused(ENOENT);
    const path = this.#pathOf(question.name);
    if (path === undefined) return refused(EACCES);
    try {
      if (!this.#files.exists(path)) return refused(ENOENT);
      if (!this.#files.isWithin(path, this.#folder)) return refused(EACCES);
      return this.#read(path, question);
    } catch (error) {
      // A signal is for the session, not for the guest.
      if (error instanceof UserError && error.kind !== 'interrupted') return refused(EACCES);
      throw error;
    }
  }

  #read(path: string, question: NamedFile): FileAnswer {
    let file: HostFile | undefined;
    try {
      file = this.#files.open(path, { write: false, create: 'never' });
      if (question.kind === 'length') return { error: 0, lengthBytes: file.length(), bytes: new Uint8Array() };
      const bytes = new Uint8Array(question.lengthBytes);
      return { error: 0, lengthBytes: 0, bytes: bytes.subarray(0, file.readAt(question.offset, bytes)) };
    } finally {
      file?.close();
    }
  }

  /** Undefined for a name that leads out as it is written; links are looked at afterwards. */
  #pathOf(name: string): string | undefined {
    if (isAbsolute(name) || name.includes('\0')) return undefined;
    let depth = 0;
    for (const part of name.split(/[\\/]/)) {
      if (part === '' || part === '.') continue;
      depth += part === '..' ? -1 : 1;
      if (depth < 0) return undefined;
    }
    return this.#files.inFolder(this.#folder, name);
  }
}

/** On any system: `/x`, `\x`, `c:x`. */
const isAbsolute = (name: string): boolean => /^[\\/]|^[A-Za-z]:/.test(name);

const refused = (error: number): FileAnswer => ({ error, lengthBytes: 0, bytes: new Uint8Array() });

/** Linux' numbers, which C libraries of embedded guests share. */
const ENOENT = 2;
const EACCES = 13;
