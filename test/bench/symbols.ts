import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DapClient } from '../support/dapClient.ts';
import { milliseconds } from './figures.ts';
import { BIG, writeBigElf } from './support/bigElf.ts';

const TARGETS = { cold: 6000, warm: 2000, refusal: 100, growthMegabytes: 400 };
const LINUX = process.env.BLKREPLAY_LINUX_GUEST;

/** A symbol file to measure, a launch configuration that uses it, and a function in its last compilation unit. */
interface Subject {
  what: string;
  file: string;
  launch: object;
  functionName: string;
  /** Whether the guest reaches the function. If not, the breakpoint only has to be verified. */
  isReached: boolean;
}

/**
 * Measures sessions with large symbol files: the time from the launch until a breakpoint on a function in the last unit
 * is hit, the time until an expression with an unknown type is rejected, and the growth of the debug adapter's resident
 * set. In a cold launch, the cache of symbol indexes is empty; the operating system's file cache is warm in both cases.
 * BLKREPLAY_VMLINUX names the vmlinux of the kernel in BLKREPLAY_LINUX_GUEST.
 */
export async function measureSymbols(samples: number): Promise<void> {
  const folder = mkdtempSync(path.join(tmpdir(), 'blkreplay-bench-'));
  try {
    const file = path.join(folder, 'big.elf');
    writeBigElf(file, BIG);
    const launch = { kernel: kernelIn(folder), symbols: [file] };
    const functionName = `work_${BIG.units - 1}_0`;
    await measure({ what: `${BIG.units} units`, file, launch, functionName, isReached: true }, folder, samples);
    const vmlinux = process.env.BLKREPLAY_VMLINUX;
    if (!vmlinux || !LINUX)
      return console.log('vmlinux: set BLKREPLAY_VMLINUX and BLKREPLAY_LINUX_GUEST to measure it');
    const kernel = path.join(LINUX, 'Image');
    await measure(
      {
        ...{ what: 'vmlinux', file: vmlinux, launch: { kernel, memory: '256M', symbols: [vmlinux] } },
        ...{ functionName: '__efistub_efi_allocate_pages_aligned', isReached: false },
      },
      folder,
      samples,
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Writes the same program without debug information, so that the guest boots from a small file. */
function kernelIn(folder: string): string {
  const kernel = path.join(folder, 'kernel.elf');
  writeBigElf(kernel, { ...BIG, hasDebugInfo: false });
  return kernel;
}

async function measure(subject: Subject, folder: string, samples: number): Promise<void> {
  console.log(`\nsymbols: ${subject.what}, ${(readFileSync(subject.file).length / 2 ** 20).toFixed(0)} MiB`);
  const cache = path.join(folder, 'cache');
  for (let i = 0; i < samples; i++) {
    rmSync(cache, { recursive: true, force: true });
    for (const state of ['cold', 'warm'] as const) {
      const { launch, refusal, growth, peak } = await launchOnce(subject, cache);
      const row = [
        `launch to breakpoint, ${state}: ${launch.toFixed(0)} ms (target ${TARGETS[state]})`,
        `unknown type: ${refusal.toFixed(0)} ms (${TARGETS.refusal})`,
        `growth: ${growth.toFixed(0)} MB, at most ${peak.toFixed(0)} MB (${TARGETS.growthMegabytes})`,
      ];
      console.log(row.join('; '));
    }
    if (readdirSync(path.join(cache, 'blkreplay/symbols')).length === 0) throw new Error('no index was cached');
  }
}

async function launchOnce({ launch, functionName, isReached }: Subject, cache: string) {
  const client = new DapClient({ after: () => {} }, { env: { ...process.env, XDG_CACHE_HOME: cache } });
  try {
    await client.request('initialize', { adapterID: 'blkreplay', linesStartAt1: true, columnsStartAt1: true });
    const before = memory(client, 'VmRSS');
    const time = await milliseconds(async () => {
      await client.request('launch', { rr: 'off', idle: 'warp', cwd: tmpdir(), ...launch });
      const { breakpoints } = await client.request('setFunctionBreakpoints', { breakpoints: [{ name: functionName }] });
      if (!breakpoints[0].verified) throw new Error(breakpoints[0].message);
      await client.request('configurationDone');
      if (isReached) await client.event('stopped');
    });
    if (!isReached) {
      await client.request('pause', { threadId: 1 });
      await client.event('stopped');
    }
    const { stackFrames } = await client.request('stackTrace', { threadId: 1, levels: 1 });
    const question = { expression: 'sizeof(struct no_such_type)', frameId: stackFrames[0].id, context: 'repl' };
    const refusal = await milliseconds(() => client.refused('evaluate', question));
    const growth = memory(client, 'VmRSS') - before;
    return { launch: time, refusal, growth, peak: memory(client, 'VmHWM') - before };
  } finally {
    await client.leave();
  }
}

/** A value from the adapter's /proc/PID/status, in megabytes. */
function memory({ pid }: DapClient, name: 'VmRSS' | 'VmHWM'): number {
  const kibibytes = new RegExp(`${name}:\\s+(\\d+)`).exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kibibytes) / 1000;
}
