/** Random programs give the same results in QEMU and in blkreplay's machine.
 *
 * Registers, CSRs, memory, page tables and traps are compared after each block. BLKREPLAY_SEED=<seed> runs the same
 * programs again.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { bootElf } from '../../../../debug-adapter/engine/machine/boot/bootElf.ts';
import { ISA } from '../../../../debug-adapter/engine/machine/cpu/extensions.ts';
import { SeededRandom } from '../../../support/seededRandom.ts';
import { requireTool } from '../../../support/tools.ts';
import { bareMachine } from './bareMachine.ts';
import type { ProgramKind } from './randomLayout.ts';
import { randomImage, type RandomImage } from './randomProgram.ts';

interface Qemu {
  command: string;
  cpu: string;
  /** The extensions that this QEMU lacks; blkreplay's machine is built without them. */
  lacks: readonly string[];
  /** The programs that this QEMU can run: by default, programs of the general kind in all modes, with EBREAKs. */
  program?: { modes?: readonly 'M'[]; hasBreaks?: false; kind?: ProgramKind };
}

/** QEMU 7.2, the version in Debian 12. */
const QEMU: Qemu = {
  command: 'qemu-system-riscv64',
  cpu: 'rv64,h=off,v=off,zba=on,zbb=on,zbc=on,zbs=on,Zfh=on,sstc=on,svinval=on',
  lacks: ['zicond', 'zicbom', 'zicboz', 'zawrs', 'svpbmt'],
};
/** QEMU 7.2 with Sv48. */
const QEMU_PAGING: Qemu = { ...QEMU, program: { kind: 'paging' } };
const cpu10 = (more: string): string => {
  const names = `m a f d c s u zicsr zifencei zicond zfh zba zbb zbc zbs sstc svinval mmu pmp ${more}`.split(' ');
  return ['rv64i', ...names.map((name) => `${name}=on`)].join(',');
};
/**
 * QEMU 10 or newer, which has all of blkreplay's extensions; BLKREPLAY_QEMU_10 is the path of its executable.
 * blkreplay's traps follow QEMU 7.2. If an access crosses pages, QEMU 10 checks its parts in a different order and
 * takes different traps, so these programs do not use paging.
 */
const QEMU_10: Qemu = {
  command: process.env.BLKREPLAY_QEMU_10 ?? '',
  cpu: cpu10('svadu sv39'),
  lacks: [],
  program: { modes: ['M'], hasBreaks: false },
};
/**
 * QEMU 10, configured for programs with memory accesses, cache-block operations, and writes to the registers that
 * control them. Without Svadu, QEMU sets A and D as blkreplay's machine does, regardless of menvcfg.
 */
const QEMU_10_BLOCKS: Qemu = {
  ...QEMU_10,
  cpu: cpu10('zicbom zicboz zawrs svpbmt sv48'),
  program: { kind: 'blocks' },
};
const STEPS_MAX = 200_000_000;
/** The number of random programs for QEMU 10. The normal test run does not include them. */
const ROUNDS_10 = 8;

test('general random programs give the same results as in QEMU', (t) => {
  if (!requireTool(QEMU.command, t)) return;
  compareWith(QEMU, t);
});

test('random accesses in Sv48 give the same results as in QEMU', (t) => {
  if (!requireTool(QEMU_PAGING.command, t)) return;
  compareWith(QEMU_PAGING, t);
});

if (QEMU_10.command) {
  test('random programs give the same results as in QEMU 10', (t) => {
    for (let round = 0; round < ROUNDS_10; round++) compareWith(QEMU_10, t);
  });

  test('random cache-block operations in Sv48 give the same results as in QEMU 10', (t) => {
    for (let round = 0; round < ROUNDS_10; round++) compareWith(QEMU_10_BLOCKS, t);
  });
} else if (!process.env.CI) {
  test('many random programs give the same results as in QEMU 10', (t) => t.skip('BLKREPLAY_QEMU_10 names no QEMU'));
}

function compareWith(qemu: Qemu, t: TestContext): void {
  const random = SeededRandom.forTest(t);
  const image = randomImage(random, { blocks: 250, units: 150, iterations: 20, ...qemu.program });
  const isa = ISA.split('_').filter((name) => !qemu.lacks.includes(name));
  const { lines, instructions } = runHere(image, isa.join('_'));
  t.diagnostic(`${instructions} instructions`);
  compare(image, lines, runInQemu(image, qemu));
}

function compare(image: RandomImage, ours: string[], theirs: string[]): void {
  theirs.forEach((line, i) => {
    const { mode, address } = image.blocks[i];
    const where = `block ${i} (${mode}-mode, at 0x${address.toString(16)}): hashes of registers, traps, data`;
    assert.equal(ours[i], line, where);
  });
  assert.equal(ours.length, image.blocks.length);
}

function runHere(image: RandomImage, isa: string): { lines: string[]; instructions: number } {
  const machine = bareMachine({ memoryBytes: 128 << 20, isa });
  bootElf(machine, { kernel: { name: 'random', bytes: image.elf } });
  const stop = machine.run(STEPS_MAX);
  assert.equal(stop.kind, 'finished');
  return { lines: linesOf(machine.printed()), instructions: machine.instructions };
}

function runInQemu(image: RandomImage, { command, cpu }: Qemu): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'qemu-fuzz-'));
  try {
    const file = join(folder, 'random.elf');
    writeFileSync(file, image.elf);
    const board = ['-M', 'virt', '-m', '128M', '-bios', 'none', '-cpu', cpu, '-kernel', file];
    const quiet = ['-display', 'none', '-monitor', 'none', '-serial', 'stdio'];
    return linesOf(execFileSync(command, [...board, ...quiet], { encoding: 'utf8', timeout: 60_000, input: '' }));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const linesOf = (text: string): string[] => text.split(/\r?\n/).filter((line) => line !== '');
