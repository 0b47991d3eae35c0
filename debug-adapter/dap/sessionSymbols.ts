import {
  type CodeGroup,
  elfOfCode,
  elfOfImage,
  groupByCode,
  type Host,
  IMAGE_SECTION,
  imageAddress,
  isElf,
  type Notice,
  openSymbols,
  readBootFiles,
  readLinuxImage,
  recordedBootFiles,
  RecordingReader,
  type SymbolFile,
  type Symbols,
  UserError,
} from '../engine/index.ts';
import { symbolsAreOfOtherBuild } from '../engine/errors/symbols.ts';
import type { LaunchConfiguration } from './launchConfiguration.ts';

/**
 * The symbols of a session: of what the machine boots as far as there are some, and of the files named as symbols, which
 * must have some and win where both know the same. A replay boots what was recorded, whatever lies at those paths now.
 */
interface NamedFile {
  name: string;
  bytes: Uint8Array;
}

interface Booted {
  /** Decompressed. */
  kernel: PlacedFile | undefined;
  bios: NamedFile | undefined;
  loads: PlacedFile[];
}

interface PlacedFile extends NamedFile {
  address?: number;
  /** Of a U-Boot image, whose address is where it is loaded. */
  entry?: number;
}

export const MEMORY_BYTES_DEFAULT = 128 << 20;

const ELF_BYTES_MAX = 1 << 30;
const MEMORY_BYTES_MAX = 2 ** 31;

export function sessionSymbols(
  host: Host,
  configuration: LaunchConfiguration,
  onNotice: (notice: Notice) => void,
): CodeGroup[] {
  const opener = new Opener(host);
  const { kernel, bios, loads } =
    configuration.rr === 'replay' ? recordedFiles(host, configuration) : liveFiles(host, configuration);
  const named = configuration.symbols.map((name) => readNamed(host, name));
  const given = named.map((file) => opener.open(file));
  const image = kernel && readLinuxImage(kernel.bytes) ? placedImage({ kernel, bios }, given) : undefined;
  const booted = [
    ...(image ? opener.openAt(image.file, image.biases) : opener.openPlaced(kernel && placed({ kernel, bios }))),
    ...opener.openPlaced(bios && { ...bios, address: RAM_START }),
    ...loads.flatMap((file) => opener.openPlaced(file)),
  ];
  // Of use as other files for the code that is booted, and for nothing else.
  const companions = [
    ...(image ? named.flatMap((file, i) => opener.openAt(file, loadBiases(given[i], image.loaded))) : []),
    ...(booted.some(({ hasDebugInfo }) => hasDebugInfo) ? [] : fileInPlace(opener, host, configuration)),
  ];
  const files: SymbolFile[] = [
    ...given.map((symbols) => ({ symbols, isBooted: false })),
    ...booted.map((symbols) => ({ symbols, isBooted: true })),
    ...companions.map((symbols) => ({ symbols, isBooted: false })),
  ];
  const groups = groupByCode(files).filter((group) => group.isBooted || !companions.includes(group.files[0]));
  sayOtherBuilds(groups, onNotice);
  return groups;
}

class Opener {
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

  /** Nothing where there is no ELF file with code in it. */
  openBooted(file: NamedFile): Symbols[] {
    try {
      return [this.open(file)];
    } catch (error) {
      if (error instanceof UserError && error.code.startsWith('symbols-')) return [];
      throw error;
    }
  }

  /** What is no ELF file is code without names, where it is loaded: firmware where RAM begins. */
  openPlaced(file: PlacedFile | undefined): Symbols[] {
    if (!file) return [];
    const { name, bytes, address } = file;
    if (isElf(bytes) || address === undefined) return this.openBooted(file);
    return [this.open({ name, bytes: elfOfCode(bytes, BigInt(address)) })];
  }
}

const RAM_START = 0x8000_0000;

