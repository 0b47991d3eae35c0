import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What `qemu-img check` says of an image: status 0 for sound, 2 for corruptions, 3 for leaks only. */
export function qemuCheck(image: Uint8Array): { status: number | null; output: string } {
  const folder = fs.mkdtempSync(join(tmpdir(), 'blkreplay-check-'));
  try {
    const path = join(folder, 'image.qcow2');
    fs.writeFileSync(path, image);
    const { status, stdout, stderr } = spawnSync('qemu-img', ['check', '-f', 'qcow2', path], { encoding: 'utf8' });
    return { status, output: stdout + stderr };
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}
