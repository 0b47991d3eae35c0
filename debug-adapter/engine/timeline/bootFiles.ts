import type { Host, HostFile } from '../base/host.ts';
import { xxh64 } from '../base/xxhash64.ts';
import { UserError } from '../errors/userError.ts';
import { type BootPlan, BUILTIN, planBoot } from '../machine/boot/bootPlan.ts';
import { builtinFirmware } from '../machine/boot/firmware.ts';
import { readLinuxImage } from '../machine/boot/linuxImage.ts';
import { type BootFile, digestText, type RecordedMachine, type RecordingHeader } from '../recording/header.ts';
import type { RecordingReader } from '../recording/recordingReader.ts';

/** The files a machine boots from: read from the host for a live session, from the recording for a replay. */
// Larger than any RAM a machine can have (2 GiB) no file can be of use.
const BOOT_FILE_BYTES_MAX = 0x8000_0000 - 1;

/** Reads them. Our own firmware is one of them, so that a recording keeps the one that it was made with. */
export function readBootFiles(
  host: Host,
  setup: { kernel: string; bios: string | null; initrd: string | null },
): BootFile[] {
  const read = (role: BootFile['role'], name: string): BootFile => ({
    role,
    name,
    bytes: host.files.readWhole(name, BOOT_FILE_BYTES_MAX),
  });
  const kernel = read('kernel', setup.kernel);
  const bios = setup.bios ?? (readLinuxImage(kernel.bytes) ? BUILTIN : NO_FIRMWARE);
  const files = [kernel];
  if (bios === BUILTIN) files.push({ role: 'bios', name: BUILTIN, bytes: builtinFirmware() });
  else if (bios !== NO_FIRMWARE) files.push(read('bios', bios));
  if (setup.initrd !== null) files.push(read('initrd', setup.initrd));
  return files;
}

const NO_FIRMWARE = 'none';

/** Words that users write where a firmware file's name could be. */
export const isNoFile = (bios: string): boolean => bios === NO_FIRMWARE || bios === BUILTIN;

export function recordedBootFiles(reader: RecordingReader): BootFile[] {
  const more = (['bios', 'initrd'] as const).filter((role) => reader.hasBootFile(role));
  return [reader.bootFile('kernel'), ...more.map((role) => reader.bootFile(role))];
}

/**
 * Files that a replay was given and that are not what was recorded: a rebuilt kernel, say. The replay uses the recorded
 * ones, so a file that is gone or cannot be read is no loss.
 */
export function changedBootFiles(
  host: Host,
  { bootFiles }: RecordingHeader,
  given: Partial<Record<BootFile['role'], string | null>>,
): { role: BootFile['role']; name: string }[] {
  return bootFiles.flatMap(({ role, lengthBytes, digest }) => {
    const name = given[role] ?? null;
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

interface BootedMachine {
  append: string;
  memoryBytes: number;
  harts?: number;
  isa?: string;
  mmu?: RecordedMachine['mmu'];
  rngSeed?: string | null;
}

/** Throws what could not boot, before anything else is opened. */
export function bootPlan(
  files: readonly BootFile[],
  { append, memoryBytes, harts, isa, mmu, rngSeed }: BootedMachine,
): BootPlan {
  const find = (role: BootFile['role']) => files.find((file) => file.role === role);
  const [bios, initrd] = [find('bios'), find('initrd')];
  const found = { kernel: find('kernel')!, bios, initrd, append: append || undefined, rngSeed };
  return planBoot(found, memoryBytes, harts, isa, mmu);
}
