import { elfOfImage, type Host, openSymbols, RecordingReader, type Symbols, UserError } from '../engine/index.ts';
import type { LaunchConfiguration } from './launchConfiguration.ts';

/**
 * The symbols of a session: of its kernel and firmware as far as they have some, and of the files named as symbols, which
 * must have some. A replay that names no kernel has the recorded one.
 */
interface NamedFile {
  name: string;
  bytes: Uint8Array;
}

const ELF_BYTES_MAX = 1 << 30;

export function sessionSymbols(host: Host, configuration: LaunchConfiguration): Symbols[] {
  const { kernel, bios, symbols } = configuration;
  const fromFile = (name: string) => ({ name, bytes: host.files.readWhole(name, ELF_BYTES_MAX) });
  const open = (file: NamedFile) => openSymbols({ ...file, compression: host.compression });
  const isFile = (name: string | null): name is string => name !== null && name !== 'none' && name !== 'builtin';
  const named = [kernel, bios].filter(isFile).map(fromFile);
  const recorded = configuration.rr === 'replay' && kernel === null ? [recordedKernel(host, configuration)] : [];
  const boot = [...recorded, ...named].flatMap((file) => {
    try {
      return [open(file)];
    } catch (error) {
      if (error instanceof UserError && error.code.startsWith('symbols-')) return imageSymbols(file);
      throw error;
    }
  });
  return [...boot, ...symbols.map((name) => open(fromFile(name)))];
}

/** Where the boot files put a Linux Image: behind the firmware's 2 MiB. */
const LOAD_ADDRESS = 0x8020_0000n;

/**
 * A Linux Image has its own table of symbols, or none. It begins to run where it was loaded, and goes on where it was
 * linked to once it has turned the MMU on: symbols for both.
 */
function imageSymbols({ name, bytes }: NamedFile): Symbols[] {
  const elf = elfOfImage(bytes);
  if (!elf) return [];
  const loadBiases = [0n, LOAD_ADDRESS - elf.start];
  return loadBiases.map((loadBias) => openSymbols({ name, bytes: elf.bytes, loadBias }));
}

function recordedKernel(host: Host, { rrfile }: LaunchConfiguration): NamedFile {
  const file = host.files.open(rrfile, { write: false, create: 'never' });
  try {
    return new RecordingReader(file, host.compression).bootFile('kernel');
  } finally {
    file.close();
  }
}
