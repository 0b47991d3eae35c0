import type { Host } from '../base/host.ts';
import { debugLinkMismatch, symbolsAreOfOtherBuild } from '../../messages/symbols.ts';
import { type Notice, UserError } from '../../messages/userError.ts';
import { isElf } from '../machine/boot/bootPlan.ts';
import { readLinuxImage } from '../machine/boot/linuxImage.ts';
import { RAM_BASE } from '../machine/memoryMap.ts';
import {
  type CodeGroup,
  buildIdOfFile,
  type CompanionFile,
  crc32OfFile,
  elfFromCode,
  type FileBytes,
  type FindCompanion,
  groupByCode,
  openSymbols,
  type SymbolFile,
  type Symbols,
  type Visualizer,
} from '../symbols/index.ts';
import type { BootOptions } from '../timeline/bootFiles.ts';
import { newBootFiles, type PlacedFile, recordedFiles } from './bootedFiles.ts';
import { CompanionFiles, type CompanionFolders } from './companionFiles.ts';
import { type LargeFile, openLarge, readRegularFile, SYMBOL_FILE_BYTES_MAX } from './largeFiles.ts';
import { loadBiases, placedImage, withLoadAddress } from './kernelSymbols.ts';

/** The files in which a session looks for symbols. */
export interface SymbolFileOptions {
  /**
   * The boot files. In a replay, the current names of the recorded files; null for a file that the user did not
   * specify.
   */
  boot: Pick<BootOptions, 'kernel' | 'kernelAddress' | 'bios' | 'load'>;
  /** The size of guest RAM. Needed only if there is no `rrfile`. */
  memoryBytes: number;
  /** The recording being replayed; undefined in a live session. */
  rrfile: string | undefined;
  /** Files in addition to the boot files. They must contain symbols. */
  symbols: readonly SymbolsSetting[];
  /** Where to look for files that symbol files refer to. */
  folders?: CompanionFolders;
  /** The user's formatters. */
  formatters?: readonly Visualizer[];
}

/** A file with symbols, and the location of its code if the code does not run at its link address. */
export interface SymbolsSetting {
  file: string;
  /** The offset to add to the addresses in the file, like the offset in gdb's `add-symbol-file -o`. */
  offset?: bigint;
  /** The address of the file's `.text` section, like the address in gdb's `add-symbol-file`. */
  textAddress?: bigint;
}

/**
 * Opens the symbols of a session. The booted files do not have to contain symbols. The files in `symbols` must contain
 * symbols, and they take precedence. A replay uses the boot files in the recording, regardless of which files are at
 * their paths now. Throws a UserError for unreadable files and for files in `symbols` without symbols.
 */
