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

/** Deflate (RFC 1951), for boot files in recordings and compressed clusters. */
export interface HostCompression {
  deflate(bytes: Uint8Array): Uint8Array;
  /** Throws when the data is bad or does not inflate to exactly `lengthBytes`. */
  inflate(bytes: Uint8Array, lengthBytes: number): Uint8Array;
}
