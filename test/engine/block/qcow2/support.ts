import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { BlockDevice } from '../../../../debug-adapter/engine/block/blockDevice.ts';
import { Qcow2Image } from '../../../../debug-adapter/engine/block/qcow2/image.ts';
import type { SnapshotView } from '../../../../debug-adapter/engine/block/qcow2/snapshotView.ts';
import { RawImage } from '../../../../debug-adapter/engine/block/raw.ts';
import { MemoryFile } from '../../../support/memoryFile.ts';
import { runTool } from '../../../support/tools.ts';

/** Helpers shared by the qcow2 tests, so that a change to the interface of `Qcow2Image` affects only this file. */

export const KIB = 1024;
export const MIB = 1024 * KIB;

export function newImage(
  options: {
    lengthBytes?: number;
    clusterSizeBytes?: number;
    tableCacheBytes?: number;
    base?: Uint8Array;
    baseDevice?: BlockDevice;
  } = {},
) {
  const file = new MemoryFile('overlay.qcow2');
  const base = options.baseDevice ?? (options.base && rawImage(options.base));
  const image = Qcow2Image.create(file, {
    lengthBytes: options.lengthBytes ?? base?.lengthBytes ?? MIB,
    clusterSizeBytes: options.clusterSizeBytes,
    tableCacheBytes: options.tableCacheBytes,
    backing: base && { name: base.name, format: 'raw' },
    backingDevice: base,
  });
  return { file, image, base };
}

/** Opens the image in the state that another process would see now. */
export function reopened(
  file: MemoryFile,
  { writable = true, base }: { writable?: boolean; base?: BlockDevice } = {},
): { file: MemoryFile; image: Qcow2Image } {
  const copy = new MemoryFile(file.name, file.contents());
  return { file: copy, image: Qcow2Image.open(copy, { writable, backing: base }) };
}

export function rawImage(bytes: Uint8Array, name = 'base.img'): RawImage {
  return new RawImage(new MemoryFile(name, bytes));
}

export function readAll(device: BlockDevice): Uint8Array {
  const bytes = new Uint8Array(device.lengthBytes);
  device.read(0, bytes);
  return bytes;
}

export function readDisk(device: BlockDevice, offset: number, lengthBytes: number): Uint8Array {
  const bytes = new Uint8Array(lengthBytes);
  device.read(offset, bytes);
  return bytes;
}

export function readVm(source: Qcow2Image | SnapshotView, offset: number, lengthBytes: number): Uint8Array {
  const bytes = new Uint8Array(lengthBytes);
  if (source instanceof Qcow2Image) source.vmState.read(offset, bytes);
  else source.readVmState(offset, bytes);
  return bytes;
}

export function takeSnapshot(
  image: Qcow2Image,
  name: string,
  fields: { vmStateSizeBytes?: number; icount?: number } = {},
) {
  image.snapshots.create({
    name,
    dateSeconds: 1_700_000_000,
    dateNanoseconds: 5,
    vmClockNanoseconds: 42_000_000_000,
    vmStateSizeBytes: fields.vmStateSizeBytes ?? 0,
    icount: fields.icount,
  });
}

export function filled(length: number, value: number): Uint8Array {
  return new Uint8Array(length).fill(value);
}

/** Compares byte arrays, without printing a megabyte of text if they differ. */
export function assertSameBytes(actual: Uint8Array, expected: Uint8Array, what = 'bytes'): void {
  assert.equal(actual.length, expected.length, `${what}: length`);
  if (Buffer.compare(actual, expected) === 0) return;
  const at = actual.findIndex((byte, index) => byte !== expected[index]);
  assert.fail(`${what} differ at ${at}: ${actual[at]} instead of ${expected[at]}`);
}

export function assertClean(image: Qcow2Image, what = ''): void {
  assert.deepEqual(image.check(), { corruptions: [], leaks: 0 }, what);
}

/** Creates a folder that is removed after the test. */
export function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'blkreplay-block-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export function saveFile(folder: string, name: string, bytes: Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

export function loadFile(path: string): MemoryFile {
  return new MemoryFile(path, readFileSync(path));
}

/** Runs `qemu-img check`, which exits with an error unless the image is clean. */
export function assertQemuClean(path: string): void {
  runTool('qemu-img', ['check', '-f', 'qcow2', path]);
}
