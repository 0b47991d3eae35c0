import assert from 'node:assert/strict';
import { Qcow2Image } from '../../debug-adapter/engine/block/qcow2/image.ts';
import { RawImage } from '../../debug-adapter/engine/block/raw.ts';
import { openFile } from '../../debug-adapter/host/nodeFiles.ts';
import type { Sandbox } from './cli.ts';

/** Inspects overlays, and changes them as a user would with qemu-img. */

/** Creates a qcow2 overlay on a raw base, like `qemu-img create -b`, optionally with a snapshot. */
export function makeOverlay(sandbox: Sandbox, name: string, base: string, { snapshot }: { snapshot?: string } = {}) {
  const file = openFile(sandbox.path(name), { write: true, create: 'truncate' });
  const lengthBytes = sandbox.read(base).length;
  const image = Qcow2Image.create(file, { lengthBytes, backing: { name: base, format: 'raw' } });
  if (snapshot !== undefined) {
    const nothing = { dateSeconds: 0, dateNanoseconds: 0, vmClockNanoseconds: 0, vmStateSizeBytes: 0, icount: 0 };
    image.snapshots.create({ name: snapshot, ...nothing });
  }
  image.close();
}

/** Opens an overlay on a raw base for writing, changes it with `change`, and closes it. */
export function changeOverlay(sandbox: Sandbox, name: string, change: (image: Qcow2Image) => void, base?: string) {
  const backing = base === undefined ? undefined : openRaw(sandbox, base);
  const file = openFile(sandbox.path(name), { write: true, create: 'never' });
  const image = Qcow2Image.open(file, { writable: true, backing });
  change(image);
  image.close();
  backing?.close();
}

/**
 * Checks an overlay with our own code, like `qemu-img check`. Leaked clusters are permitted, because a kill may leave
 * some.
 */
export function assertSound(sandbox: Sandbox, name: string): void {
  const image = Qcow2Image.open(openFile(sandbox.path(name), { write: false, create: 'never' }), { writable: false });
  assert.deepEqual(image.check().corruptions, []);
  image.close();
}

/** All bytes of the disk as a guest reads them from an overlay on a raw base, in the current state or in a snapshot. */
export function visibleBytes(sandbox: Sandbox, name: string, base: string, snapshot?: string): Uint8Array {
  const backing = openRaw(sandbox, base);
  const file = openFile(sandbox.path(name), { write: false, create: 'never' });
  const image = Qcow2Image.open(file, { writable: false, backing });
  const disk = snapshot === undefined ? image : image.snapshots.open(snapshot).disk;
  const bytes = new Uint8Array(disk.lengthBytes);
  disk.read(0, bytes);
  image.close();
  backing.close();
  return bytes;
}

const openRaw = (sandbox: Sandbox, name: string) =>
  new RawImage(openFile(sandbox.path(name), { write: false, create: 'never' }));
