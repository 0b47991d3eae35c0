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
  /** Typed as soon as the guest has printed this. */
  typed?: { after: string; text: string };
}

/** Everything that it printed until it powered off. */
export async function underQemu(place: Workplace, { kernel, disks = [], typed }: QemuGuest): Promise<string> {
  // Into a file: when its output is not taken at once, QEMU tries a few times and then drops the byte.
  const output = place.path('qemu-console');
  const printed = () => fs.readFileSync(output, 'latin1');
  const console = fs.openSync(output, 'w');
  const options = { cwd: place.folder, timeout: 120_000 };
  const qemu = spawn(RUN_QEMU, [kernel, ...disks], { ...options, stdio: ['pipe', console, 'pipe'] });
  fs.closeSync(console);
  let complaints = '';
  qemu.stderr!.setEncoding('utf8').on('data', (text: string) => (complaints += text));
  const end = new Promise<void>((resolve, reject) => {
    qemu.on('error', reject);
    qemu.on('close', (_, signal) => (signal ? reject(new Error(`QEMU: ${signal} ${complaints}`)) : resolve()));
  });
  if (typed !== undefined) {
    while (qemu.exitCode === null && !printed().includes(typed.after)) await sleep(20);
    qemu.stdin!.end(typed.text);
  }
  await end;
  return printed();
}
