import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  blkreplay,
  geometricMean,
  isInstalled,
  median,
  positionAtEnd,
  QEMU,
  qemuMachine,
  seconds,
} from './processes.ts';

const TARGETS = { mean: 1.5, least: 0.6, recording: 1.1, replay: 1 };
const FIRST_STEPS = '10_000_000';

/**
 * Measures the speed of whole processes that run bare-metal guests. Compares `run` with `qemu-system-riscv64 -icount
 * shift=0`, `record` with QEMU's `rr=record`, and `run`, `record` and `replay` with each other. The two runs of a pair
 * follow each other directly, so the ratio of their times is meaningful even where the absolute times are not. The
 * guests are the ELF files in the folder named by BLKREPLAY_BENCH_GUESTS.
 */
export function measureSpeed(pairs: number): void {
  const guests = process.env.BLKREPLAY_BENCH_GUESTS;
  if (!guests) return leftOut('the environment variable BLKREPLAY_BENCH_GUESTS names no folder of bare-metal guests');
  if (!isInstalled(QEMU)) return leftOut(`${QEMU} is not installed, and the figures are ratios to it`);
  const folder = mkdtempSync(path.join(tmpdir(), 'blkreplay-bench-'));
  try {
    console.log(
      `\nbare-metal guests, median of ${pairs} pairs; ratios: how many times as fast as QEMU, how many times as long as run`,
    );
    console.log(row('', 'MIPS', 'run', 'of QEMU', 'record', 'of QEMU rr', 'of run', 'replay of rec.', 'first 10 M'));
    const files = readdirSync(guests).filter((name) => name.endsWith('.elf'));
    summarize(files.sort().map((file) => measureGuest(folder, path.join(guests, file), pairs)));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const leftOut = (why: string): void => console.log(`speed comparison with QEMU is skipped: ${why}`);

interface Ratios {
  run: number;
  record: number;
  recording: number;
  replay: number;
}

function measureGuest(cwd: string, kernel: string, pairs: number): Ratios {
  const ours = (...args: string[]) => blkreplay([...args, '--kernel', kernel], cwd);
  const qemu = (icount: string) =>
    seconds(QEMU, qemuMachine('128M', '-bios', 'none', '-icount', `shift=0${icount}`, '-kernel', kernel), cwd);
  const steps = positionAtEnd(['run', '--kernel', kernel], cwd);
  const times = { qemu: [], run: [], qemuRecord: [], record: [], replay: [], first: [] } as Record<string, number[]>;
  for (let pair = 0; pair < pairs; pair++) {
    times.qemu.push(qemu(''));
    times.run.push(ours('run'));
    times.record.push(ours('record', '--rrfile', 'a.rr', '--overwrite'));
    times.qemuRecord.push(qemu(',rr=record,rrfile=qemu.rr'));
    times.replay.push(ours('replay', '--rrfile', 'a.rr'));
    times.first.push(ours('run', '--stop-at', FIRST_STEPS));
  }
  const ratio = (above: number[], below: number[]) => median(above.map((time, i) => time / below[i]));
  const ratios = {
    run: ratio(times.qemu, times.run),
    record: ratio(times.qemuRecord, times.record),
    recording: ratio(times.record, times.run),
    replay: ratio(times.replay, times.record),
  };
  console.log(
    row(
      path.basename(kernel, '.elf'),
      (steps / median(times.run) / 1e6).toFixed(0),
      `${median(times.run).toFixed(2)} s`,
      ratios.run.toFixed(2),
      `${median(times.record).toFixed(2)} s`,
      ...[ratios.record, ratios.recording, ratios.replay].map((value) => value.toFixed(2)),
      `${(median(times.first) * 1000).toFixed(0)} ms`,
    ),
  );
  return ratios;
}

function summarize(ratios: readonly Ratios[]): void {
  const line = (what: string, key: keyof Ratios, target: string, extreme: (...values: number[]) => number) => {
    const values = ratios.map((ratio) => ratio[key]);
    const mean = geometricMean(values).toFixed(2);
    console.log(`${what.padEnd(44)} geometric mean ${mean}, worst ${extreme(...values).toFixed(2)}  (${target})`);
  };
  const faster = `wanted: at least ${TARGETS.mean}, none below ${TARGETS.least}`;
  line('run, times as fast as QEMU', 'run', faster, Math.min);
  line('record, times as fast as QEMU rr=record', 'record', faster, Math.min);
  line('record, times as long as run', 'recording', `wanted: at most ${TARGETS.recording}`, Math.max);
  line('replay, times as long as record', 'replay', `wanted: at most ${TARGETS.replay}`, Math.max);
}

const row = (name: string, ...cells: string[]): string =>
  name.padEnd(10) + cells.map((cell) => cell.padStart(15)).join('');

if (import.meta.main) measureSpeed(Number(process.argv[2] ?? 5));
