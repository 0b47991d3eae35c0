import { csrNumber } from '../../../debug-adapter/engine/isa/csrs.ts';
import { a, assemble, assembleWithLabels, CSR, type Item } from '../../engine/machine/cpu/assembler.ts';
import { minimalElf } from '../../engine/machine/cpu/minimalElf.ts';
import { CODE, DATA } from '../../engine/machine/cpu/randomLayout.ts';
import { randomImage } from '../../engine/machine/cpu/randomProgram.ts';
import type { SeededRandom } from '../seededRandom.ts';
import { DRIVER_MEMORY, diskRequests } from './diskRequests.ts';
import { interruptHandler, otherHarts } from './interrupts.ts';

/** The size of the headers at the start of a random program's file. */
const HEADER_BYTES = 0x1000;
/** The part of the data whose hash each block prints. */
const HASHED_BYTES = 1024;

/**
 * A random guest for testing stop points. Hart 0 first makes disk requests while it takes interrupts, and then executes
 * a random program. In an endless loop, the other harts take traps and interrupts and write to memory.
 */
export function stopPointGuest(random: SeededRandom, harts: number): Uint8Array {
  const kind = random.pick(['general', 'paging', 'blocks'] as const);
  const options = { blocks: 1 + random.below(2), units: 30, iterations: 4, kind, hashEnd: DATA + HASHED_BYTES };
  const program = randomImage(random, options).elf.slice(HEADER_BYTES);
  const start = (program.length + 3) & ~3;
  const view = new DataView(program.buffer);
  const { code, memory } = diskRequests(random, harts);
  const main = jumpTarget(view.getUint32(0, true));
  const added = assembleWithLabels(
    [
      a.csrr(5, csrNumber('mhartid')),
      a.to('driver', (offset) => a.beq(5, 0, offset)),
      a.j('others'),
      'driver:',
      a.la(5, 'trap'),
      a.csrw(CSR.mtvec, 5),
      code,
      'program:',
      jumpTo(BigInt(main) + CODE),
      interruptHandler(random),
      otherHarts(random),
    ],
    CODE + BigInt(start),
  );
  view.setUint32(0, Buffer.from(assemble([a.jal(0, start)])).readUInt32LE(), true);
  const bytes = new Uint8Array(DRIVER_MEMORY - Number(CODE) + memory.length);
  bytes.set(program);
  bytes.set(added.bytes, start);
  if (start + added.bytes.length > DRIVER_MEMORY - Number(CODE)) throw new Error('the code is too long');
  bytes.set(memory, DRIVER_MEMORY - Number(CODE));
  return minimalElf(bytes, CODE);
}

/** The jump offset of a JAL instruction. */
function jumpTarget(word: number): number {
  const sign = (word | 0) >> 31;
  return (sign << 20) | (word & 0xff000) | (((word >>> 20) & 1) << 11) | (((word >>> 21) & 0x3ff) << 1);
}

const jumpTo =
  (address: bigint): Item =>
  (here) =>
    a.jal(0, Number(address - here.pc));
