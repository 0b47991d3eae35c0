import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Workplace } from './cli.ts';

/** A guest under QEMU, as test/guests/run-qemu.sh runs it: the machine that ours is compatible with. */
const RUN_QEMU = path.resolve(import.meta.dirname, '../guests/run-qemu.sh');

export interface QemuGuest {
  kernel: string;
  /** Names in the workplace; created as empty ones of 4 MiB when they do not exist. */
  disks?: readonly string[];
  typed?: Typed;
}

/** Typed as soon as the guest has printed `after`. */
export interface Typed {
  after: string;
  text: string;
}

/** Everything that it printed until it powered off. */
export const underQemu = (place: Workplace, { kernel, disks = [], typed }: QemuGuest): Promise<string> =>
  consoleOf(place, [RUN_QEMU, kernel, ...disks], typed);

/** What a QEMU whose serial port is its standard output printed, once it has ended well. */
export async function consoleOf(place: Workplace, [program, ...args]: string[], typed?: Typed): Promise<string> {
  // Into a file: when its output is not taken at once, QEMU tries a few times and then drops the byte.
  const output = path.join(fs.mkdtempSync(place.path('qemu-')), 'console');
  const printed = () => fs.readFileSync(output, 'latin1');
  const console = fs.openSync(output, 'w');
  const qemu = spawn(program, args, { cwd: place.folder, timeout: 120_000, stdio: ['pipe', console, 'pipe'] });
  fs.closeSync(console);
  let errors = '';
  qemu.stderr!.setEncoding('utf8').on('data', (text: string) => (errors += text));
  const end = new Promise<void>((resolve, reject) => {
    qemu.on('error', reject);
    qemu.on('close', (code, signal) =>
      code === 0 ? resolve() : reject(new Error(`QEMU: ${signal ?? `exit status ${code}`} ${errors} ${printed()}`)),
    );
  });
  if (typed !== undefined) {
    while (qemu.exitCode === null && !printed().includes(typed.after)) await sleep(20);
    qemu.stdin!.end(typed.text);
  }
  await end;
  return printed();
}
