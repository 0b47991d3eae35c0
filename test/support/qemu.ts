import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Sandbox } from './cli.ts';

/** The script that runs a guest in QEMU on the board that blkreplay's machine is compatible with. */
const RUN_QEMU = path.resolve(import.meta.dirname, '../guests/run-qemu.sh');

export interface QemuGuest {
  kernel: string;
  /** File names in the sandbox; a missing file is created with 4 MiB of zeroes. */
  disks?: readonly string[];
  typed?: Typed;
}

/** Console input that is typed as soon as the guest has printed `after`. */
export interface Typed {
  after: string;
  text: string;
}

/** Everything that the guest printed until it powered off. */
export const underQemu = (sandbox: Sandbox, { kernel, disks = [], typed }: QemuGuest): Promise<string> =>
  consoleOf(sandbox, [RUN_QEMU, kernel, ...disks], typed);

/** Runs QEMU with its serial port on standard output. Returns the output once QEMU has exited successfully. */
export async function consoleOf(sandbox: Sandbox, [program, ...args]: string[], typed?: Typed): Promise<string> {
  // The output goes to a file. If a pipe is not read, QEMU retries a write only a few times and then drops the byte.
  const output = path.join(fs.mkdtempSync(sandbox.path('qemu-')), 'console');
  const printed = () => fs.readFileSync(output, 'latin1');
  const console = fs.openSync(output, 'w');
  const qemu = spawn(program, args, { cwd: sandbox.folder, timeout: 120_000, stdio: ['pipe', console, 'pipe'] });
  fs.closeSync(console);
  let errors = '';
  qemu.stderr!.setEncoding('utf8').on('data', (text: string) => (errors += text));
  const end = new Promise<void>((resolve, reject) => {
    qemu.on('error', reject);
    qemu.on('close', (code, signal) =>
      // If the guest fails, QEMU exits with the guest's exit code. If QEMU itself fails, it prints the reason.
      signal === null && (code === 0 || errors === '')
        ? resolve()
        : reject(new Error(`QEMU: ${signal ?? `exit status ${code}`} ${errors} ${printed()}`)),
    );
  });
  if (typed !== undefined) {
    while (qemu.exitCode === null && !printed().includes(typed.after)) await sleep(20);
    qemu.stdin!.end(typed.text);
  }
  await end;
  return printed();
}
