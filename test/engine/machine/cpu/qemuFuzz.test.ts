import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { bootElf } from '../../../../debug-adapter/engine/machine/boot/bootElf.ts';
import { SeededRandom } from '../../../support/seededRandom.ts';
import { requireTool } from '../../../support/tools.ts';
import { bareMachine } from './bareMachine.ts';
import { randomImage, type RandomImage } from './randomProgram.ts';

/**
 * Random programs on QEMU and on our machine: the same registers, CSRs, memory, page tables and traps after each block.
 * BLKREPLAY_SEED=<seed> runs the same programs again.
 */
const QEMU = 'qemu-system-riscv64';
const CPU = 'rv64,h=off,v=off,zbc=on,sstc=on,svinval=on';
const STEPS_MAX = 200_000_000;

test('random programs do the same as under QEMU', (t) => {
  if (!requireTool(QEMU, t)) return;
  const random = SeededRandom.forTest(t);
  const image = randomImage(random, { blocks: 250, units: 150, iterations: 20 });
  const { lines, instructions } = runHere(image);
  t.diagnostic(`${instructions} instructions`);
  compare(image, lines, runInQemu(image));
});

function compare(image: RandomImage, ours: string[], theirs: string[]): void {
  theirs.forEach((line, i) => {
    const { mode, address } = image.blocks[i];
    const where = `block ${i} (${mode}-mode, at 0x${address.toString(16)}): hashes of registers, traps, data`;
    assert.equal(ours[i], line, where);
  });
  assert.equal(ours.length, image.blocks.length);
}

function runHere(image: RandomImage): { lines: string[]; instructions: number } {
  const machine = bareMachine({ memoryBytes: 128 << 20 });
  bootElf(machine, { kernel: { name: 'random', bytes: image.elf } });
  const stop = machine.run(STEPS_MAX);
  assert.equal(stop.kind, 'finished');
  return { lines: linesOf(machine.printed()), instructions: machine.instructions };
}

function runInQemu(image: RandomImage): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'qemu-fuzz-'));
  try {
    const file = join(folder, 'random.elf');
    writeFileSync(file, image.elf);
    const board = ['-M', 'virt', '-m', '128M', '-bios', 'none', '-cpu', CPU, '-kernel', file];
    const quiet = ['-display', 'none', '-monitor', 'none', '-serial', 'stdio'];
    return linesOf(execFileSync(QEMU, [...board, ...quiet], { encoding: 'utf8', timeout: 60_000, input: '' }));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const linesOf = (text: string): string[] => text.split(/\r?\n/).filter((line) => line !== '');
