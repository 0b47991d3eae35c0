/** One open file. Offsets and lengths are in bytes. */
export interface HostFile {
  /** The file name as the user typed it, for messages. */
  readonly name: string;
  /**
   * Reads up to `into.length` bytes at `offset`. Returns the number of bytes read, which is less than requested only at
   * the end of the file.
   */
  readAt(offset: number, into: Uint8Array): number;
  /** Writes all of `from` at `offset`. The file grows if necessary. */
  writeAt(offset: number, from: Uint8Array): void;
  length(): number;
  /**
   * A string that changes when the file's contents change, for example the file's modification time. Undefined if
   * unknown.
   */
  version?(): string;
  /** Shortens the file, or extends it with zeroes. */
  truncate(length: number): void;
  /** Waits until all written data is on stable storage, which takes milliseconds. */
  sync(): void;
  /**
   * Starts flushing all data written so far to stable storage, without waiting. Absent if the host cannot flush data
   * without waiting.
   */
  startSync?(): PendingSync;
  close(): void;
}

/** Data on its way to stable storage. */
export interface PendingSync {
  /** Whether the data is on stable storage now. Throws a UserError if flushing the data has failed. */
  isDone(): boolean;
  /** Waits until the data is on stable storage. */
  wait(): void;
}

/** Data that is on stable storage already. */
export const SYNCED: PendingSync = { isDone: () => true, wait: () => {} };

/**
 * The compression methods that the engine needs for boot files in recordings, compressed clusters in qcow2 images, and
 * compressed kernels. `deflate` and `inflate` use raw deflate streams (RFC 1951).
 */
export interface HostCompression {
  deflate(bytes: Uint8Array): Uint8Array;
  /** Throws if the data is invalid or does not inflate to exactly `lengthBytes` bytes. */
  inflate(bytes: Uint8Array, lengthBytes: number): Uint8Array;
  /** Decodes one Zstandard frame (RFC 8878) and ignores all bytes after it. Throws in the same cases as `inflate`. */
  decompressZstd(bytes: Uint8Array, lengthBytes: number): Uint8Array;
  /**
   * Decodes gzip (RFC 1952). Returns undefined if the result would be longer than `lengthBytesMax`. Throws if the data
   * is invalid or truncated.
   */
  gunzip(bytes: Uint8Array, lengthBytesMax: number): Uint8Array | undefined;
  /**
   * Compresses quickly, in whichever format the host supports: a raw deflate stream or a Zstandard frame. `decompress`
   * detects the format.
   */
  compress(bytes: Uint8Array): Uint8Array;
  /** Decodes what `compress` returned. Throws in the same cases as `inflate`. */
  decompress(bytes: Uint8Array, lengthBytes: number): Uint8Array;
}

/**
 * How a file is opened. `new` fails if the file exists, and `truncate` empties an existing file; both require `write`.
 */
export interface HostOpenMode {
  write: boolean;
  create: 'never' | 'new' | 'truncate';
}

/**
 * The host's file system, for files that the user names. Paths are written as the user typed them, in the host's
 * syntax.
 */
export interface HostFiles {
  open(path: string, mode: HostOpenMode): HostFile;
  /** Reads a whole file. Throws if the file is larger than `maxBytes` bytes. */
  readWhole(path: string, maxBytes: number): Uint8Array;
  /** Whether a file exists. False for a link whose target is missing. */
  exists(path: string): boolean;
  /** When a file was last modified, in milliseconds since 1970; undefined if it does not exist. */
  modifiedMs(path: string): number | undefined;
  isBrokenLink(path: string): boolean;
  /** Removes a file if it exists. */
  remove(path: string): void;
  /**
   * Creates the folder of a file and all missing parent folders. Returns a function that removes the created folders
   * again if they are empty.
   */
  createFolderOf(path: string): () => void;
  /**
   * Creates a file that gets its name only when it is published. Until then, an existing file with that name stays
   * unchanged.
   */
  stage(path: string): StagedFile;
  /** Creates a file that no other process can see. It is deleted when it is closed or when the process ends. */
  temporary(name: string): HostFile;
  /** A string that is the same for all paths that refer to the same file, whether or not the file exists. */
  identity(path: string): string;
  /**
   * Locks all of the files for a session, or none of them. If another session prevents this, throws a UserError that
   * names that session. `doing` describes this session to the others, for example `recording a.rr`.
   */
  lock(files: readonly FileUse[], doing: string): HostLock;
  /** The name by which the file `from` should refer to the file `to`: a path relative to the folder of `from`. */
  relativeName(names: { from: string; to: string }): string;
  /** The inverse of `relativeName`: the path of the file to which `name` refers if it is stored in the file `from`. */
  resolveName(names: { from: string; name: string }): string;
  /**
   * Whether a path refers to the given file, to the given folder, or to anything in that folder. Links are resolved
   * first.
   */
  isWithin(path: string, fileOrFolder: string): boolean;
  folderOf(path: string): string;
  /** The path of the file `name` in a folder. */
  inFolder(folder: string, name: string): string;
}

