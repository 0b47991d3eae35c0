import type { Host, HostFile } from '../base/host.ts';
import type { PlacedFile } from '../base/placedFile.ts';
import { xxh64 } from '../base/xxhash64.ts';
import { addressNotUsed, nothingToBoot } from '../errors/boot.ts';
import { UserError } from '../errors/userError.ts';
import { type BootPlan, BUILTIN, needsFirmware, planBoot, saysWhereItIsLoaded } from '../machine/boot/bootPlan.ts';
import { builtinFirmware } from '../machine/boot/firmware.ts';
import { unpackKernel, type Unpacking, unpackLoad } from '../machine/boot/packedKernel.ts';
import { RNG_SEED_BYTES, seedDigits } from '../machine/boot/rngSeed.ts';
import { type BootFile, digestText, type RecordedMachine, type RecordingHeader } from '../recording/header.ts';
import type { RecordingReader } from '../recording/recordingReader.ts';
import { NO_RNG_SEED, type Notice } from './sessionOptions.ts';

/** The files a machine boots from: read from the host for a live session, from the recording for a replay. */
export interface BootSetup {
  /** None where firmware, or a file to load, is all there is; in a replay also when it was not said. */
  kernel?: string | null;
  /** Where a kernel that is no ELF file is loaded; null for behind the firmware. */
  kernelAddress?: number | null;
  /** `none`, `builtin` or a file; null is `builtin` where the kernel needs firmware and else `none`. */
  bios: string | null;
  initrd: string | null;
  load?: readonly PlacedFile[];
  dtb?: string | null;
}

export interface SessionBootFiles {
  /** As they are. */
  files: BootFile[];
  // Those among them that may be wrapped in something, without that.
  kernel: UnpackedFile | undefined;
  loads: UnpackedFile[];
}

interface UnpackedFile extends BootFile {
  entry?: number;
}

// Larger than any RAM a machine can have (2 GiB) no file can be of use.
const BOOT_FILE_BYTES_MAX = 0x8000_0000 - 1;
/** All of them are in memory at a time. */
const ALL_BYTES_MAX = 2 * BOOT_FILE_BYTES_MAX;
/** Linux takes trees of up to 2 MiB. */
const DEVICE_TREE_BYTES_MAX = 16 << 20;

/** Reads them. Our own firmware is one of them, so that a recording keeps the one that it was made with. */
export function readBootFiles(
  host: Host,
  { kernel: kernelName = null, kernelAddress, bios, initrd, load = [], dtb = null }: BootSetup,
  memoryBytes: number,
): SessionBootFiles {
  let bytesLeft = ALL_BYTES_MAX;
  const read = (role: BootFile['role'], name: string, address?: number | null): BootFile => {
    const bytesMax = role === 'dtb' ? DEVICE_TREE_BYTES_MAX : BOOT_FILE_BYTES_MAX;
    const bytes = host.files.readWhole(name, Math.min(bytesMax, bytesLeft));
    bytesLeft -= bytes.length;
    return { role, name, bytes, ...(typeof address === 'number' && { address }) };
  };
  const files = kernelName === null ? [] : [read('kernel', kernelName, kernelAddress)];
  const loads = load.map(({ file, address }) => read('load', file, address));
  const unpacked = unpackAll([...files, ...loads], { compression: host.compression, memoryBytes });
  const firmware = bios ?? (needsFirmware(unpacked, memoryBytes) ? BUILTIN : NO_FIRMWARE);
  if (firmware === BUILTIN) files.push({ role: 'bios', name: BUILTIN, bytes: builtinFirmware() });
  else if (firmware !== NO_FIRMWARE) files.push(read('bios', firmware));
  if (initrd !== null) files.push(read('initrd', initrd));
  files.push(...loads);
  if (dtb !== null) files.push(read('dtb', dtb));
  return { files, ...unpacked };
}

/** As QEMU does, but not silently. */
export function sayUnusedAddresses({ files, loads }: SessionBootFiles, onNotice?: (notice: Notice) => void): void {
  files
    .filter(({ role }) => role === 'load')
    .forEach(({ name, address }, i) => {
      if (address === undefined || !saysWhereItIsLoaded(loads[i])) return;
      onNotice?.({ code: 'address-not-used', message: addressNotUsed(name) });
    });
}

