import { assert } from '../base/assert.ts';
import type { Host, HostFile } from '../base/host.ts';
import type { FileAtAddress } from '../base/fileAtAddress.ts';
import { xxh64 } from '../base/xxhash64.ts';
import { addressNotUsed } from '../../messages/boot.ts';
import { noSuchBootFile } from '../../messages/recording.ts';
import { UserError } from '../../messages/userError.ts';
import { type BootPlan, BUILTIN, needsFirmware, planBoot, hasLoadAddress } from '../machine/boot/bootPlan.ts';
import { builtinFirmware } from '../machine/boot/firmware.ts';
import { unpackKernel, type UnpackOptions, unpackLoad } from '../machine/boot/compressedKernel.ts';
import { RNG_SEED_BYTES, seedDigits } from '../machine/boot/rngSeed.ts';
import { type BootFile, digestText, type RecordedMachine, type RecordingHeader } from '../recording/header.ts';
import { RecordingReader } from '../recording/recordingReader.ts';
import { NO_RNG_SEED } from './sessionOptions.ts';
import type { Notice } from '../../messages/userError.ts';

export interface BootOptions {
  /**
   * The kernel file. Null if the machine boots only firmware or loaded files; in a replay, also null if the user gave
   * no kernel.
   */
  kernel?: string | null;
  /** The load address of a kernel that is not an ELF file; null to load it directly after the firmware. */
  kernelAddress?: number | null;
  /** `none`, `builtin` or a file. Null means `builtin` if the kernel needs firmware, otherwise `none`. */
  bios: string | null;
  initrd: string | null;
  load?: readonly FileAtAddress[];
  dtb?: string | null;
}

export interface SessionBootFiles {
  /** The files as stored on disk or in the recording. */
  files: BootFile[];
  // The kernel and the files to load, decompressed and without their uImage or gzip wrappers.
  kernel: UnpackedFile | undefined;
  loads: UnpackedFile[];
}

interface UnpackedFile extends BootFile {
  entry?: number;
}

// A file larger than the maximum RAM (2 GiB) cannot be loaded.
const BOOT_FILE_BYTES_MAX = 0x8000_0000 - 1;
/** The limit on the total size of the boot files: all of them are in memory at the same time. */
const ALL_BYTES_MAX = 2 * BOOT_FILE_BYTES_MAX;
/** Linux accepts device trees of up to 2 MiB. */
const DEVICE_TREE_BYTES_MAX = 16 << 20;

/**
 * Reads the files that a machine boots from. Includes the built-in firmware, so that a recording contains the version
 * that it was made with. Throws a UserError for a missing, unreadable or oversized file.
 */
