import { a, assembleWithLabels, STORES } from '../engine/machine/cpu/assembler.ts';
import { minimalElf } from '../engine/machine/cpu/minimalElf.ts';

const RAM = 0x8000_0000n;

/** A guest that writes to every page of 2 MiB of RAM again and again, so each snapshot saves all of these pages. */
export const writingGuest = (): Uint8Array =>
  minimalElf(
    assembleWithLabels(
      [
        'again:',
        a.li(5, RAM + 0x1000n),
        a.li(6, RAM + 0x201000n),
        a.li(8, 0x1000n),
        a.addi(7, 7, 1),
        'page:',
        STORES.sd(7, 0, 5),
        a.add(5, 5, 8),
        a.to('page', (offset) => a.bltu(5, 6, offset)),
        a.j('again'),
      ],
      RAM,
    ).bytes,
    RAM,
  );
