import type { Host } from '../base/host.ts';
import { type BootOptions, bootFilesOfRecording, isFirmwareKeyword, readBootFiles } from '../timeline/bootFiles.ts';

/** A file, and the name that messages use for it. */
export interface NamedFile {
  name: string;
  bytes: Uint8Array;
}

export interface PlacedFile extends NamedFile {
  address?: number;
  /** The entry point of a U-Boot image, whose `address` is its load address. */
  entry?: number;
}

/** The files with code that a machine boots from. */
export interface BootedFiles {
  /** The kernel after decompression. */
  kernel: PlacedFile | undefined;
  bios: NamedFile | undefined;
  loads: PlacedFile[];
}

/** The boot files of a new machine. Throws a UserError for a missing, unreadable or oversized file. */
export function newBootFiles(host: Host, boot: BootOptions, memoryBytes: number): BootedFiles {
  const { files, kernel, loads } = readBootFiles(host, { ...boot, initrd: null, dtb: null }, memoryBytes);
  return { kernel, bios: files.find(({ role }) => role === 'bios'), loads };
}

/**
 * The boot files in a recording, with their current names from `boot`. Source paths are resolved relative to these
 * names.
 */
export function recordedFiles(host: Host, rrfile: string, { kernel, bios, load = [] }: BootOptions): BootedFiles {
  const named = (file: PlacedFile, name: string | null | undefined) =>
    typeof name === 'string' && !isFirmwareKeyword(name) ? { ...file, name } : file;
  const recorded = bootFilesOfRecording(host, rrfile);
  const firmware = recorded.files.find(({ role }) => role === 'bios');
  return {
    kernel: recorded.kernel && named(recorded.kernel, kernel),
    bios: firmware && named(firmware, bios),
    loads: recorded.loads.map((file, i) => named(file, load[i]?.file)),
  };
}
