import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { listStoredSnapshots, openReplay, RecordingReader } from '../../../debug-adapter/engine/index.ts';
import { openDisk } from '../../../debug-adapter/engine/timeline/openDisk.ts';
import { nodeHost } from '../../../debug-adapter/host/nodeHost.ts';
import type { Outcome, Sandbox } from '../cli.ts';
import { assertSound } from '../overlays.ts';

/**
 * Checks conditions that must hold in a sandbox with two drives (b0.img and b1.img with overlays o0.qcow2 and
 * o1.qcow2), regardless of which host calls failed.
 */
const QCOW2_MAGIC = Buffer.from('QFI\xfb', 'latin1');
const BLOCK_BYTES = 4096;

/**
 * Checks that qemu-img and our own check find no errors other than leaked clusters. If the creation of an image was
 * interrupted, the file must be empty or a valid image.
 */
export function assertImagesSound(sandbox: Sandbox): void {
  const names = fs.readdirSync(sandbox.folder, { recursive: true, encoding: 'utf8' });
  for (const name of names.filter((name) => name.endsWith('.qcow2'))) {
    const bytes = sandbox.read(name);
    if (bytes.length === 0) continue;
    assert.deepEqual(bytes.subarray(0, 4), QCOW2_MAGIC, `${name} is neither empty nor a qcow2 image`);
    assertSound(sandbox, name);
    const { status, stdout } = spawnSync('qemu-img', ['check', sandbox.path(name)], { encoding: 'utf8' });
    assert.ok(status === 0 || status === 3, `qemu-img check ${name}: exit status ${status}, ${stdout}`);
  }
}

/** Checks that the recording can be opened, and that replays from its first and last snapshots reach its end. */
export function assertRecordingReplays(sandbox: Sandbox, rrfile = 'a.rr'): void {
  inFolder(sandbox, () => {
    const lastPosition = lastPositionOf(rrfile);
    assert.equal(replayedTo(rrfile, null), lastPosition);
    const last = snapshotNames(sandbox, rrfile).at(-1);
    if (last !== undefined) assert.equal(replayedTo(rrfile, last), lastPosition, `replayed from ${last}`);
  });
}

/** Checks that all data that the guest reported as flushed is on its disks. */
export function assertFlushedData(sandbox: Sandbox, { console }: Outcome): void {
  const rounds = [...console.matchAll(/^flushed (\d+)$/gm)].map(([, round]) => Number(round));
  if (rounds.length === 0) return;
  for (const drive of [0, 1]) {
    const bytes = diskOf(sandbox, drive);
    const words = new DataView(bytes.buffer);
    for (const round of rounds) {
      const offset = 4 * round * BLOCK_BYTES;
      const [first, last] = [offset, offset + BLOCK_BYTES - 4].map((at) => words.getUint32(at, true));
      const wanted = (round << 1) | drive;
      assert.deepEqual([first, last], [wanted, wanted], `drive ${drive}: round ${round} was flushed`);
    }
  }
}

/** The contents of a drive as the guest reads them, through the overlay if there is one. */
export function diskOf(sandbox: Sandbox, drive: number): Uint8Array {
  return inFolder(sandbox, () => {
    const overlay = `o${drive}.qcow2`;
    const isOverlay = fs.existsSync(overlay) && fs.statSync(overlay).size > 0;
    const path = isOverlay ? overlay : `b${drive}.img`;
    const disk = openDisk(nodeHost, { path, format: isOverlay ? 'qcow2' : 'raw' });
    try {
      const bytes = new Uint8Array(disk.lengthBytes);
      disk.read(0, bytes);
      return bytes;
    } finally {
      disk.close();
    }
  });
}

export const bothDisks = (sandbox: Sandbox): Uint8Array[] => [diskOf(sandbox, 0), diskOf(sandbox, 1)];

/** The names of the snapshots that exist on every drive, ordered by position. */
export function snapshotNames(sandbox: Sandbox, rrfile = 'a.rr'): string[] {
  return inFolder(sandbox, () => listStoredSnapshots(nodeHost, rrfile).map(({ name }) => name));
}

function lastPositionOf(rrfile: string): number {
  const file = nodeHost.files.open(rrfile, { write: false, create: 'never' });
  const reader = new RecordingReader(file, nodeHost.compression);
  const { lastPosition } = reader;
  reader.close();
  return lastPosition;
}

function replayedTo(rrfile: string, rrsnapshot: string | null): number {
  const file = nodeHost.files.open(rrfile, { write: false, create: 'never' });
  const { header } = new RecordingReader(file, nodeHost.compression);
  file.close();
  const drives = header.drives.map(({ id, format, readOnly, image, overlay }) => ({
    ...{ id, format, readOnly, image, overlay },
  }));
  const asRecorded = { bios: null, initrd: null, append: null, memoryBytes: null, onConsoleByte: () => {} };
  const timeline = openReplay(nodeHost, { rrfile, rrsnapshot, drives, ...asRecorded });
  try {
    const end = timeline.advance(Infinity);
    assert.ok(end, 'a replay ends');
    return timeline.position;
  } finally {
    timeline.abandon();
  }
}

/** Recordings contain file names relative to the current folder. */
function inFolder<T>(sandbox: Sandbox, look: () => T): T {
  const before = process.cwd();
  process.chdir(sandbox.folder);
  try {
    return look();
  } finally {
    process.chdir(before);
  }
}