/**
 * A file and how the session uses it. If it is used as `reads` or `base`, no other session may write to it; if it is
 * used as `writes`, no other session may use it at all. Locking a `base` does not create a lock file next to it.
 */
export interface FileUse {
  path: string;
  use: 'writes' | 'reads' | 'base';
}

export interface HostLock {
  /**
   * Called after the session has created or replaced files. Locks the new files, even against sessions that open them
   * under a different name, and unlocks the replaced ones.
   */
  refresh(): void;
  /**
   * Runs `work` while no other session is reading the files that this session reads. Throws a UserError if another
   * session is reading one of them. Other sessions may still read base images.
   */
  withExclusiveLock<T>(work: () => T): T;
  /**
   * Releases the locks. May be called several times and never throws. The locks are also released when the process
   * ends.
   */
  release(): void;
}

/**
 * A file that is being created. Its owner must eventually call either `commit` or `rollBack`. Neither method throws.
 */
export interface StagedFile {
  /**
   * The file itself, which is open for writing before and after it is published. Only the user who owns the file can
   * read it.
   */
  readonly file: HostFile;
  /**
   * Makes the new file durable and frees its name by moving the existing file with that name aside. `rollBack` moves
   * the existing file back.
   */
  moveExistingAside(): void;
  /** Makes the file durable and gives it its name. Fails if a file with that name exists, unless `replaces` is set. */
  publish(options: { replaces: boolean }): void;
  /** Closes and discards the file. The previous file with that name is restored. */
  rollBack(): void;
  /** Keeps the file under its name permanently. */
  commit(): void;
}

/**
 * The engine's interface to its environment. `host/` implements it for Node, and tests replace it. All calls are
 * synchronous, because the engine runs in its own thread. A failed call throws a UserError of kind `hostFailure`:
 * `host/` converts operating system errors, so that the engine never needs to inspect error codes.
 */
export interface Host {
  files: HostFiles;
  compression: HostCompression;
  /**
   * The files and folders that the user has named. An image's backing file is opened only if it is one of these files,
   * is in one of these folders, or is in the same folder as the image. All other backing files are rejected.
   */
  allowed: readonly string[];
  /** Indexes of large symbol files. A file without an index is indexed when a name is first looked up in it. */
  symbolIndexes?: HostSymbolIndexes;
  /** The current time in milliseconds since 1970, for dates in messages and for the guest's clock. */
  dateMilliseconds(): number;
  /** Returns unpredictable bytes, for the guest's entropy source. */
  entropy(lengthBytes: number): Uint8Array;
}

/** Stores the indexes of symbol files. Neither method throws. */
export interface SymbolIndexCache {
  /** The bytes that were last written for a key; undefined if there are none. The bytes may be damaged. */
  read(key: string): Uint8Array | undefined;
  write(key: string, bytes: Uint8Array): void;
}

/** The indexes that the host has created in other threads (`createSymbolIndex`). */
export interface HostSymbolIndexes {
  /** The index of a file with a given version (`HostFile.version`); undefined if there is none. */
  find(path: string, version: string): Uint8Array | undefined;
}

/** Returns the same host, with additional paths that the user has named. */
export const withAllowedPaths = (host: Host, paths: readonly string[]): Host => ({
  ...host,
  allowed: [...host.allowed, ...paths],
});

/**
 * The path of the file `name`, which may be absolute or relative to `folder`. If `folder` is empty, the path is
 * relative to the current folder.
 */
export const resolvePath = (files: Pick<HostFiles, 'inFolder' | 'resolveName'>, folder: string, name: string): string =>
  files.resolveName({ from: files.inFolder(folder, 'file'), name });

/**
 * Decides when an automatic snapshot of a recording is worth its cost. The decision requires a clock, so the host
 * implements it.
 */
export interface SnapshotPace {
  /** Whether to take an automatic snapshot now. Called before each automatic snapshot. */
  isDue(): boolean;
  /** Called after an automatic snapshot was taken. */
  recordTaken(): void;
}
