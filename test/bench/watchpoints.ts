import type { Machine } from '../../debug-adapter/engine/machine/machine.ts';
import type { Watchpoint } from '../../debug-adapter/engine/target/stopPoints.ts';
import { a, ATOMICS, type Item } from '../engine/machine/cpu/assembler.ts';
import { machineWith, START, words } from '../engine/machine/cpu/bareMachine.ts';
import { median } from './processes.ts';

const DATA = START + 0x2000;
const COLD = START + 0x8000;
const STEPS = 1_000_000_000;
/**
 * The number of steps before a measurement, enough to translate the loop and to detect that it accesses a page with
 * watched bytes.
 */
const STEPS_AT_START = 100_000_000;

/** The bodies of endless loops. x5 points to DATA, x6 is 1, and x2 points to a stack frame on the page of DATA. */
const LOOPS: Record<string, Item[]> = {
  'a counter in memory': [a.ld(7, 8, 5), a.addi(7, 7, 1), a.sd(7, 8, 5)],
  'stores to an array': [a.addi(8, 8, 8), a.andi(8, 8, 0x7ff), a.add(9, 5, 8), a.sd(8, 64, 9)],
  'a frame as compiled without optimization': [
    a.ld(7, 16, 2),
    a.addi(7, 7, 1),
    a.sd(7, 16, 2),
    a.ld(8, 24, 2),
    a.add(8, 8, 7),
    a.sd(8, 24, 2),
    a.lw(9, 40, 2),
    a.xor(9, 9, 8),
    a.sw(9, 44, 2),
  ],
  amoadd: [ATOMICS['amoadd.d'](7, 6, 10)],
};
const SAME_VALUE: Record<string, Item[]> = {
  'a store': [a.sd(6, 0, 5)],
  'amoswap (spinlock)': [ATOMICS['amoswap.w'](7, 6, 5)],
};

/**
 * Measures how much a watchpoint for changes slows down a loop, both if the watched word is on the page to which the
 * loop writes and if it is on another page. The machine runs in this process.
 */
export function measureWatchpoints(pairs: number): void {
  console.log(
    `\na change watchpoint that is not hit, median of ${pairs} pairs; ratios: how many times as long as without`,
  );
  for (const [name, loop] of Object.entries(LOOPS)) {
    row(`${name}, watched word in the same page`, ratio(loop, change(DATA), pairs), 2);
    row(`${name}, watched word on another page`, ratio(loop, change(COLD), pairs), 1.05);
  }
  for (const [name, loop] of Object.entries(SAME_VALUE)) {
    row(`${name} of the same value to the watched word`, ratio(loop, change(DATA), pairs), 2);
  }
}

const change = (address: number): Watchpoint => ({ id: 1, address, lengthBytes: 4, access: 'change' });

const row = (what: string, value: number, wanted: number): void =>
  console.log(`${what.padEnd(76)} ${value.toFixed(2)}  (wanted: at most ${wanted.toFixed(2)})`);

/** The time that a loop takes with the watchpoint, relative to its time without the watchpoint. */
function ratio(loop: Item[], watchpoint: Watchpoint, pairs: number): number {
  return median(Array.from({ length: pairs }, () => secondsOf(loop, [watchpoint]) / secondsOf(loop, [])));
}

function secondsOf(loop: Item[], watchpoints: Watchpoint[]): number {
  const machine = machineWith([...loop, a.jal(0, -4 * loop.length)]);
  machine.ram.write(DATA, words(1n));
  const registers = { 2: DATA + 0x100, 5: DATA, 6: 1, 8: 0, 10: DATA + 16 };
  for (const [register, value] of Object.entries(registers)) machine.hart.setRegister(Number(register), BigInt(value));
  machine.setStopPoints({ breakpoints: new Set(), watchpoints });
  run(machine, STEPS_AT_START);
  // Processor time is measured, because elapsed time depends on what else is running on the host.
  const start = process.cpuUsage().user;
  run(machine, STEPS);
  return (process.cpuUsage().user - start) / 1e6;
}

function run(machine: Machine, steps: number): void {
  const stop = machine.run(machine.position + steps);
  if (stop.kind !== 'reached') throw new Error(`the run ended with ${stop.kind}`);
}

if (import.meta.main) measureWatchpoints(Number(process.argv[2] ?? 5));
