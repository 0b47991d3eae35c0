import type { Host } from '../base/host.ts';
import { biosUnsupported } from '../errors/boot.ts';
import { bootElf, planBoot } from '../machine/boot/bootElf.ts';
import type { Machine } from '../machine/machine.ts';
import type { BootFile } from '../recording/header.ts';
import type { RecordingReader } from '../recording/recordingReader.ts';

/** The files a machine boots from: read from the host for a live session, from the recording for a replay. */
// Larger than any RAM a machine can have (2 GiB) no file can be of use.
const BOOT_FILE_BYTES_MAX = 0x8000_0000 - 1;

/** Reads them, and refuses what could not boot before anything else is opened. */
export function readBootFiles(
  host: Host,
  setup: { kernel: string; bios: string | null; initrd: string | null; append: string; memoryBytes: number },
): BootFile[] {
  if (setup.bios !== null) throw biosUnsupported(setup.bios);
  const read = (role: BootFile['role'], name: string): BootFile => ({
    role,
    name,
    bytes: host.files.readWhole(name, BOOT_FILE_BYTES_MAX),
  });
  const kernel = read('kernel', setup.kernel);
  const initrd = setup.initrd === null ? undefined : read('initrd', setup.initrd);
  planBoot({ kernel, initrd, append: setup.append }, setup.memoryBytes);
  return initrd ? [kernel, initrd] : [kernel];
}

export function recordedBootFiles(reader: RecordingReader): BootFile[] {
  const kernel = reader.bootFile('kernel');
  return reader.hasBootFile('initrd') ? [kernel, reader.bootFile('initrd')] : [kernel];
}

export function boot(machine: Machine, files: readonly BootFile[], append: string): void {
  const kernel = files.find(({ role }) => role === 'kernel')!;
  const initrd = files.find(({ role }) => role === 'initrd');
  bootElf(machine, { kernel, initrd, append: append || undefined });
}
