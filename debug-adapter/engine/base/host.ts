/**
 * What the engine needs from the world, as interfaces that `host/` implements (for Node) and tests replace. All calls
 * are synchronous: the engine runs in a thread of its own. A failing call throws the host's own error; `host/` turns
 * it into a UserError of kind `hostFailure`, so the engine never looks at error codes.
 */

/** One open file. Offsets and lengths are bytes. */
export interface HostFile {
  /** The name the user knows it by, for messages. */
  readonly name: string;
  /** Reads up to `into.length` bytes at `offset`; returns how many there were (fewer only at the file's end). */
  readAt(offset: number, into: Uint8Array): number;
  /** Writes all of `from` at `offset`, growing the file as needed. */
  writeAt(offset: number, from: Uint8Array): void;
  /** The file's current length. */
  length(): number;
  /** Cuts or grows (with zeroes) the file. */
  truncate(length: number): void;
  /** Returns when everything written is on stable storage. Costs milliseconds. */
  sync(): void;
  close(): void;
}

/** Deflate (RFC 1951), for boot files in recordings, and what compressed clusters may hold. */
export interface HostCompression {
  deflate(bytes: Uint8Array): Uint8Array;
  /** Throws when the data is bad or does not inflate to exactly `lengthBytes`. */
  inflate(bytes: Uint8Array, lengthBytes: number): Uint8Array;
  /** Zstandard (RFC 8878): one frame, whatever comes behind it. Throws as `inflate` does. */
  decompressZstd(bytes: Uint8Array, lengthBytes: number): Uint8Array;
  /** Gzip (RFC 1952). Undefined when that is longer than `lengthBytesMax`; throws when the data is bad or cut short. */
  gunzip(bytes: Uint8Array, lengthBytesMax: number): Uint8Array | undefined;
  /** Quickly, in whichever way the host has: a raw deflate stream or a Zstandard frame, which `decompress` tells apart. */
  compress(bytes: Uint8Array): Uint8Array;
  /** Throws as `inflate` does. */
  decompress(bytes: Uint8Array, lengthBytes: number): Uint8Array;
}

/** How to open a file: `new` refuses one that exists, `truncate` empties it, both need `write`. */
export interface HostOpenMode {
  write: boolean;
  create: 'never' | 'new' | 'truncate';
}

/** The host's file system, for what the user names. Paths are the host's own, as the user gave them. */
export interface HostFiles {
  open(path: string, mode: HostOpenMode): HostFile;
  /** The whole of a file of at most `maxBytes`. */
  readWhole(path: string, maxBytes: number): Uint8Array;
  /** A link that leads nowhere is not there. */
  exists(path: string): boolean;
  isBrokenLink(path: string): boolean;
  /** Removes a file if it is there. */
  remove(path: string): void;
  /** With those above it. Returns what removes those again that it created, while they are empty. */
  createFolderOf(path: string): () => void;
  /** A new file that gets its name when it is published: until then, and when it never is, what has that name stays. */
  stage(path: string): StagedFile;
  /** A file that nobody else sees and that is gone when it is closed or the process ends. */
  temporary(name: string): HostFile;
  /** Equal for two paths that name the same file, whether or not it exists. */
  identity(path: string): string;
  /**
   * Locks files for a session, all or none; throws a UserError that names the holder when another session is in the way.
   * `doing` is what that one is told, such as `recording a.rr`.
   */
  lock(files: readonly FileUse[], doing: string): HostLock;
  /** What to write into the file at `from` so that it finds the file at `to`: relative to its folder. */
  relativeName(names: { from: string; to: string }): string;
  /** The inverse: the path of a file that the file at `from` calls `name`. */
  resolveName(names: { from: string; name: string }): string;
  /** Whether a path is that file, or lies in that folder or below, links followed. */
  isWithin(path: string, fileOrFolder: string): boolean;
  folderOf(path: string): string;
  /** The path of the file of that name in a folder. */
  inFolder(folder: string, name: string): string;
}

/** A file that no other session can write (`reads`, `base`) or use (`writes`). A base's lock leaves nothing beside it. */
export interface FileUse {
  path: string;
  use: 'writes' | 'reads' | 'base';
}

export interface HostLock {
  /** What was created or replaced since is locked by any other name that it has or gets, too. */
  refresh(): void;
  /** Does something while no other session reads what this one does; throws a UserError when one does. Bases stay shared. */
  exclusively<T>(work: () => T): T;
  /** Harmless when called twice; never throws. Also done when the process ends. */
  release(): void;
}

/** A file under creation. One of `settle` and `withdraw` ends it; neither throws. */
export interface StagedFile {
  /** Open for writing, before and after it is published. Only its owner may read it. */
  readonly file: HostFile;
  /** Makes it durable, and takes the name from the file that has it; `withdraw` gives it back. */
  vacate(): void;
  /** Makes it durable and gives it its name. Unless it `replaces` what is there, nothing may be. */
  publish(options: { replaces: boolean }): void;
  /** Closes it; what had the name before has it again. */
  withdraw(): void;
  /** It keeps the name. */
  settle(): void;
}

/** Everything at once, for those who open sessions. */
export interface Host {
  files: HostFiles;
  compression: HostCompression;
  /**
   * Files and folders that the user works with: what an image names as its backing file is opened when it is one of
   * them, lies in one of them, or beside the image; anything else an image has no business to name.
   */
  allowed: readonly string[];
  /** Milliseconds since 1970, for dates that people read and for the guest's clock. */
  dateMilliseconds(): number;
  /** Unpredictable bytes, for the guest's source of entropy. */
  entropy(lengthBytes: number): Uint8Array;
}

/** The same host for a user who also named these. */
export const allowing = (host: Host, paths: readonly string[]): Host => ({
  ...host,
  allowed: [...host.allowed, ...paths],
});

/** Says which automatic snapshots of a recording are worth their cost: by a clock, which is why the host says it. */
export interface CheckpointPace {
  /** Asked before each: whether it is worth its cost now. */
  isDue(): boolean;
  /** It was taken. */
  taken(): void;
}
