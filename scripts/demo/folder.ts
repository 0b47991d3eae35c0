import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';

/** The demo's files: a new disk, and next to it what a recording creates. A test uses a separate folder. */
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

/** What an editor reads from launch.json. */
export const launchSettings = (rr: 'record' | 'replay'): object => ({
  ...{ rr, rrfile: RECORDING, kernel: KERNEL, idle: 'warp', cwd: process.cwd() },
  drives: [{ id: 'hd0', image: IMAGE, format: 'raw', overlay: OVERLAY }],
});

/** Replays the whole recording on the command line, which compares all digests; exit status 3 means a difference. */
export function replayInOneGo(): { isSame: boolean; digest: string } {
  const drive = `id=hd0,image=${IMAGE},format=raw,overlay=${OVERLAY}`;
  const args = ['dist/cli.js', 'replay', '--kernel', KERNEL, '--rrfile', RECORDING, '--drive', drive, '--json'];
  const { stderr, status } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  const { digest, reason } = JSON.parse(stderr.trimEnd().split('\n').at(-1)!);
  // 1: the guest reported failure, as it did when it was recorded.
  return { isSame: status === 1 && reason === 'guestFailed', digest };
}

export const hashOfImage = (): string => createHash('sha256').update(readFileSync(IMAGE)).digest('hex');
