import type { FileBytes } from './elf/fileBytes.ts';

/**
 * A file that a symbol file refers to. Names and IDs come from the symbol file, so they are untrusted: the
 * session decides where the file may be.
 */
export type CompanionRequest =
  /** The separate debug file of a stripped file, identified by its build ID. */
  | { kind: 'buildId'; buildId: string }
  /** The separate debug file of a stripped file, identified by its name in `.gnu_debuglink`. */
  | { kind: 'debugLink'; name: string }
  /** The file with the entries of a split unit (DW_AT_dwo_name). */
  | { kind: 'split'; name: string; compDir: string }
  /** The package (`.dwp`) that contains all split units of a program. */
  | { kind: 'package' }
  /** The file with entries that several programs share (`dwz -m`). */
  | { kind: 'supplementary'; name: string; buildId: string };

/** The contents of a companion, and the path at which it was found. */
export interface CompanionFile {
  name: string;
  /** A file in memory, or a large file that is read on demand. */
  bytes: Uint8Array | FileBytes;
  /** The index of a large file: see SymbolsSource. */
  index?: Uint8Array;
}

/**
 * Opens a file that a symbol file refers to. Returns the first file for which `accepts` returns true; undefined if
 * there is none. An invalid file name does not cause an error.
 */
export type FindCompanion = (
  request: CompanionRequest,
  accepts: (file: CompanionFile) => boolean,
) => CompanionFile | undefined;

/** A stripped file's link to its separate debug file (`objcopy --add-gnu-debuglink`). */
export interface DebugLink {
  name: string;
  /** The CRC-32 of the separate debug file. */
  crc: number;
}

/**
 * A link to the supplementary file that `dwz -m` writes. The supplementary file holds debug information that several
 * files have in common.
 */
export interface SupplementaryLink {
  name: string;
  /** The build ID in hexadecimal. */
  buildId: string;
}
