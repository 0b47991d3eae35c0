import { type ChildProcess, spawn } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { blkreplayOptions, qemuOptions, type RunFiles } from './commandLines.ts';
import type { Guest, OurResult, QemuResult, Typed } from './guest.ts';

/** The output and exit status of a program. */
interface Outcome {
  console: string;
  errors: string;
  status: number | null;
  /** Whether the console has shown all the expected output, in order. */
  isComplete: boolean;
  isTimedOut: boolean;
}

/** The JSON object that `--json` prints at the end of a session. */
interface Summary {
  position: number;
  seconds: number;
  digest: string;
}

/** Runs a guest under QEMU until its console has shown the expected output, QEMU exits, or the time limit expires. */
export async function runUnderQemu(guest: Guest, folder: string): Promise<QemuResult> {
  return inFreshFolder(folder, async (files) => {
    if (guest.disk) copyFileSync(files.guestFile(guest.disk.image), files.diskCopy);
    const outcome = await execute('qemu-system-riscv64', qemuOptions(guest, files), guest, guest.typed);
    return outcome.isComplete ? { kind: 'works' } : { kind: 'fails', symptom: symptomOf(outcome) };
  });
}

/**
 * Runs a guest under blkreplay, records it, and replays the recording. A guest with `isLong` is only recorded and
 * replayed. The guest works if each run shows the expected output and the replay has the same console output and state
 * digest as the recording.
 */
export async function runUnderBlkreplay(guest: Guest, folder: string): Promise<OurResult> {
  return inFreshFolder(folder, async (files) => {
    writeFileSync(files.typed, (guest.typed ?? []).map(({ text }) => text).join(''));
    const machine = blkreplayOptions(guest, files);
    const typed = ['--stdin', files.typed];
    const rrfile = ['--rrfile', files.recording];
    if (!guest.isLong) {
      const run = await execute(process.execPath, [CLI, 'run', ...machine, ...typed, '--json'], guest);
      if (!run.isComplete) return { kind: 'fails', stage: 'run', symptom: symptomOf(run) };
      rmSync(files.overlay, { force: true });
    }
    const record = await execute(process.execPath, [CLI, 'record', ...machine, ...typed, ...rrfile, '--json'], guest);
    if (!record.isComplete) return { kind: 'fails', stage: 'record', symptom: symptomOf(record) };
    const recorded = summaryOf(record);
    // The replay must run to the end of the recording. It is therefore started without expected output, which would end
    // it early. The replay may take several times as long as the recording.
    const replayGuest = { ...guest, expected: [], secondsMax: guest.secondsMax * 4 };
    const replay = await execute(process.execPath, [CLI, 'replay', ...machine, ...rrfile, '--json'], replayGuest);
    if (replay.isTimedOut || replay.console !== record.console || summaryOf(replay).digest !== recorded.digest) {
      return { kind: 'fails', stage: 'replay', symptom: symptomOf(replay) };
    }
    const { position: steps, digest, seconds: recordSeconds } = recorded;
    return { kind: 'works', steps, digest, recordSeconds, replaySeconds: summaryOf(replay).seconds };
  });
}

const CLI = path.resolve(import.meta.dirname, '../../dist/cli.js');

async function inFreshFolder<T>(guests: string, work: (files: RunFiles) => Promise<T>): Promise<T> {
  const scratch = mkdtempSync(path.join(os.tmpdir(), 'blkreplay-guests-'));
  try {
    return await work({
      guestFile: (name) => path.resolve(guests, name),
      diskCopy: path.join(scratch, 'disk.img'),
      overlay: path.join(scratch, 'disk.qcow2'),
      recording: path.join(scratch, 'guest.rr'),
      typed: path.join(scratch, 'typed.txt'),
    });
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/**
 * Runs a program until all the expected output has appeared, and then ends it with SIGINT. On this signal, blkreplay
 * closes its recording.
 */
async function execute(
  program: string,
  options: string[],
  { expected, secondsMax }: Guest,
  typed: readonly Typed[] = [],
): Promise<Outcome> {
  const child = spawn(program, options, { stdio: ['pipe', 'pipe', 'pipe'] });
  const outcome: Outcome = { console: '', errors: '', status: null, isComplete: false, isTimedOut: false };
  const pendingInput = [...typed];
  let typedAt = 0;
  child.stdout.setEncoding('latin1').on('data', (text: string) => {
    outcome.console += text;
    const next: Typed | undefined = pendingInput[0];
    const prompt = next ? outcome.console.indexOf(next.after, typedAt) : -1;
    if (prompt >= 0) {
      child.stdin.write(next.text);
      pendingInput.shift();
      typedAt = prompt + 1;
    }
    if (outcome.isComplete || expected.length === 0 || !hasInOrder(outcome.console, expected)) return;
    outcome.isComplete = true;
    child.kill('SIGINT');
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => (outcome.errors += text));
  child.stdin.on('error', () => {}); // The program may end while input is being sent.
  const timer = setTimeout(() => {
    outcome.isTimedOut = true;
    child.kill('SIGINT');
  }, secondsMax * 1000);
  outcome.status = await endOf(child, outcome);
  clearTimeout(timer);
  outcome.isComplete ||= hasInOrder(outcome.console, expected);
  return outcome;
}

function endOf(child: ChildProcess, outcome: Outcome): Promise<number | null> {
  return new Promise((resolve) => {
    child.once('close', (status) => resolve(status));
    child.once('error', (error) => {
      outcome.errors += error.message;
      resolve(null);
    });
  });
}

function hasInOrder(text: string, parts: readonly string[]): boolean {
  let from = 0;
  for (const part of parts) {
    const at = text.indexOf(part, from);
    if (at < 0) return false;
    from = at + part.length;
  }
  return true;
}

function summaryOf({ errors }: Outcome): Summary {
  return JSON.parse(errors.trimEnd().split('\n').at(-1) || '{}');
}

/**
 * The symptom that a user would report. This is the first error message or, if there is none, the last line of console
 * output.
 */
function symptomOf({ console, errors, status, isTimedOut }: Outcome): string {
  const messages = errors.split('\n').filter((line) => line && !line.startsWith('{'));
  const lines = console.split(/[\r\n]+/).filter((line) => line.trim());
  if (messages.length > 0 && !isTimedOut) return messages[0];
  const end = isTimedOut ? 'exceeds its time limit' : `ends with status ${status}`;
  return lines.length > 0 ? `${end}; last line: ${lines.at(-1)}` : `${end}; prints nothing`;
}
