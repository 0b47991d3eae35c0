// `npm run bench [-- --pairs N --samples N]`: whole-process speed beside QEMU, what the block engine costs (block.ts), how
// long a user of the debug adapter waits (latency.ts), and what an idle Linux costs (idle.ts). What cannot be measured
// here is left out and named.
//
// Speed: each guest runs alternately under `qemu-system-riscv64 -icount shift=0` and under `blkreplay run`, in one go on
// one machine, so the ratios mean something where the seconds do not. Guests: *.elf of the folder named by
// BLKREPLAY_BENCH_GUESTS (bare-metal, no disk).
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { measureBlock } from './block.ts';
import { measureIdle } from './idle.ts';
import { measureLatency } from './latency.ts';

const { values } = parseArgs({
  options: { pairs: { type: 'string', default: '3' }, samples: { type: 'string', default: '200' } },
});
const pairs = Number(values.pairs);
const folder = process.env.BLKREPLAY_BENCH_GUESTS;
const missing = whatIsMissing();
if (missing) console.log(`speed beside QEMU is left out: ${missing}`);
else measureSpeed();
measureBlock(pairs);
await measureLatency(Number(values.samples));
await measureIdle(20);

function whatIsMissing() {
  if (!folder) return 'the environment variable BLKREPLAY_BENCH_GUESTS names no folder of bare-metal guests';
  const { error } = spawnSync('qemu-system-riscv64', ['--version']);
  return error ? 'qemu-system-riscv64 is not installed, and the figures are ratios to it' : undefined;
}

function measureSpeed() {
  const guests = readdirSync(folder)
    .filter((name) => name.endsWith('.elf'))
    .sort();
  console.log(
    `${'guest'.padEnd(12)} ${'QEMU icount s'.padStart(14)} ${'blkreplay s'.padStart(12)} ${'ratio'.padStart(7)}  median of ${pairs} pairs`,
  );
  const ratios = [];
  for (const guest of guests) {
    const file = path.join(folder, guest);
    const qemu = [];
    const ours = [];
    for (let i = 0; i < pairs; i++) {
      qemu.push(seconds('qemu-system-riscv64', qemuArguments(file)));
      ours.push(seconds(process.execPath, ['dist/cli.js', 'run', '--kernel', file]));
    }
    const ratio = median(qemu.map((q, i) => q / ours[i]));
    ratios.push(ratio);
    const column = (value, width) => value.toFixed(2).padStart(width);
    console.log(
      `${guest.replace('.elf', '').padEnd(12)} ${column(median(qemu), 14)} ${column(median(ours), 12)} ${column(ratio, 7)}`,
    );
  }
  const mean = Math.exp(ratios.reduce((sum, ratio) => sum + Math.log(ratio), 0) / ratios.length);
  console.log(`geometric mean of the ratios (above 1: faster than QEMU): ${mean.toFixed(2)}`);
}

function qemuArguments(kernel) {
  const machine = ['-machine', 'virt', '-m', '128M', '-bios', 'none', '-icount', 'shift=0'];
  return [...machine, '-display', 'none', '-monitor', 'none', '-serial', 'stdio', '-net', 'none', '-kernel', kernel];
}

function seconds(command, args) {
  const start = performance.now();
  const { status, stderr } = spawnSync(command, args, { stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8' });
  if (status !== 0) {
    console.error(stderr);
    process.exit(1);
  }
  return (performance.now() - start) / 1000;
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}
