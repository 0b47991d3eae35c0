import type { SeededRandom } from '../../../support/seededRandom.ts';
import { a, assembleWithLabels, type Item } from './assembler.ts';
import { minimalElf } from './minimalElf.ts';
import { block } from './randomBlock.ts';
import { epilogue, handler, powerOff, startUp } from './randomFrame.ts';
import { type BlockMode, CODE, type ProgramKind } from './randomLayout.ts';

/**
 * Random programs that use all instructions, for comparing machines. A program is an ELF file with many blocks of
 * random instructions. Each block runs several times in M, S or U mode over a few pages of data; S and U mode use Sv39
 * or Sv48 tables with random permissions. The trap handler adds every trap to a hash and skips the instruction. After
 * each block the guest prints a line with hashes of the registers, the traps, and the data with its page tables.
 */
export interface RandomImage {
  elf: Uint8Array;
  /** The mode of each block and the address of its first instruction. */
  blocks: { mode: BlockMode; address: bigint }[];
}

export function randomImage(
  random: SeededRandom,
  options: {
    blocks: number;
    units: number;
    iterations: number;
    onlyBlock?: number;
    modes?: readonly BlockMode[];
    hasBreaks?: boolean;
    kind?: ProgramKind;
    /** The end of the data to hash. In a short program, hashing all of the data would take most of the steps. */
    hashEnd?: number;
  },
): RandomImage {
  const modes: BlockMode[] = [];
  const { kind = 'general' } = options;
  const program: Item[] = [a.j('main'), handler(), epilogue(options.hashEnd), 'main:', startUp(kind)];
  for (let i = 0; i < options.blocks; i++) {
    const mode = random.pick<BlockMode>(options.modes ?? ['M', 'S', 'U']);
    modes.push(mode);
    const isAligned = random.chance(0.4);
    const { hasBreaks = true } = options;
    program.push(
      `block${i}:`,
      block(random, { ...options, ...{ kind, isAligned, hasBreaks }, name: `b${i}`, mode, next: `block${i + 1}` }),
    );
  }
  program.push(`block${options.blocks}:`, powerOff());
  const { bytes, addressOf } = assembleWithLabels(program, CODE);
  return { elf: minimalElf(bytes, CODE), blocks: modes.map((mode, i) => ({ mode, address: addressOf(`b${i}start`) })) };
}
