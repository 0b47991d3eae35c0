import type { Host } from '../base/host.ts';
import { type BootOptions, bootFilesOfRecording, isFirmwareKeyword, readBootFiles } from '../timeline/bootFiles.ts';

/** A file, and the name that messages use for it. */
export interface NamedFile {
  name: string;
  bytes: Uint8Array;
  /** The file's path; undefined if the file comes from a recording and the user did not give its current path. */
  path?: string;
}

export interface PlacedFile extends NamedFile {
  address?: number;
  /** The entry point of a U-Boot image; `address` is then the image's load address. */
  entry?: number;
  /** The file's index, if the host has created one. */
  index?: Uint8Array;
}

/** A machine's boot files that contain code. */
export interface BootedFiles {
  /** The kernel after decompression. */
  kernel: PlacedFile | undefined;
  bios: NamedFile | undefined;
  loads: PlacedFile[];
}

/** The boot files of a new machine. Throws a UserError for a missing, unreadable or oversized file. */
export function newBootFiles(host: Host, boot: BootOptions, memoryBytes: number): BootedFiles {
  const { files, kernel, loads } = readBootFiles(host, { ...boot, initrd: null, dtb: null }, memoryBytes);
  const bios = files.find(({ role }) => role === 'bios');
  return {
    kernel: kernel && { ...kernel, path: kernel.name },
    bios: bios && (isFirmwareKeyword(bios.name) ? bios : { ...bios, path: bios.name }),
    loads: loads.map((file) => ({ ...file, path: file.name })),
  };
}

/**
 * The boot files in a recording, with their current names from `boot`. Source paths are resolved relative to these
 * names.
 */
export function recordedFiles(host: Host, rrfile: string, { kernel, bios, load = [] }: BootOptions): BootedFiles {
  const named = (file: PlacedFile, name: string | null | undefined) =>
    typeof name === 'string' && !isFirmwareKeyword(name) ? { ...file, name, path: name } : file;
  const recorded = bootFilesOfRecording(host, rrfile);
  const index = host.symbolIndexes && indexOfRecordedKernel(host, rrfile);
  const firmware = recorded.files.find(({ role }) => role === 'bios');
  return {
    kernel: recorded.kernel && { ...named(recorded.kernel, kernel), index },
    bios: firmware && named(firmware, bios),
    loads: recorded.loads.map((file, i) => named(file, load[i]?.file)),
  };
}

/** The symbol index of a recorded kernel, if the host has created one: see `HostSymbolIndexes`. */
function indexOfRecordedKernel({ files, symbolIndexes }: Host, rrfile: string): Uint8Array | undefined {
  const file = files.open(rrfile, { write: false, create: 'never' });
  try {
    const version = file.version?.();
    return version === undefined ? undefined : symbolIndexes?.find(rrfile, version);
  } finally {
    file.close();
  }
}