/** Where a raw kernel is. */
function placed({ kernel, bios }: { kernel: PlacedFile; bios?: NamedFile }): PlacedFile {
  if (isElf(kernel.bytes) || kernel.entry !== undefined) return kernel;
  return { ...kernel, address: imageAddress({ kernel, bios }, MEMORY_BYTES_MAX) };
}

interface PlacedImage {
  /** As an ELF file. */
  file: NamedFile;
  /** From where that says it is, to where its code runs. */
  biases: bigint[];
  /** Where it is loaded. */
  loaded: bigint;
}

/**
 * A Linux Image has its own table of symbols, or none. It begins to run where it is loaded, and continues where it is
 * linked to once it has turned the MMU on: symbols for both, and the same for the vmlinux that it was made from.
 */
function placedImage(
  { kernel, bios }: { kernel: PlacedFile; bios?: NamedFile },
  given: readonly Symbols[],
): PlacedImage {
  const loaded = BigInt(imageAddress({ kernel, bios }, MEMORY_BYTES_MAX));
  const own = elfOfImage(kernel.bytes, IMAGE_SECTION);
  const { bytes, start } = own ?? { bytes: elfOfCode(kernel.bytes, loaded), start: loaded };
  const linked = own?.start ?? given.map(linkedStart).find((address) => address !== undefined) ?? loaded;
  const addresses = new Set([linked, loaded]);
  return { file: { name: kernel.name, bytes }, biases: [...addresses].map((address) => address - start), loaded };
}

/** What takes a file to where its kernel is loaded. */
function loadBiases(symbols: Symbols, loaded: bigint): bigint[] {
  const start = linkedStart(symbols);
  return start === undefined ? [] : [loaded - start];
}

/** Where a file's code begins, if it is a kernel: those are linked to the upper half of the address space. */
function linkedStart({ code }: Symbols): bigint | undefined {
  const starts = code.map(({ address }) => address).filter((address) => address >= UPPER_HALF);
  return starts.length > 0 ? starts.reduce((least, address) => (address < least ? address : least)) : undefined;
}

const UPPER_HALF = 1n << 63n;

function liveFiles(host: Host, configuration: LaunchConfiguration): Booted {
  const { kernel, kernelAddress, bios, load, memoryBytes } = configuration;
  const setup = { kernel, kernelAddress, bios, initrd: null, load };
  const read = readBootFiles(host, setup, memoryBytes ?? MEMORY_BYTES_DEFAULT);
  return {
    kernel: read.kernel,
    bios: read.files.find(({ role }) => role === 'bios'),
    loads: read.loads,
  };
}

/** Under the names that the user gives them now, which say where their sources are. */
function recordedFiles(host: Host, { rrfile, kernel, bios, load }: LaunchConfiguration): Booted {
  const file = host.files.open(rrfile, { write: false, create: 'never' });
  try {
    const reader = new RecordingReader(file, host.compression);
    const isFile = (name: string | null): name is string => name !== null && name !== 'none' && name !== 'builtin';
    const named = (file: PlacedFile, given: string | null) => (isFile(given) ? { ...file, name: given } : file);
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

/** What lies at a replayed kernel's path now: the same code with its debug information is as good as a symbols file. */
function fileInPlace(opener: Opener, host: Host, { rr, kernel }: LaunchConfiguration): Symbols[] {
  if (rr !== 'replay' || kernel === null || !host.files.exists(kernel)) return [];
  try {
    return opener.openBooted({ name: kernel, bytes: readRegular(host, kernel) });
  } catch (error) {
    // The replay does without it.
    if (error instanceof UserError) return [];
    throw error;
  }
}

/** Not a pipe, which could be waited for without end. */
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

function sayOtherBuilds(groups: readonly CodeGroup[], onNotice: (notice: Notice) => void): void {
  const said = new Set<string>();
  for (const { name, otherBuildOf } of groups) {
    if (!otherBuildOf || said.has(name)) continue;
    said.add(name);
    const { booted, address } = otherBuildOf;
    onNotice({ code: 'symbols-differ', message: symbolsAreOfOtherBuild({ name, booted: booted.name, address }) });
  }
}
