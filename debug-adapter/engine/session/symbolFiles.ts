import type { Host } from '../base/host.ts';
import { symbolsAreOfOtherBuild } from '../../messages/symbols.ts';
import { type Notice, UserError } from '../../messages/userError.ts';
import { isElf } from '../machine/boot/bootPlan.ts';
import { readLinuxImage } from '../machine/boot/linuxImage.ts';
import { RAM_BASE } from '../machine/memoryMap.ts';
import {
  type CodeGroup,
  elfFromCode,
  groupByCode,
  openSymbols,
  type SymbolFile,
  type Symbols,
} from '../symbols/index.ts';
import type { BootOptions } from '../timeline/bootFiles.ts';
import { type NamedFile, newBootFiles, type PlacedFile, recordedFiles } from './bootedFiles.ts';
import { loadBiases, placedImage, withLoadAddress } from './kernelSymbols.ts';

/** The files in which a session looks for symbols. */
export interface SymbolFileOptions {
  /** The boot files. In a replay, the current names of the recorded files; null where the user gave none. */
  boot: Pick<BootOptions, 'kernel' | 'kernelAddress' | 'bios' | 'load'>;
  /** The size of guest RAM; only needed without `rrfile`. */
  memoryBytes: number;
  /** The recording that is replayed; undefined in a live session. */
  rrfile: string | undefined;
  /** Files in addition to the boot files. They must contain symbols. */
  symbols: readonly string[];
}

const ELF_BYTES_MAX = 1 << 30;

/**
 * Opens the symbols of a session. The booted files do not have to contain symbols. The files in `symbols` must contain
 * symbols, and they take precedence. A replay uses the boot files in the recording, regardless of which files are at
 * their paths now. Throws a UserError for unreadable files and for files in `symbols` without symbols.
 */
export function openSymbolFiles(
  host: Host,
  { boot, memoryBytes, rrfile, symbols }: SymbolFileOptions,
  onNotice: (notice: Notice) => void,
): CodeGroup[] {
  const opener = new SymbolOpener(host);
  const options = { ...boot, initrd: null };
  const { kernel, bios, loads } =
    rrfile === undefined ? newBootFiles(host, options, memoryBytes) : recordedFiles(host, rrfile, options);
  const named = symbols.map((name) => readNamed(host, name));
  const userSymbols = named.map((file) => opener.open(file));
  const image = kernel && readLinuxImage(kernel.bytes) ? placedImage({ kernel, bios }, userSymbols) : undefined;
  const booted = [
    ...(image
      ? opener.openAt(image.file, image.biases)
      : opener.openPlaced(kernel && withLoadAddress({ kernel, bios }))),
    ...opener.openPlaced(bios && { ...bios, address: RAM_BASE }),
    ...loads.flatMap((file) => opener.openPlaced(file)),
  ];
  const hasDebugInfo = booted.some((file) => file.hasDebugInfo);
  // These files only add information about the booted code, so they are dropped if they describe different code.
  const companions = [
    ...(image ? named.flatMap((file, i) => opener.openAt(file, loadBiases(userSymbols[i], image.loaded))) : []),
    ...(rrfile === undefined || hasDebugInfo ? [] : opener.openAtPath(boot.kernel ?? null)),
  ];
  const files: SymbolFile[] = [
    ...userSymbols.map((file) => ({ symbols: file, isBooted: false })),
    ...booted.map((file) => ({ symbols: file, isBooted: true })),
    ...companions.map((file) => ({ symbols: file, isBooted: false })),
  ];
  const groups = groupByCode(files).filter((group) => group.isBooted || !companions.includes(group.files[0]));
  warnAboutOtherBuilds(groups, onNotice);
  return groups;
}

class SymbolOpener {
  private host: Host;

  constructor(host: Host) {
    this.host = host;
  }

  open({ name, bytes }: NamedFile, loadBias = 0n): Symbols {
    return openSymbols({ name, bytes, loadBias, compression: this.host.compression });
  }

  openAt(file: NamedFile, biases: readonly bigint[]): Symbols[] {
    return biases.map((loadBias) => this.open(file, loadBias));
  }

  /** Opens the symbols of a booted file; empty if it is not an ELF file with code. */
  openBooted(file: NamedFile): Symbols[] {
    try {
      return [this.open(file)];
    } catch (error) {
      if (error instanceof UserError && error.code.startsWith('symbols-')) return [];
      throw error;
    }
  }

  /**
   * Opens the symbols of a booted file with its load address. A file that is not ELF is treated as code without symbols
   * at that address.
   */
  openPlaced(file: PlacedFile | undefined): Symbols[] {
    if (!file) return [];
    const { name, bytes, address } = file;
    if (isElf(bytes) || address === undefined) return this.openBooted(file);
    return [this.open({ name, bytes: elfFromCode(bytes, BigInt(address)) })];
  }

  /**
   * Opens the file that is now at a replayed kernel's path: if it has the same code and has debug information, it
   * serves as a symbol file.
   */
  openAtPath(kernel: string | null): Symbols[] {
    if (kernel === null || !this.host.files.exists(kernel)) return [];
    try {
      return this.openBooted({ name: kernel, bytes: readRegular(this.host, kernel) });
    } catch (error) {
      // The replay works without the file, so ignore the error.
      if (error instanceof UserError) return [];
      throw error;
    }
  }
}

/** Reads a regular file. Reading a pipe could block forever. */
function readRegular(host: Host, name: string): Uint8Array {
  const file = host.files.open(name, { write: false, create: 'never' });
  try {
    const bytes = new Uint8Array(Math.min(file.length(), ELF_BYTES_MAX));
    return bytes.subarray(0, file.readAt(0, bytes));
  } finally {
    file.close();
  }
}

function readNamed(host: Host, name: string): NamedFile {
  return { name, bytes: host.files.readWhole(name, ELF_BYTES_MAX) };
}

function warnAboutOtherBuilds(groups: readonly CodeGroup[], onNotice: (notice: Notice) => void): void {
  const reported = new Set<string>();
  for (const { name, otherBuildOf } of groups) {
    if (!otherBuildOf || reported.has(name)) continue;
    reported.add(name);
    const { bootedGroup, address } = otherBuildOf;
    onNotice(symbolsAreOfOtherBuild({ name, booted: bootedGroup.name, address }));
  }
}
