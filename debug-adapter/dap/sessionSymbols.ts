import {
  type CodeGroup,
  elfFromCode,
  elfFromImage,
  groupByCode,
  type Host,
  IMAGE_SECTION,
  imageAddress,
  isElf,
  limits,
  type Notice,
  openSymbols,
  RAM_BASE,
  readBootFiles,
  readLinuxImage,
  recordedBootFiles,
  RecordingReader,
  type SymbolFile,
  type Symbols,
  UserError,
} from '../engine/index.ts';
import { symbolsAreOfOtherBuild } from '../messages/symbols.ts';
import type { LaunchConfiguration } from './launchConfiguration.ts';

/** A file, and the name that messages use for it. */
interface NamedFile {
  name: string;
  bytes: Uint8Array;
}

interface BootedFiles {
  /** The kernel after decompression. */
  kernel: PlacedFile | undefined;
  bios: NamedFile | undefined;
  loads: PlacedFile[];
}

interface PlacedFile extends NamedFile {
  address?: number;
  /** The entry point of a U-Boot image, whose `address` is its load address. */
  entry?: number;
}

const ELF_BYTES_MAX = 1 << 30;

/**
 * Opens the symbols of a session. The booted files do not have to contain symbols. The files in the `symbols` setting
 * must contain symbols, and they take precedence. A replay uses the boot files in the recording, regardless of which
 * files are at their paths now.
 */
export function sessionSymbols(
  host: Host,
  configuration: LaunchConfiguration,
  onNotice: (notice: Notice) => void,
): CodeGroup[] {
  const opener = new SymbolOpener(host);
  const { kernel, bios, loads } =
    configuration.rr === 'replay' ? recordedFiles(host, configuration) : liveFiles(host, configuration);
  const named = configuration.symbols.map((name) => readNamed(host, name));
  const userSymbols = named.map((file) => opener.open(file));
  const image = kernel && readLinuxImage(kernel.bytes) ? linuxImage({ kernel, bios }, userSymbols) : undefined;
  const booted = [
    ...(image
      ? opener.openAt(image.file, image.biases)
      : opener.openPlaced(kernel && withLoadAddress({ kernel, bios }))),
    ...opener.openPlaced(bios && { ...bios, address: RAM_BASE }),
    ...loads.flatMap((file) => opener.openPlaced(file)),
  ];
  // These files only add information about the booted code, so they are dropped if they describe different code.
  const companions = [
    ...(image ? named.flatMap((file, i) => opener.openAt(file, loadBiases(userSymbols[i], image.loaded))) : []),
    ...(booted.some(({ hasDebugInfo }) => hasDebugInfo) ? [] : fileAtPath(opener, host, configuration)),
  ];
  const files: SymbolFile[] = [
    ...userSymbols.map((symbols) => ({ symbols, isBooted: false })),
    ...booted.map((symbols) => ({ symbols, isBooted: true })),
    ...companions.map((symbols) => ({ symbols, isBooted: false })),
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

  openAt(file: NamedFile, loadBiases: readonly bigint[]): Symbols[] {
    return loadBiases.map((loadBias) => this.open(file, loadBias));
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
}

/** Adds the load address to a raw kernel. */
function withLoadAddress({ kernel, bios }: { kernel: PlacedFile; bios?: NamedFile }): PlacedFile {
  if (isElf(kernel.bytes) || kernel.entry !== undefined) return kernel;
  return { ...kernel, address: imageAddress({ kernel, bios }, limits.MEMORY_BYTES_MAX) };
}

interface PlacedImage {
  /** The image, converted to an ELF file. */
  file: NamedFile;
  /**
   * The load biases: the differences between the addresses at which the code runs and its addresses in the ELF file.
   */
  biases: bigint[];
  /** The load address. */
  loaded: bigint;
}

/**
 * A Linux Image may contain its own symbol table. The kernel starts at its load address and continues at its link
 * address after it has enabled the MMU, so its symbols are needed at both addresses. The same applies to the vmlinux
 * from which the Image was made.
 */
function linuxImage(
  { kernel, bios }: { kernel: PlacedFile; bios?: NamedFile },
  userSymbols: readonly Symbols[],
): PlacedImage {
  const loaded = BigInt(imageAddress({ kernel, bios }, limits.MEMORY_BYTES_MAX));
  const elf = elfFromImage(kernel.bytes, IMAGE_SECTION);
  const { bytes, start } = elf ?? { bytes: elfFromCode(kernel.bytes, loaded), start: loaded };
  const linked = elf?.start ?? userSymbols.map(linkedStart).find((address) => address !== undefined) ?? loaded;
  const addresses = new Set([linked, loaded]);
  return { file: { name: kernel.name, bytes }, biases: [...addresses].map((address) => address - start), loaded };
}

/** The load biases that move a file to its kernel's load address. */
function loadBiases(symbols: Symbols, loaded: bigint): bigint[] {
  const start = linkedStart(symbols);
  return start === undefined ? [] : [loaded - start];
}

/**
 * The start of a kernel's code; undefined for other files. Kernels are linked at addresses in the upper half of the
 * address space.
 */
function linkedStart({ code }: Symbols): bigint | undefined {
  const starts = code.map(({ address }) => address).filter((address) => address >= UPPER_HALF);
  return starts.length > 0 ? starts.reduce((least, address) => (address < least ? address : least)) : undefined;
}

const UPPER_HALF = 1n << 63n;

function liveFiles(host: Host, configuration: LaunchConfiguration): BootedFiles {
  const { kernel, kernelAddress, bios, load, memoryBytes } = configuration;
  const setup = { kernel, kernelAddress, bios, initrd: null, load };
  const read = readBootFiles(host, setup, memoryBytes ?? limits.MEMORY_BYTES_DEFAULT);
  return {
    kernel: read.kernel,
    bios: read.files.find(({ role }) => role === 'bios'),
    loads: read.loads,
  };
}

/**
 * The recorded files, with their current names from the configuration. Source paths are resolved relative to these
 * names.
 */
function recordedFiles(host: Host, { rrfile, kernel, bios, load }: LaunchConfiguration): BootedFiles {
  const file = host.files.open(rrfile, { write: false, create: 'never' });
  try {
    const reader = new RecordingReader(file, host.compression);
    const isFile = (name: string | null): name is string => name !== null && name !== 'none' && name !== 'builtin';
    const named = (file: PlacedFile, userSymbols: string | null) =>
      isFile(userSymbols) ? { ...file, name: userSymbols } : file;
    const recorded = recordedBootFiles(host, reader);
    const firmware = recorded.files.find(({ role }) => role === 'bios');
    return {
      kernel: recorded.kernel && named(recorded.kernel, kernel),
      bios: firmware && named(firmware, bios),
      loads: recorded.loads.map((file, i) => named(file, load[i]?.file ?? null)),
    };
  } finally {
    file.close();
  }
}

/**
 * The file that is now at a replayed kernel's path: if it has the same code and has debug information, it serves as a
 * symbol file.
 */
function fileAtPath(opener: SymbolOpener, host: Host, { rr, kernel }: LaunchConfiguration): Symbols[] {
  if (rr !== 'replay' || kernel === null || !host.files.exists(kernel)) return [];
  try {
    return opener.openBooted({ name: kernel, bytes: readRegular(host, kernel) });
  } catch (error) {
    // The replay works without the file, so ignore the error.
    if (error instanceof UserError) return [];
    throw error;
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
