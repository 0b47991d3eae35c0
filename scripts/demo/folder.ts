import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';

/** The demo's files: a fresh disk, and beside it what a recording makes. A test gives a folder of its own. */
export const FOLDER = process.argv[2] ?? '.blkreplay/demo';
const KERNEL = 'test/guests/demo/demo.elf';
const IMAGE = `${FOLDER}/disk.img`;
const OVERLAY = `${FOLDER}/hd0.qcow2`;
const RECORDING = `${FOLDER}/demo.rr`;
const DISK_BYTES = 4 << 20;

export function prepareFolder(): void {
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(IMAGE, new Uint8Array(DISK_BYTES));
}

/** What an editor takes from launch.json. */
export const launchSettings = (rr: 'record' | 'replay'): object => ({
  ...{ rr, rrfile: RECORDING, kernel: KERNEL, idle: 'warp', cwd: process.cwd() },
  drives: [{ id: 'hd0', image: IMAGE, format: 'raw', overlay: OVERLAY }],
});

/** The command line replays the whole recording and holds it against all digests in it; exit status 3 is a difference. */
export function replayInOneGo(): { isSame: boolean; digest: string } {
  const drive = `id=hd0,image=${IMAGE},format=raw,overlay=${OVERLAY}`;
  const args = ['dist/cli.js', 'replay', '--kernel', KERNEL, '--rrfile', RECORDING, '--drive', drive, '--json'];
  const { stderr, status } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  const { digest, reason } = JSON.parse(stderr.trimEnd().split('\n').at(-1)!);
  // 1: the guest reported failure, as it did when it was recorded.
  return { isSame: status === 1 && reason === 'guestFailed', digest };
}

export const hashOfImage = (): string => createHash('sha256').update(readFileSync(IMAGE)).digest('hex');
