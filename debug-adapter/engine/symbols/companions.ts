/**
 * A file that a symbol file refers to. Names and IDs come from the symbol file, so they are untrusted: the
 * session decides where the file may be.
 */
export type CompanionRequest =
  /** The debug information of a stripped file, by build ID. */
  | { kind: 'buildId'; buildId: string }
  /** The debug information of a stripped file, by the name in `.gnu_debuglink`. */
  | { kind: 'debugLink'; name: string }
  /** The file with the entries of a split unit (DW_AT_dwo_name). */
  | { kind: 'split'; name: string; compDir: string }
  /** The package of all split units of a program (`.dwp`). */
  | { kind: 'package' }
  /** The file with entries that several programs share (`dwz -m`). */
  | { kind: 'supplementary'; name: string; buildId: string };

/** A companion, and the path at which it was found. */
export interface CompanionFile {
  name: string;
  bytes: Uint8Array;
}

/**
 * Opens the files that one symbol file refers to. Returns the first file that `accepts`; undefined if there is none.
 * Never throws because of a name.
 */
export type FindCompanion = (
  request: CompanionRequest,
  accepts: (file: CompanionFile) => boolean,
) => CompanionFile | undefined;

/** The separate debug file that a stripped file names (`objcopy --add-gnu-debuglink`). */
export interface DebugLink {
  name: string;
  /** The CRC-32 of the separate file. */
  crc: number;
}

/** The supplementary file that `dwz -m` writes: it holds what several files have in common. */
export interface SupplementaryLink {
  name: string;
  /** In hexadecimal. */
  buildId: string;
}
