/** One open file. Offsets and lengths are bytes. */
export interface HostFile {
  /** The name as the user knows it, for messages. */
  readonly name: string;
  /** Reads up to `into.length` bytes at `offset` and returns the number read (fewer only at the end of the file). */
  readAt(offset: number, into: Uint8Array): number;
  /** Writes all of `from` at `offset` and grows the file if necessary. */
  writeAt(offset: number, from: Uint8Array): void;
  /** The file's current length. */
  length(): number;
  /** Shortens the file, or grows it with zeroes. */
  truncate(length: number): void;
  /** Returns when all written data is on stable storage. Takes milliseconds. */
  sync(): void;
  close(): void;
}

/** Deflate (RFC 1951) for boot files in recordings, and the formats of compressed clusters and kernels. */
export interface HostCompression {
  deflate(bytes: Uint8Array): Uint8Array;
  /** Throws when the data is bad or does not inflate to exactly `lengthBytes`. */
  inflate(bytes: Uint8Array, lengthBytes: number): Uint8Array;
  /** Decodes one Zstandard frame (RFC 8878) and ignores what follows it. Throws like `inflate`. */
  decompressZstd(bytes: Uint8Array, lengthBytes: number): Uint8Array;
  /**
   * Decodes gzip (RFC 1952). Undefined when the result exceeds `lengthBytesMax`; throws when the data is bad or
   * truncated.
   */
  gunzip(bytes: Uint8Array, lengthBytesMax: number): Uint8Array | undefined;
  /**
   * Compresses fast, with what the host provides: a raw deflate stream or a Zstandard frame, which `decompress` tells
   * apart.
   */
  compress(bytes: Uint8Array): Uint8Array;
  /** Throws like `inflate`. */
  decompress(bytes: Uint8Array, lengthBytes: number): Uint8Array;
}

/** How to open a file: `new` refuses an existing file, `truncate` empties it. Both require `write`. */
export interface HostOpenMode {
  write: boolean;
  create: 'never' | 'new' | 'truncate';
}

/** The host's file system, for files that the user names. Paths have the host's syntax, as the user typed them. */
export interface HostFiles {
  open(path: string, mode: HostOpenMode): HostFile;
  /** Reads a whole file of at most `maxBytes`. */
  readWhole(path: string, maxBytes: number): Uint8Array;
  /** False for a link with a missing target. */
  exists(path: string): boolean;
  isBrokenLink(path: string): boolean;
  /** Removes a file if it exists. */
  remove(path: string): void;
  /**
   * Creates the folder of a file, with its parents. Returns a function that removes the created folders again while
   * they are empty.
   */
  createFolderOf(path: string): () => void;
  /** Creates a file that gets its name only when it is published; until then, an existing file of that name stays. */
  stage(path: string): StagedFile;
  /** Creates a file that no other process sees; it is deleted when it is closed or the process ends. */
  temporary(name: string): HostFile;
  /** Equal for two paths that name the same file, whether it exists or not. */
  identity(path: string): string;
  /**
   * Locks files for a session, all or none. Throws a UserError that names the holder when another session is in the
   * way. `doing` describes this session to others, for example `recording a.rr`.
   */
  lock(files: readonly FileUse[], doing: string): HostLock;
  /** What to write into the file at `from` to refer to the file at `to`: a path relative to the folder of `from`. */
  relativeName(names: { from: string; to: string }): string;
  /** The inverse: the path of the file that the file at `from` calls `name`. */
  resolveName(names: { from: string; name: string }): string;
  /** Whether a path is this file, or is in this folder or below it, with links resolved. */
  isWithin(path: string, fileOrFolder: string): boolean;
  folderOf(path: string): string;
  /** The path of the file with this name in a folder. */
  inFolder(folder: string, name: string): string;
}

/**
 * A file that no other session may write (`reads`, `base`) or use (`writes`). A lock of a base image creates no lock
 * file next to it.
 */
export interface FileUse {
  path: string;
  use: 'writes' | 'reads' | 'base';
}

export interface HostLock {
  /** Also locks what was created or replaced since, under its other and future names. */
  refresh(): void;
  /**
   * Runs `work` while no other session reads the files that this one reads; throws a UserError if one does. Base
   * images stay shared.
   */
  withExclusiveLock<T>(work: () => T): T;
  /** May be called twice and never throws. Also happens when the process ends. */
  release(): void;
}

/** A file being created. Ends with either `settle` or `withdraw`, which never throw. */
export interface StagedFile {
  /** Open for writing before and after publication. Only its owner may read it. */
  readonly file: HostFile;
  /** Makes the file durable and takes the name from the file that has it; `withdraw` restores that one. */
  moveExistingAside(): void;
  /** Makes the file durable and gives it its name. Without `replaces`, fails if the name exists. */
  publish(options: { replaces: boolean }): void;
  /** Closes the file; the previous file of that name is restored. */
  rollBack(): void;
  /** Keeps the file under its name for good. */
  commit(): void;
}

/**
 * What the engine needs from its environment, as interfaces that `host/` implements for Node and tests replace. All
 * calls are synchronous, because the engine runs in its own thread. A failing call throws a UserError of kind
 * `hostFailure`: `host/` converts the system's error, so that the engine never inspects error codes.
 */
export interface Host {
  files: HostFiles;
  compression: HostCompression;
  /**
   * Files and folders that the user works with. An image's backing file is opened only if it is one of them, or is in
   * one of them, or is in the image's folder; all other backing files are refused.
   */
  allowed: readonly string[];
  /** Milliseconds since 1970, for dates shown to the user and for the guest's clock. */
  dateMilliseconds(): number;
  /** Unpredictable bytes, for the guest's entropy source. */
  entropy(lengthBytes: number): Uint8Array;
}

/** The same host, with more paths that the user named. */
export const withAllowedPaths = (host: Host, paths: readonly string[]): Host => ({
  ...host,
  allowed: [...host.allowed, ...paths],
});

/**
 * Decides which automatic snapshots of a recording are worth their cost. It needs a clock, so the host implements it.
 */
export interface SnapshotPace {
  /** Called before each automatic snapshot: whether to take it now. */
  isDue(): boolean;
  /** Called after the snapshot was taken. */
  recordTaken(): void;
}