export function openSymbolFiles(
  host: Host,
  { boot, memoryBytes, rrfile, symbols, folders = { symbolPaths: [] }, formatters = [] }: SymbolFileOptions,
  onNotice: (notice: Notice) => void,
): CodeGroup[] {
  const opener = new SymbolOpener(host, {
    companions: new CompanionFiles(host, folders, onNotice),
    formatters,
    onNotice,
  });
  const options = { ...boot, initrd: null };
  const largeKernel = rrfile === undefined && boot.kernel ? openLarge(host, boot.kernel) : undefined;
  const { kernel, bios, loads } =
    rrfile === undefined ? newBootFiles(host, options, memoryBytes) : recordedFiles(host, rrfile, options);
  const named = symbols.map(({ file }) => readNamed(host, file));
  const userSymbols = named.map((file, i) => opener.openMoved(file, symbols[i]));
  const image = kernel && readLinuxImage(kernel.bytes) ? placedImage({ kernel, bios }, userSymbols) : undefined;
  const booted = [
    ...(image
      ? opener.openAt(image.file, image.biases)
      : opener.openPlaced(kernel && withLoadAddress({ kernel, bios }), largeKernel)),
    ...opener.openPlaced(bios && { ...bios, address: RAM_BASE }),
    ...loads.flatMap((file) => opener.openPlaced(file)),
  ];
  const hasDebugInfo = booted.some((file) => file.hasDebugInfo);
  const linked = booted.filter(({ loadBias }) => loadBias === 0n);
  const unmoved = named.filter((_, i) => !isMoved(symbols[i]));
  // These files only add information about the booted code, so they are dropped if they describe different code.
  const companions = [
    ...(image ? named.flatMap((file, i) => opener.openAt(file, loadBiases(userSymbols[i], image.loaded))) : []),
    ...linked.flatMap((one) => unmoved.flatMap((file) => opener.atLoadAddresses(one, file))),
    ...(rrfile === undefined || hasDebugInfo ? [] : opener.openAtPath(boot.kernel ?? null)),
  ];
  const separate = opener.openSeparate();
  const files: SymbolFile[] = [
    ...userSymbols.map((file) => ({ symbols: file, isBooted: false })),
    ...booted.map((file) => ({ symbols: file, isBooted: true })),
    ...[...companions, ...separate].map((file) => ({ symbols: file, isBooted: false })),
  ];
  const groups = groupByCode(files).filter((group) => group.isBooted || !companions.includes(group.files[0]));
  warnAboutOtherBuilds(groups, onNotice);
  return groups;
}

class SymbolOpener {
  private host: Host;
  private companions: CompanionFiles;
  private formatters: readonly Visualizer[];
  private onNotice: (notice: Notice) => void;
  private opened: { symbols: Symbols; path: string | undefined }[] = [];

  constructor(
    host: Host,
    options: {
      companions: CompanionFiles;
      formatters: readonly Visualizer[];
      onNotice: (notice: Notice) => void;
    },
  ) {
    this.host = host;
    this.companions = options.companions;
    this.formatters = options.formatters;
    this.onNotice = options.onNotice;
  }

  open(file: SymbolSource, loadBias = 0n): Symbols {
    const findCompanion = this.companions.of(file.path, file.name);
    const { formatters } = this;
    const { compression } = this.host;
    const symbols = openSymbols({ ...file, loadBias, compression, findCompanion, formatters });
    this.opened.push({ symbols, path: file.path });
    return symbols;
  }

  /** For each file opened so far that has no debug information, opens its separate debug file. */
  openSeparate(): Symbols[] {
    const stripped = this.opened.filter(({ symbols }) => !symbols.hasDebugInfo);
    return stripped.flatMap(({ symbols, path }) => {
      const find = this.companions.of(path, symbols.name);
      return this.byBuildId(symbols, find) ?? this.byDebugLink(symbols, find) ?? [];
    });
  }

  private byBuildId({ buildId, loadBias }: Symbols, find: FindCompanion): Symbols | undefined {
    if (buildId === undefined) return undefined;
    let found: Symbols | undefined;
    find({ kind: 'buildId', buildId }, (file) => {
      found = this.openBooted({ ...file, path: file.name }, loadBias).find((one) => one.buildId === buildId);
      return found !== undefined;
    });
    return found;
  }

  private byDebugLink({ name, debugLink, buildId, loadBias }: Symbols, find: FindCompanion): Symbols | undefined {
    if (debugLink === undefined) return undefined;
    let mismatch: string | undefined;
    const file = find({ kind: 'debugLink', name: debugLink.name }, (candidate) => {
      // If both files have build IDs, compare these instead: computing the checksum requires reading the whole file.
      const ids = [buildId, buildId && buildIdOfFile(candidate.bytes, candidate.name)];
      const isSame = ids[1] === undefined ? crcOf(candidate) === debugLink.crc : ids[0] === ids[1];
      if (!isSame) mismatch ??= candidate.name;
      return isSame;
    });
    if (!file && mismatch !== undefined) this.onNotice(debugLinkMismatch(name, mismatch));
    return file && this.openBooted({ ...file, path: file.name }, loadBias)[0];
  }

