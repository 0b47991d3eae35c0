import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';

/**
 * The folder for the demo's files: a new disk image, the recording and its overlay. A test passes its own folder as an
 * argument.
 */
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

/** The settings that an editor would read from launch.json. */
export const launchSettings = (rr: 'record' | 'replay'): object => ({
  ...{ rr, rrfile: RECORDING, kernel: KERNEL, idle: 'warp', cwd: process.cwd() },
  drives: [{ id: 'hd0', image: IMAGE, format: 'raw', overlay: OVERLAY }],
});

/**
 * Replays the whole recording from the command line, which checks the machine against all digests in the recording. If
 * there is a difference, the command exits with status 3.
 */
export function replayInOneGo(): { isSame: boolean; digest: string } {
  const drive = `id=hd0,image=${IMAGE},format=raw,overlay=${OVERLAY}`;
  const args = ['dist/cli.js', 'replay', '--kernel', KERNEL, '--rrfile', RECORDING, '--drive', drive, '--json'];
  const { stderr, status } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  const { digest, reason } = JSON.parse(stderr.trimEnd().split('\n').at(-1)!);
  // Status 1 means that the guest reported a failure, as it did while it was being recorded.
  return { isSame: status === 1 && reason === 'guestFailed', digest };
}

export const hashOfImage = (): string => createHash('sha256').update(readFileSync(IMAGE)).digest('hex');