const NO_FIRMWARE = 'none';

/** Words that users write where a firmware file's name could be. */
export const isNoFile = (bios: string): boolean => bios === NO_FIRMWARE || bios === BUILTIN;

/** The files of the host that these are. */
export function namesOfBootFiles({ kernel = null, bios, initrd, load = [], dtb = null }: BootSetup): string[] {
  const firmware = bios === null || isNoFile(bios) ? null : bios;
  return [kernel, firmware, initrd, dtb, ...load.map(({ file }) => file)].filter((name) => name !== null);
}

export function recordedBootFiles(host: Host, reader: RecordingReader): SessionBootFiles {
  const { bootFiles, machine } = reader.header;
  const files = bootFiles.map((_, index) => reader.bootFileAt(index));
  return { files, ...unpackAll(files, { compression: host.compression, memoryBytes: machine.memoryBytes }) };
}

function unpackAll(files: readonly BootFile[], unpacking: Unpacking): Pick<SessionBootFiles, 'kernel' | 'loads'> {
  const kernel = files.find(({ role }) => role === 'kernel');
  const loads = files.filter(({ role }) => role === 'load');
  return {
    kernel: kernel && unpackKernel(kernel, unpacking),
    loads: loads.map((file) => unpackLoad(file, unpacking)),
  };
}

/**
 * Files that a replay was given and that are not what was recorded: a rebuilt kernel, say. The replay uses the recorded
 * ones, so a file that is gone or cannot be read is no loss.
 */
export function changedBootFiles(
  host: Host,
  { bootFiles }: RecordingHeader,
  { load = [], ...given }: BootSetup,
): { role: BootFile['role']; name: string }[] {
  const loads = load.map(({ file }) => file);
  return bootFiles.flatMap(({ role, lengthBytes, digest }) => {
    const name = (role === 'load' ? loads.shift() : given[role]) ?? null;
    if (name === null || isNoFile(name)) return [];
    return holdsOther(host, name, { lengthBytes, digest }) ? [{ role, name }] : [];
  });
}

function holdsOther(host: Host, name: string, recorded: { lengthBytes: number; digest: string }): boolean {
  let file: HostFile | undefined;
  try {
    file = host.files.open(name, { write: false, create: 'never' });
    if (file.length() !== recorded.lengthBytes) return true;
    const bytes = new Uint8Array(recorded.lengthBytes);
    return digestText(xxh64(bytes.subarray(0, file.readAt(0, bytes)))) !== recorded.digest;
  } catch (error) {
    if (error instanceof UserError) return false;
    throw error;
  } finally {
    file?.close();
  }
}

interface PlanOptions {
  append: string;
  memoryBytes: number;
  harts?: number;
  isa?: string;
  mmu?: RecordedMachine['mmu'];
  rngSeed?: string | null;
  /** Only the device tree is wanted, and nothing need boot. */
  isForTree?: boolean;
}

/** Throws what could not boot, before anything else is opened. */
export function bootPlan(
  { files, kernel, loads }: SessionBootFiles,
  { append, memoryBytes, harts, isa, mmu, rngSeed, isForTree = false }: PlanOptions,
): BootPlan {
  const find = (role: BootFile['role']) => files.find((file) => file.role === role);
  if (!isForTree && !kernel && !find('bios') && loads.length === 0) throw nothingToBoot();
  const [bios, initrd, tree] = [find('bios'), find('initrd'), find('dtb')];
  const found = { kernel, bios, initrd, loads, tree, append: append || undefined, rngSeed };
  return planBoot(found, memoryBytes, harts, isa, mmu);
}

/** The digits of the seed in the device tree, as the header writes them; null for a tree without one. */
export function settledSeed(host: Host, rngSeed: string | null | undefined): string | null {
  if (rngSeed === NO_RNG_SEED) return null;
  return rngSeed?.toLowerCase() ?? seedDigits(host.entropy(RNG_SEED_BYTES));
}