  openMoved(file: SymbolSource, { offset = 0n, textAddress }: SymbolsSetting): Symbols {
    if (textAddress === undefined) return this.open(file, offset);
    const linked = openSymbols(file).code;
    const text = linked.find(({ name }) => name === '.text') ?? linked[0];
    return this.open(file, text ? BigInt.asUintN(64, textAddress - text.address) : 0n);
  }

  openAt(file: SymbolSource, biases: readonly bigint[]): Symbols[] {
    return biases.map((loadBias) => this.open(file, loadBias));
  }

  /** Opens the symbols of a booted file. Returns an empty list if it is not an ELF file with code. */
  openBooted(file: SymbolSource, loadBias = 0n): Symbols[] {
    try {
      return [this.open(file, loadBias)];
    } catch (error) {
      if (error instanceof UserError && error.code.startsWith('symbols-')) return [];
      throw error;
    }
  }

  /**
   * Opens a booted ELF file at its virtual addresses and, if they differ, at its load addresses: the machine starts
   * there, before the guest enables the MMU.
   */
  private openAtBothAddresses(file: SymbolSource): Symbols[] {
    return this.openBooted(file).flatMap((symbols) => [symbols, ...this.atLoadAddresses(symbols, file)]);
  }

  /** Opens `file`, which is a booted file or has the same code as one, at the booted file's load addresses. */
  atLoadAddresses({ loadOffsets }: Symbols, file: SymbolSource): Symbols[] {
    return loadOffsets.filter((offset) => offset !== 0n).map((offset) => this.open(file, offset));
  }

  /**
   * Opens the symbols of a booted file whose load address is known. A file that is not ELF is treated as code without
   * symbols at that address. If the same file can be read on demand, its bytes do not have to stay in memory.
   */
  openPlaced(file: PlacedFile | undefined, large?: LargeFile): Symbols[] {
    if (!file) return [];
    const { bytes, address } = file;
    const isSame = large !== undefined && large.lengthBytes === bytes.length && large.isUnchanged();
    if (isElf(bytes) || address === undefined) return this.openAtBothAddresses(isSame ? large : file);
    return [this.open({ ...file, bytes: elfFromCode(bytes, BigInt(address)) })];
  }

  /**
   * Opens the file that is now at a replayed kernel's path: if it has the same code and has debug information, it
   * serves as a symbol file.
   */
  openAtPath(kernel: string | null): Symbols[] {
    if (kernel === null || !this.host.files.exists(kernel)) return [];
    try {
      const large = openLarge(this.host, kernel);
      if (large) return this.openBooted(large);
      const bytes = readRegularFile(this.host, kernel);
      return bytes ? this.openBooted({ name: kernel, bytes, path: kernel }) : [];
    } catch (error) {
      // The replay works without the file, so ignore the error.
      if (error instanceof UserError) return [];
      throw error;
    }
  }
}

/** A file to read symbols from, which may be read on demand. */
interface SymbolSource {
  name: string;
  path?: string;
  bytes: Uint8Array | FileBytes;
  index?: Uint8Array;
}

function readNamed(host: Host, name: string): SymbolSource {
  return openLarge(host, name) ?? { name, bytes: host.files.readWhole(name, SYMBOL_FILE_BYTES_MAX), path: name };
}

const crcOf = ({ bytes }: CompanionFile) => crc32OfFile('bytes' in bytes ? bytes : { bytes });

const isMoved = ({ offset, textAddress }: SymbolsSetting): boolean => (offset ?? textAddress) !== undefined;

function warnAboutOtherBuilds(groups: readonly CodeGroup[], onNotice: (notice: Notice) => void): void {
  const reported = new Set<string>();
  for (const { name, otherBuildOf } of groups) {
    if (!otherBuildOf || reported.has(name)) continue;
    reported.add(name);
    const { bootedGroup, address } = otherBuildOf;
    onNotice(symbolsAreOfOtherBuild({ name, booted: bootedGroup.name, address }));
  }
}
