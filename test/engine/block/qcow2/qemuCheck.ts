import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Runs `qemu-img check` on an image. Status 0 means no errors, 2 means corruption, and 3 means that only leaked
 * clusters were found.
 */
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
