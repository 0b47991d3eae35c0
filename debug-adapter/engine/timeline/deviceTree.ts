import type { Host } from '../base/host.ts';
import type { RecordingReader } from '../recording/recordingReader.ts';
import { bootPlan, type BootOptions, readBootFiles, recordedBootFiles, resolveRngSeed } from './bootFiles.ts';
import { refuseBrokenLink } from './files/ownFile.ts';
import { NewFiles } from './newFiles.ts';
import { Cleanup } from './cleanup.ts';

/**
 * The device tree that a guest would get (an FDT blob). Creates no machine and requires no kernel or firmware. Throws a
 * UserError for unreadable boot files.
 */
export function deviceTreeOf(
  host: Host,
  setup: BootOptions & { append: string; memoryBytes: number; harts: number; rngSeed?: string | null },
): Uint8Array {
  const rngSeed = resolveRngSeed(host, setup.rngSeed);
  return bootPlan(readBootFiles(host, setup, setup.memoryBytes), { ...setup, rngSeed, needsOnlyTree: true }).tree;
}

/** The device tree of a recorded machine (an FDT blob). Throws a UserError if a recorded boot file is damaged. */
export function recordedDeviceTree(host: Host, reader: RecordingReader): Uint8Array {
  const { append, machine } = reader.header;
  return bootPlan(recordedBootFiles(host, reader), { append, ...machine }).tree;
}

/**
 * Creates a file. Throws `exists(path)` instead of replacing an existing file, because nothing in a device tree shows
 * that blkreplay created it.
 */
export function writeNewFile(host: Host, path: string, bytes: Uint8Array, exists: (path: string) => Error): void {
  refuseBrokenLink(host, path);
  if (host.files.exists(path)) throw exists(path);
  Cleanup.onFailure((undo) => {
    const newFiles = new NewFiles(host, undo);
    const file = newFiles.create(path);
    file.writeAt(0, bytes);
    newFiles.publish({ replaces: false });
    file.close();
  });
}