export function readBootFiles(
  host: Host,
  { kernel: kernelName = null, kernelAddress, bios, initrd, load = [], dtb = null }: BootOptions,
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

/**
 * Reports load addresses that are ignored because the file contains its own addresses. QEMU also ignores them, but
 * without a notice.
 */
export function notifyUnusedAddresses({ files, loads }: SessionBootFiles, onNotice?: (notice: Notice) => void): void {
  files
    .filter(({ role }) => role === 'load')
    .forEach(({ name, address }, i) => {
      if (address === undefined || !hasLoadAddress(loads[i])) return;
      onNotice?.(addressNotUsed(name));
    });
}

const NO_FIRMWARE = 'none';

/** Keywords that are accepted instead of a firmware file name. */
export const isFirmwareKeyword = (bios: string): boolean => bios === NO_FIRMWARE || bios === BUILTIN;

/** The names of the boot files on the host. Firmware keywords are not included. */
export function namesOfBootFiles({ kernel = null, bios, initrd, load = [], dtb = null }: BootOptions): string[] {
  const firmware = bios === null || isFirmwareKeyword(bios) ? null : bios;
  return [kernel, firmware, initrd, dtb, ...load.map(({ file }) => file)].filter((name) => name !== null);
}

/** The boot files stored in a recording. Throws a UserError if one is damaged, or if nothing can be booted. */
export function recordedBootFiles(host: Host, reader: RecordingReader): SessionBootFiles {
  const { bootFiles, machine } = reader.header;
  if (!bootFiles.some(({ role }) => isBootable(role))) throw noSuchBootFile({ file: reader.name, role: 'kernel' });
  const files = bootFiles.map((_, index) => reader.bootFileAt(index));
  return { files, ...unpackAll(files, { compression: host.compression, memoryBytes: machine.memoryBytes }) };
}

const isBootable = (role: BootFile['role']): boolean => role === 'kernel' || role === 'bios' || role === 'load';

/** Like `recordedBootFiles`, but opens the recording first and closes it afterward. */
export function bootFilesOfRecording(host: Host, rrfile: string): SessionBootFiles {
  const file = host.files.open(rrfile, { write: false, create: 'never' });
  try {
    return recordedBootFiles(host, new RecordingReader(file, host.compression));
  } finally {
    file.close();
  }
}

/**
 * The kernel in a recording, decompressed; undefined if there is none, or if the recorded file has fewer than
 * `bytesMin` bytes.
 */
export function kernelOfRecording(host: Host, rrfile: string, bytesMin: number): UnpackedFile | undefined {
  const file = host.files.open(rrfile, { write: false, create: 'never' });
  try {
    const reader = new RecordingReader(file, host.compression);
    const kernel = reader.header.bootFiles.find(({ role }) => role === 'kernel');
    return kernel && kernel.lengthBytes >= bytesMin ? recordedBootFiles(host, reader).kernel : undefined;
  } finally {
    file.close();
  }
}

function unpackAll(files: readonly BootFile[], unpacking: UnpackOptions): Pick<SessionBootFiles, 'kernel' | 'loads'> {
  const kernel = files.find(({ role }) => role === 'kernel');
  const loads = files.filter(({ role }) => role === 'load');
  return {
    kernel: kernel && unpackKernel(kernel, unpacking),
    loads: loads.map((file) => unpackLoad(file, unpacking)),
  };
}

/**
 * The boot files, such as a rebuilt kernel, that the user named and that differ from the recorded ones. The replay uses
 * the recorded files, so a missing or unreadable file is not reported.
 */
export function changedBootFiles(
  host: Host,
  { bootFiles }: RecordingHeader,
  { load = [], ...given }: BootOptions,
): { role: BootFile['role']; name: string }[] {
  const loads = load.map(({ file }) => file);
  return bootFiles.flatMap(({ role, lengthBytes, digest }) => {
    const name = (role === 'load' ? loads.shift() : given[role]) ?? null;
    if (name === null || isFirmwareKeyword(name)) return [];
    return isChanged(host, name, { lengthBytes, digest }) ? [{ role, name }] : [];
  });
}

function isChanged(host: Host, name: string, recorded: { lengthBytes: number; digest: string }): boolean {
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
  /** True if only the device tree is needed. The user then does not have to specify a kernel or firmware. */
  needsOnlyTree?: boolean;
}

/**
 * Determines how a machine boots from these files. Throws a UserError if it cannot boot from them. Called before
 * anything else is opened.
 */
export function bootPlan(
  { files, kernel, loads }: SessionBootFiles,
  { append, memoryBytes, harts, isa, mmu, rngSeed, needsOnlyTree = false }: PlanOptions,
): BootPlan {
  const find = (role: BootFile['role']) => files.find((file) => file.role === role);
  assert(needsOnlyTree || files.some(({ role }) => isBootable(role)), 'the front end requires a file to boot');
  const [bios, initrd, tree] = [find('bios'), find('initrd'), find('dtb')];
  const parts = { kernel, bios, initrd, loads, tree, append: append || undefined, rngSeed };
  return planBoot(parts, memoryBytes, harts, isa, mmu);
}

/**
 * The device tree's seed as hexadecimal digits, in the format of the recording's header; null for a tree without a
 * seed.
 */
export function resolveRngSeed(host: Host, rngSeed: string | null | undefined): string | null {
  if (rngSeed === NO_RNG_SEED) return null;
  return rngSeed?.toLowerCase() ?? seedDigits(host.entropy(RNG_SEED_BYTES));
}
